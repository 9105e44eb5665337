//! Where the deployment is.

use crate::stand::Fault;
use oms_core::app::App;
use oms_core::config::{Config, GatewayKeys};
use std::collections::HashMap;

/// What `.local/dev.env` calls a setting of the functions.
const LOCAL: [(&str, &str); 6] = [
    ("TABLE_NAME", "TABLE_NAME"),
    ("TOPIC_ARN", "TOPIC_ARN"),
    ("QUEUE_URL", "QUEUE_URL"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "DYNAMODB_URL"),
    ("AWS_ENDPOINT_URL_SNS", "SNS_URL"),
    ("AWS_ENDPOINT_URL_SQS", "SQS_URL"),
];

/// The functions' own way to the table, set up from the environment, or from what `cargo dev` left in
/// `.local/dev.env`.
///
/// # Errors
/// Settings that are missing or make no sense, each named; no running local system.
pub fn app(local: bool) -> Result<App, Fault> {
    let keys = GatewayKeys::NotNeeded;
    let config = if local { Config::from_lookup(keys, local_settings()?)? } else { Config::from_env(keys)? };
    Ok(App::without_callers(config))
}

fn local_settings() -> Result<impl Fn(&str) -> Option<String>, Fault> {
    let file = oms_local::root().join(".local").join("dev.env");
    let text = std::fs::read_to_string(&file)
        .map_err(|error| format!("{}: {error}; is `cargo dev` running?", file.display()))?;
    let settings: HashMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Ok(move |name: &str| match name {
        "AWS_REGION" => Some(oms_local::template::REGION.to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("local".to_owned()),
        _ => {
            let (_, there) = LOCAL.iter().find(|(here, _)| *here == name)?;
            settings.get(*there).cloned()
        }
    })
}

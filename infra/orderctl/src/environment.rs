//! Where the deployment is.

use oms_core::app::App;
use oms_runtime::config::{Config, GatewayKeys};
use oms_workspace::report::Fault;
use std::collections::HashMap;

/// What `.local/dev.env` calls a setting of the functions.
const LOCAL: [(&str, &str); 7] = [
    ("TABLE_NAME", "TABLE_NAME"),
    ("TOPIC_ARN", "TOPIC_ARN"),
    ("QUEUE_URL", "QUEUE_URL"),
    ("FAILURE_QUEUE_URL", "FAILURE_QUEUE_URL"),
    ("AWS_ENDPOINT_URL_DYNAMODB", "DYNAMODB_URL"),
    ("AWS_ENDPOINT_URL_SNS", "SNS_URL"),
    ("AWS_ENDPOINT_URL_SQS", "SQS_URL"),
];

/// The functions' own way to the table, set up from the environment, or from what `cargo dev` left
/// in `.local/dev.env`.
///
/// # Errors
/// Settings that are missing or make no sense, each named; no running local system.
pub fn app(local: bool) -> Result<App, Fault> {
    let keys = GatewayKeys::NotNeeded;
    let config = if local { Config::from_lookup(keys, local_settings()?)? } else { Config::from_env(keys)? };
    Ok(App::without_callers(config))
}

/// The same, which writes items in a shape, whatever the functions do.
///
/// # Errors
/// As [`app`].
pub fn app_writing(local: bool, schema: u32) -> Result<App, Fault> {
    let config = Config { write_schema: schema, ..app(local)?.config().clone() };
    Ok(App::without_callers(config))
}

/// Where the API is, and a token of an admin: as given, or else from the environment (`API_URL`,
/// `TOKEN_ADMIN`), or from what `cargo dev` left in `.local/dev.env`.
///
/// # Errors
/// One of them is nowhere; no running local system.
pub fn api(local: bool, url: Option<String>, token: Option<String>) -> Result<(String, String), Fault> {
    let needed = local && (url.is_none() || token.is_none());
    let settings = needed.then(dev_env).transpose()?;
    let told = |name: &str| match &settings {
        Some(settings) => settings.get(name).cloned(),
        None => std::env::var(name).ok(),
    };
    let found = |given: Option<String>, name: &str| {
        given.or_else(|| told(name)).filter(|value| !value.trim().is_empty())
    };
    let url = found(url, "API_URL").ok_or(
        "which API? Say its address, which `sam deploy` prints as ApiUrl, or set API_URL, or say --local",
    )?;
    let token = found(token, "TOKEN_ADMIN")
        .ok_or("whose token? Set TOKEN_ADMIN to one of an admin of the deployment, or say --token")?;
    Ok((url, token))
}

/// What `cargo dev` tells of the system that runs.
fn dev_env() -> Result<HashMap<String, String>, Fault> {
    let file = oms_workspace::root().join(".local").join("dev.env");
    let text = std::fs::read_to_string(&file)
        .map_err(|error| format!("{}: {error}; is `cargo dev` running?", file.display()))?;
    let lines = text.lines().filter_map(|line| line.split_once('='));
    Ok(lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

fn local_settings() -> Result<impl Fn(&str) -> Option<String>, Fault> {
    let settings = dev_env()?;
    Ok(move |name: &str| match name {
        "AWS_REGION" => Some(oms_workspace::template::REGION.to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("local".to_owned()),
        _ => {
            let (_, there) = LOCAL.iter().find(|(here, _)| *here == name)?;
            settings.get(*there).cloned()
        }
    })
}

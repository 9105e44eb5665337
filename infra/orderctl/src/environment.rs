//! Where the deployment is, and as whom it is asked.

mod env_file;
mod identity;

use clap::Args;
use oms_core::app::App;
use oms_runtime::config::{Config, GatewayKeys};
use oms_workspace::places::Places;
use oms_workspace::report::Fault;
use std::collections::HashMap;
use std::path::PathBuf;

/// What `.local/dev.env` calls a setting of the functions.
const LOCAL: [(&str, &str); 3] = [
    ("AWS_ENDPOINT_URL_DYNAMODB", "DYNAMODB_URL"),
    ("AWS_ENDPOINT_URL_SNS", "SNS_URL"),
    ("AWS_ENDPOINT_URL_SQS", "SQS_URL"),
];
/// The function whose settings `--local` takes where `.local/dev.env` has none: it is given all
/// that there are about tokens and the gateway.
const LOCAL_FUNCTION: &str = "payments";

/// Which deployment is meant.
#[derive(Args, Clone, Debug, Default)]
pub struct Environment {
    /// Use the system that `cargo dev` runs from this checkout
    #[arg(long, global = true)]
    pub local: bool,
    /// Read settings from a file of NAME=VALUE lines, which count before those of the environment:
    /// what `aws cloudformation describe-stacks` brings (docs/operating.md), or
    /// .local/functions/NAME.env. Credentials are never taken from it
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "local")]
    pub env_file: Option<PathBuf>,
    /// The profile of ~/.aws/config and ~/.aws/credentials, as the AWS CLI has it; AWS_PROFILE
    /// unless given
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "local")]
    pub profile: Option<String>,
    /// The region; AWS_REGION or that of the profile unless given
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "local")]
    pub region: Option<String>,
}

/// The settings that were found, by the names that the functions have for them.
#[derive(Clone, Debug)]
pub struct Settings {
    files: HashMap<String, String>,
    region: Option<String>,
    is_local: bool,
}

impl Environment {
    /// The functions' own way to the table, with the settings that were found and the credentials
    /// that the AWS CLI would find.
    ///
    /// # Errors
    /// Settings that are missing or make no sense, each named; no running local system.
    pub async fn app(&self) -> Result<App, Fault> {
        Ok(App::without_callers(self.config().await?))
    }

    /// The same, which writes items in a shape, whatever the functions do.
    ///
    /// # Errors
    /// As [`app`](Self::app).
    pub async fn app_writing(&self, schema: u32) -> Result<App, Fault> {
        let config = self.config().await?;
        Ok(App::without_callers(Config { write_schema: schema, ..config }))
    }

    /// The settings alone, and who asks.
    ///
    /// # Errors
    /// As [`app`](Self::app).
    pub async fn config(&self) -> Result<Config, Fault> {
        let mut settings = self.settings()?;
        let identity = identity::find(self, &settings).await;
        settings.region = settings.get("AWS_REGION").or(identity.region);
        let lookup = |name: &str| settings.get(name);
        Ok(Config::with_credentials(GatewayKeys::NotNeeded, lookup, identity.credentials)?)
    }

    /// The settings, from files and the environment.
    ///
    /// # Errors
    /// A file cannot be read; no running local system.
    pub fn settings(&self) -> Result<Settings, Fault> {
        let files = match &self.env_file {
            Some(file) => named_as_functions_do(env_file::read(file)?),
            None if self.local => local()?,
            None => HashMap::new(),
        };
        Ok(Settings { files, region: self.region.clone(), is_local: self.local })
    }

    /// Where the API is, without `/api` and slashes at its end: as given, or else `API_URL`, or
    /// that of the running `cargo dev`.
    ///
    /// # Errors
    /// It is nowhere, or no URL of HTTP; no running local system.
    pub fn api_url(&self, given: Option<String>) -> Result<String, Fault> {
        let told = self.told(given, "API_URL")?.ok_or(
            "which API? Say its address, which `sam deploy` prints as ApiUrl, or set API_URL, or say --local",
        )?;
        api_base(&told)
    }

    /// A token of an admin: as given, or else `TOKEN_ADMIN`, or that of the running `cargo dev`.
    ///
    /// # Errors
    /// It is nowhere; no running local system.
    pub fn admin_token(&self, given: Option<String>) -> Result<String, Fault> {
        self.told(given, "TOKEN_ADMIN")?.ok_or_else(|| {
            "whose token? Set TOKEN_ADMIN to one of an admin of the deployment, or say --token".into()
        })
    }

    fn told(&self, given: Option<String>, name: &str) -> Result<Option<String>, Fault> {
        let given = given.filter(|value| !value.trim().is_empty());
        if given.is_some() { Ok(given) } else { Ok(self.settings()?.get(name)) }
    }
}

impl Settings {
    /// A setting's value; none where it is empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match name {
            "AWS_REGION" if self.region.is_some() => self.region.clone(),
            // What the shell says is about another deployment.
            _ if self.is_local => self.files.get(name).cloned(),
            _ => self.files.get(name).cloned().or_else(|| std::env::var(name).ok()),
        };
        value.filter(|value| !value.trim().is_empty())
    }

    /// Whether they are those of `cargo dev`.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.is_local
    }
}

/// The addresses of a `dev.env`, by the names that functions have for them: without those the
/// calls would go to AWS itself.
fn named_as_functions_do(mut settings: HashMap<String, String>) -> HashMap<String, String> {
    for (here, there) in LOCAL {
        if let Some(url) = settings.get(there).cloned() {
            settings.entry(here.to_owned()).or_insert(url);
        }
    }
    settings
}

/// What `cargo dev` tells of the system that runs.
fn local() -> Result<HashMap<String, String>, Fault> {
    let state = Places::make(None)?.state;
    let file = state.join("dev.env");
    let told = env_file::read(&file).map_err(|error| format!("{error}; is `cargo dev` running?"))?;
    // What the functions are given may be gone already, and is not needed to find them.
    let of_function = state.join("functions").join(format!("{LOCAL_FUNCTION}.env"));
    let mut settings = env_file::read(&of_function).unwrap_or_default();
    settings.extend(named_as_functions_do(told));
    settings.insert("AWS_REGION".to_owned(), oms_workspace::template::REGION.to_owned());
    Ok(settings)
}

/// The API's address, however people copy it: with or without `/api` and slashes at its end.
///
/// # Errors
/// It is no URL of HTTP.
pub(crate) fn api_base(address: &str) -> Result<String, Fault> {
    base(address).ok_or_else(|| format!("{address} is no address of the API: it begins with https://").into())
}

fn base(address: &str) -> Option<String> {
    let address = address.trim().trim_end_matches('/');
    let address = address.strip_suffix("/api").unwrap_or(address).trim_end_matches('/');
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))?;
    (!rest.is_empty()).then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_written_as_people_copy_it() {
        for (written, meant) in [
            ("https://shop.example", Some("https://shop.example")),
            (" https://shop.example/\n", Some("https://shop.example")),
            ("https://shop.example/api/", Some("https://shop.example")),
            ("https://shop.example/orders/api", Some("https://shop.example/orders")),
            ("http://127.0.0.1:9000", Some("http://127.0.0.1:9000")),
            ("shop.example", None),
            ("https://", None),
            ("ftp://shop.example", None),
            ("", None),
        ] {
            assert_eq!(base(written).as_deref(), meant, "{written:?}");
        }
    }

    #[test]
    fn a_file_of_cargo_dev_leads_to_this_machine_and_never_to_aws() {
        let told = [("DYNAMODB_URL", "http://127.0.0.1:1"), ("SQS_URL", "http://127.0.0.1:2")];
        let told = told.map(|(name, url)| (name.to_owned(), url.to_owned())).into();
        let settings = named_as_functions_do(told);
        assert_eq!(settings["AWS_ENDPOINT_URL_DYNAMODB"], "http://127.0.0.1:1");
        assert_eq!(settings["AWS_ENDPOINT_URL_SQS"], "http://127.0.0.1:2");
        let other = [("AWS_ENDPOINT_URL_DYNAMODB", "http://a"), ("DYNAMODB_URL", "http://b")];
        let other = other.map(|(name, url)| (name.to_owned(), url.to_owned())).into();
        assert_eq!(named_as_functions_do(other)["AWS_ENDPOINT_URL_DYNAMODB"], "http://a");
    }
}

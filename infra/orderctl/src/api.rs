//! One request of the API, as a person types it.

mod indent;

use crate::environment::Environment;
use clap::{Args, ValueEnum};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use oms_runtime::logging::chain;
use oms_runtime::sdk::https;
use oms_runtime::sdk::https::RequestBody;
use oms_workspace::console::say;
use oms_workspace::report::{Fault, Report};
use serde_json::Value;
use std::io::Read;
use std::time::Duration;

/// How long an answer may take: as long as API Gateway waits for a function that has to start
/// first.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How much of a body is read from a file or standard input, in bytes: more than the API takes.
const MAX_BODY_BYTES: u64 = 8 * 1024 * 1024;

/// What is asked.
#[derive(Args, Clone, Debug)]
pub struct Call {
    /// GET, POST, PUT, PATCH or DELETE
    #[arg(value_parser = method)]
    method: Method,
    /// What comes after the API's address: /api/orders/my_orders/?page_size=5
    path: String,
    /// The body; @FILE for what a file holds, - for standard input
    #[arg(short, long, value_name = "BODY|@FILE|-", allow_hyphen_values = true)]
    data: Option<String>,
    /// A header; may be repeated
    #[arg(short = 'H', long, value_name = "NAME:VALUE", value_parser = header)]
    header: Vec<(HeaderName, HeaderValue)>,
    /// Whose token to show: TOKEN_CUSTOMER, TOKEN_VENDOR, TOKEN_STAFF or TOKEN_ADMIN of the
    /// environment, or with --local that of the running `cargo dev`
    #[arg(long = "as", value_enum, value_name = "ROLE", conflicts_with = "token")]
    role: Option<Role>,
    /// The token to show; others on this machine can read it here: better set TOKEN_ADMIN and say
    /// --as admin
    #[arg(long)]
    token: Option<String>,
    /// The API's address; API_URL of the environment unless given, or with --local that of the
    /// running `cargo dev`
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// A user of the demo, called what they may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Role {
    /// Buys
    Customer,
    /// Owns stores
    Vendor,
    /// Runs all stores
    Staff,
    /// May delete, too
    Admin,
}

impl Role {
    const fn setting(self) -> &'static str {
        match self {
            Self::Customer => "TOKEN_CUSTOMER",
            Self::Vendor => "TOKEN_VENDOR",
            Self::Staff => "TOKEN_STAFF",
            Self::Admin => "TOKEN_ADMIN",
        }
    }
}

impl Call {
    /// What it asks for.
    #[cfg(test)]
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Does what was asked, at a deployment.
    ///
    /// # Errors
    /// It is not known where the API is; the path leads elsewhere; the body cannot be read; no
    /// answer comes.
    pub async fn run(self, environment: &Environment) -> Result<Report, Fault> {
        let uri = target(&environment.api_url(self.url.clone())?, &self.path)?;
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(uri)
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("orderctl/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = self.token(environment)? {
            request = request.header(AUTHORIZATION, bearer(&token)?);
        }
        let body = self.data.as_deref().map(body).transpose()?;
        if body.is_some() && !self.header.iter().any(|(name, _)| name == CONTENT_TYPE) {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in self.header {
            request = request.header(name, value);
        }
        let body = body.map_or_else(RequestBody::empty, RequestBody::from);
        let answer = https::send_within(request.body(body)?, TIMEOUT).await;
        let answer = answer.map_err(|error| format!("{} {}: {}", self.method, self.path, chain(&error)))?;
        let status = answer.status();
        say(format!("{status}"));
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        let read: Option<Value> = serde_json::from_str(&text).ok();
        let shown = if read.is_some() { indent::indented(&text) } else { text };
        let is_well = !status.is_client_error() && !status.is_server_error();
        Ok(Report::new(shown, is_well).with("status", status.as_u16()).with("body", read.unwrap_or_default()))
    }

    fn token(&self, environment: &Environment) -> Result<Option<String>, Fault> {
        let Some(role) = self.role else { return Ok(self.token.clone()) };
        let name = role.setting();
        let found = environment.settings()?.get(name);
        found.map(Some).ok_or_else(|| format!("whose token? Set {name}, or say --token or --local").into())
    }
}

/// Where a path of the API at `api` is. One that leads to another host would show it the token.
fn target(api: &str, path: &str) -> Result<Uri, Fault> {
    let base: Uri = api.parse().map_err(|error| format!("{api} is no address of the API: {error}"))?;
    let written = if path.starts_with('/') { format!("{api}{path}") } else { path.to_owned() };
    let uri: Uri = written.parse().map_err(|error| format!("{path} is no path of the API: {error}"))?;
    let is_http = matches!(uri.scheme_str(), Some("https" | "http"));
    if !is_http || (uri.scheme(), uri.authority()) != (base.scheme(), base.authority()) {
        return Err(format!("{path} does not lead to {api}: a path of the API begins with /api/").into());
    }
    Ok(uri)
}

fn method(name: &str) -> Result<Method, String> {
    let name = name.to_ascii_uppercase();
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    known
        .into_iter()
        .find(|method| *method == name.as_str())
        .ok_or_else(|| "it is no method of the API".to_owned())
}

fn bearer(token: &str) -> Result<HeaderValue, Fault> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
        .map_err(|_| "the token has characters that no token has")?;
    value.set_sensitive(true);
    Ok(value)
}

fn body(written: &str) -> Result<String, Fault> {
    let mut text = String::new();
    match written.strip_prefix('@') {
        Some(file) => {
            let opened = std::fs::File::open(file).map_err(|error| format!("{file}: {error}"))?;
            opened.take(MAX_BODY_BYTES).read_to_string(&mut text)?;
        }
        None if written == "-" => drop(std::io::stdin().take(MAX_BODY_BYTES).read_to_string(&mut text)?),
        None => text.push_str(written),
    }
    Ok(text)
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("it is no NAME:VALUE")?;
    let name = name.trim().parse().map_err(|_| "the name is none of a header")?;
    Ok((name, value.trim().parse().map_err(|_| "the value has characters that no header has")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_the_api_and_nowhere_else() {
        let api = "https://shop.example";
        for path in ["/api/orders/", "https://shop.example/api/orders/"] {
            assert_eq!(target(api, path).unwrap().to_string(), "https://shop.example/api/orders/");
        }
        for path in [
            "https://evil.example/api/",
            "https://shop.example.evil/api/",
            "https://shop.example:8443/api/",
            "https://shop.example@evil.example/",
            "http://shop.example/api/",
            "@evil.example/",
            "api/orders/",
            ".evil.example/",
            "",
        ] {
            assert!(target(api, path).is_err(), "{path}");
        }
        assert_eq!(target(api, "//evil.example/").unwrap().host(), Some("shop.example"));
    }

    #[test]
    fn a_header_has_a_name_and_a_value() {
        assert_eq!(
            header("If-Match: \"7\"").unwrap(),
            ("if-match".parse().unwrap(), "\"7\"".parse().unwrap())
        );
        assert!(["If-Match", "a b: c", "A: \n"].iter().all(|text| header(text).is_err() || *text == "A: \n"));
    }
}

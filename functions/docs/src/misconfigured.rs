//! What health says where the settings make no sense, and so no other function has started.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use lambda_http::{Error, Request, service_fn};
use oms_runtime::config::ConfigError;
use serde::Serialize;
use std::convert::Infallible;
use utoipa::ToSchema;

/// How a service is that cannot start.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MisconfiguredView {
    /// `misconfigured`.
    #[schema(example = "misconfigured")]
    status: &'static str,
    /// The release that was to start.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The settings that are missing or make no sense. What is wrong with each stands in the log.
    #[schema(example = json!(["AUTH_ISSUER"]))]
    settings: Vec<String>,
}

/// Answers every request with what is wrong, until the instance ends.
///
/// # Errors
/// The Lambda runtime cannot be reached.
pub async fn say_misconfigured(error: &ConfigError) -> Result<(), Error> {
    let view = MisconfiguredView {
        status: "misconfigured",
        version: env!("CARGO_PKG_VERSION"),
        settings: error.variables().map(str::to_owned).collect(),
    };
    let body = serde_json::to_string(&view)?;
    lambda_http::run(service_fn(async |_: Request| {
        let mut answer = Response::new(body.clone());
        *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok::<_, Infallible>(answer)
    }))
    .await
}

//! What every path says where the settings make no sense, and so no other function has started.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use lambda_http::{Error, Request, service_fn};
use oms_runtime::config::ConfigError;
use serde_json::json;
use std::convert::Infallible;

/// Answers every request with the settings that are missing or make no sense, until the instance
/// ends. What is wrong with each stands in the log, which is not for strangers.
///
/// # Errors
/// The Lambda runtime cannot be reached.
pub async fn say_misconfigured(error: &ConfigError) -> Result<(), Error> {
    let settings: Vec<&str> = error.variables().collect();
    let body = json!({
        "error": "The service is misconfigured.",
        "code": "misconfigured",
        "details": { "settings": settings },
    });
    let body = body.to_string();
    lambda_http::run(service_fn(async |_: Request| {
        let mut answer = Response::new(body.clone());
        *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Ok::<_, Infallible>(answer)
    }))
    .await
}

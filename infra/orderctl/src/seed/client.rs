//! A client of the API, as one user.

use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, StatusCode};
use oms_runtime::logging::chain;
use oms_runtime::sdk::https;
use oms_runtime::sdk::https::RequestBody;
use oms_workspace::error::{Doing, Error, Result};
use serde_json::Value;

/// How long a client waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often a request that lost a race, found the table busy, or came too soon after others, is
/// made.
const TRIES: u32 = 5;

/// One user's client.
#[derive(Clone)]
pub(super) struct Client {
    api: String,
    authorization: HeaderValue,
}

impl Client {
    /// Of whoever has a token.
    pub(super) fn with_token(api: &str, token: &str) -> Result<Self> {
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {}", token.trim())).doing("reading the token")?;
        authorization.set_sensitive(true);
        Ok(Self { api: api.trim_end_matches('/').to_owned(), authorization })
    }

    /// Creates something.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::POST, path, body).await
    }

    /// Moves an order on.
    pub(super) async fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(Method::PATCH, path, body).await
    }

    /// Makes a request whose refusal for want of money is an answer too.
    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let doing = format!("{method} {path}");
        for attempt in 1..=TRIES {
            let request = Request::builder()
                .method(method.clone())
                .uri(format!("{}{path}", self.api))
                .header(ACCEPT, "application/json")
                .header(CONTENT_TYPE, "application/json")
                .header(AUTHORIZATION, self.authorization.clone())
                .body(RequestBody::from(body.to_string()))
                .doing(&doing)?;
            let answer = https::send_within(request, TIMEOUT).await;
            let answer = answer.map_err(|error| Error::Setup(format!("{doing}: {}", chain(&error))))?;
            let status = answer.status();
            let text = String::from_utf8_lossy(answer.body());
            let again =
                [StatusCode::CONFLICT, StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE]
                    .contains(&status);
            if again && attempt < TRIES {
                tokio::time::sleep(Duration::from_millis(50) * attempt).await;
            } else if status.is_success() || status == StatusCode::PAYMENT_REQUIRED {
                return serde_json::from_str(&text).doing(&doing);
            } else {
                return Err(Error::Setup(format!("{doing}: {status}: {text}")));
            }
        }
        Err(Error::Setup(format!("{doing}: tried too often")))
    }
}

/// The id of what was created.
pub(super) fn id(created: &Value) -> Result<String> {
    let id = created["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| Error::Setup(format!("an answer without an id: {created}")))
}

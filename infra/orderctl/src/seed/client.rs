//! A client of the API, as one user.

use std::time::Duration;

use oms_workspace::error::{Doing, Error, Result};
use oms_workspace::tokens::{Issuer, User};
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// How long a client waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often a request that lost a race, or found the table busy, is made.
const TRIES: u32 = 5;

/// One user's client.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    api: String,
    token: String,
}

impl Client {
    /// Of a user, with a token that lives for an hour.
    pub(super) fn of(http: &reqwest::Client, api: &str, issuer: &Issuer, user: &User) -> Result<Self> {
        Ok(Self { http: http.clone(), api: api.to_owned(), token: issuer.token(user, 3600)? })
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
            let request = self.http.request(method.clone(), format!("{}{path}", self.api));
            let answer =
                request.bearer_auth(&self.token).timeout(TIMEOUT).json(body).send().await.doing(&doing)?;
            let status = answer.status();
            let text = answer.text().await.doing(&doing)?;
            let again = status == StatusCode::CONFLICT || status == StatusCode::SERVICE_UNAVAILABLE;
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

//! A client of the API.

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request};
use oms_runtime::sdk::https::{self, RequestBody};
use oms_workspace::report::Fault;
use serde_json::Value;
use std::time::Duration;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// What the API answered.
pub(super) struct Answer {
    pub(super) status: u16,
    /// Null where it is no JSON.
    pub(super) body: Value,
}

/// The API at an address; connections are kept.
pub(super) struct Client {
    url: String,
}

impl Client {
    pub(super) fn of(url: String) -> Self {
        Self { url }
    }

    /// # Errors
    /// Where nothing is answered.
    pub(super) async fn send(
        &self,
        method: &Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Fault> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONTENT_TYPE, "application/json")
            .body(body.map_or_else(RequestBody::empty, |body| RequestBody::from(body.to_string())))?;
        let answer = https::send_within(request, TIMEOUT).await?;
        let body = serde_json::from_slice(answer.body()).unwrap_or_default();
        Ok(Answer { status: answer.status().as_u16(), body })
    }

    /// Makes something.
    ///
    /// # Errors
    /// Where it is not made.
    pub(super) async fn made(&self, token: &str, path: &str, body: Value) -> Result<Value, Fault> {
        let answer = self.send(&Method::POST, path, token, Some(&body)).await?;
        if answer.status == 201 {
            return Ok(answer.body);
        }
        Err(format!("POST {path}: {} {}", answer.status, answer.body).into())
    }
}

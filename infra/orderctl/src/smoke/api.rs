//! The deployed API, as one caller.

use crate::environment::api_base;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use oms_runtime::logging::chain;
use oms_runtime::sdk::https;
use oms_runtime::sdk::https::RequestBody;
use oms_workspace::report::Fault;
use serde_json::Value;
use std::time::Duration;

/// How long an answer may take: as long as API Gateway waits for a function that has to start
/// first.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How often a request is made that brought no answer, or one that says to come again.
const TRIES: u32 = 4;
/// The first pause between tries; each is twice the one before.
const PAUSE: Duration = Duration::from_millis(500);
/// How much of an answer's text an error repeats, in characters.
const SHOWN_CHARS: usize = 400;

/// The API and who asks.
pub(super) struct Api {
    base: String,
    authorization: HeaderValue,
    run: String,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// Null where it is no JSON.
    pub(super) body: Value,
    /// Whether it repeats the answer to an earlier request of the same `Idempotency-Key`.
    pub(super) is_replay: bool,
    text: String,
    request_id: String,
    asked: String,
}

impl Api {
    /// At an address, with or without `/api` and slashes at its end, with a token.
    ///
    /// # Errors
    /// The address is no URL of HTTP, or the token cannot be one.
    pub(super) fn new(address: &str, token: &str, run: &str) -> Result<Self, Fault> {
        let base = api_base(address)?;
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
            .map_err(|_| "the token has characters that no token has")?;
        authorization.set_sensitive(true);
        Ok(Self { base, authorization, run: run.to_owned() })
    }

    /// The API's address, without a slash at its end.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// What tells this run from others, in names and keys.
    pub(super) fn run(&self) -> &str {
        &self.run
    }

    /// Reads.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, String> {
        self.send(Method::GET, path, "", None).await
    }

    /// Posts a body. The step names the request: under the same name and body it is a repeat of the
    /// same.
    pub(super) async fn post(&self, path: &str, step: &str, body: &Value) -> Result<Answer, String> {
        self.send(Method::POST, path, step, Some(body)).await
    }

    /// Changes what the body says.
    pub(super) async fn patch(&self, path: &str, step: &str, body: &Value) -> Result<Answer, String> {
        self.send(Method::PATCH, path, step, Some(body)).await
    }

    /// Deletes.
    pub(super) async fn delete(&self, path: &str) -> Result<Answer, String> {
        self.send(Method::DELETE, path, "", None).await
    }

    /// Makes a request, again where that can help: all of them may be repeated, those that write by
    /// their key.
    async fn send(
        &self,
        method: Method,
        path: &str,
        step: &str,
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.once(&method, path, step, body).await {
                Ok(answer) if !asks_again(answer.status) => return Ok(answer),
                Ok(_) | Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        self.once(&method, path, step, body).await
    }

    async fn once(
        &self,
        method: &Method,
        path: &str,
        step: &str,
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        let mut request = self.request(method, path).header(AUTHORIZATION, self.authorization.clone());
        if !step.is_empty() {
            request = request.header("Idempotency-Key", format!("smoke-{}-{step}", self.run));
        }
        let content = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                RequestBody::from(body.to_string())
            }
            None => RequestBody::empty(),
        };
        exchange(format!("{method} {path}"), request.body(content)).await
    }

    /// Reads what needs no token, one time, and shows none: nobody knows yet who answers there.
    pub(super) async fn get_as_stranger(&self, path: &str) -> Result<Answer, String> {
        let request = self.request(&Method::GET, path).body(RequestBody::empty());
        exchange(format!("GET {path}"), request).await
    }

    fn request(&self, method: &Method, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("orderctl/", env!("CARGO_PKG_VERSION")))
    }
}

/// Sends a request and reads its answer; no answer is an error that says why.
async fn exchange(
    asked: String,
    request: Result<Request<RequestBody>, http::Error>,
) -> Result<Answer, String> {
    let request = request.map_err(|error| format!("{asked}: {error}"))?;
    let answer = https::send_within(request, TIMEOUT).await;
    let answer = answer.map_err(|error| format!("{asked}: {}", chain(&error)))?;
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    Ok(Answer {
        status: answer.status(),
        body: serde_json::from_str(&text).unwrap_or_default(),
        is_replay: header(answer.headers(), "Idempotent-Replayed") == "true",
        request_id: header(answer.headers(), "X-Request-Id").to_owned(),
        text,
        asked,
    })
}

impl Answer {
    /// The answer, where its status is the expected one.
    ///
    /// # Errors
    /// Another one, with what was asked and answered.
    pub(super) fn expect(self, status: u16) -> Result<Self, String> {
        if self.status.as_u16() == status { Ok(self) } else { Err(self.told()) }
    }

    /// What was asked and answered, for a person.
    pub(super) fn told(&self) -> String {
        let mut text: String = self.text.chars().take(SHOWN_CHARS).collect();
        if text.len() < self.text.len() {
            text.push('…');
        }
        let request = match self.request_id.as_str() {
            "" => String::new(),
            id => format!(" (request {id} in the logs)"),
        };
        format!("{} was answered {}: {text}{request}", self.asked, self.status.as_u16())
    }

    /// The id of what it shows.
    pub(super) fn id(&self) -> Result<String, String> {
        let id = self.body["id"].as_str();
        id.map(str::to_owned).ok_or_else(|| format!("no id in it: {}", self.told()))
    }

    /// A text of its body; empty where there is none.
    pub(super) fn text(&self, field: &str) -> &str {
        self.body[field].as_str().unwrap_or_default()
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Whether the same request may be answered otherwise in a moment.
fn asks_again(status: StatusCode) -> bool {
    [409, 429, 502, 503, 504].contains(&status.as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_other_characters_is_refused_before_it_is_sent() {
        assert!(Api::new("https://shop.example", "a.b.c\n", "run").is_ok());
        let refused = Api::new("https://shop.example", "a\nb", "run").err().unwrap();
        assert_eq!(refused.to_string(), "the token has characters that no token has");
    }
}

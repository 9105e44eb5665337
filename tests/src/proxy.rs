//! What stands between a function and what it calls, and cuts it off where a test says so.

use crate::function::Killer;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

/// The most that is passed on of a body, in bytes.
const LARGEST: usize = 16 * 1024 * 1024;

/// Where a function is cut off, counting its requests from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The request never arrives.
    Before(usize),
    /// It arrives, and the answer does not.
    After(usize),
}

/// A proxy for plain HTTP.
#[derive(Clone)]
pub struct Proxy {
    /// Where it is.
    pub url: String,
    state: Arc<ProxyState>,
}

/// The status and the body of what is behind.
type Answered = (StatusCode, Vec<u8>);

struct ProxyState {
    upstream: String,
    http: reqwest::Client,
    plan: Mutex<Plan>,
    /// Answers by `Idempotency-Key`, kept as Stripe documents it; localstripe does not know them.
    by_key: Option<tokio::sync::Mutex<HashMap<String, Answered>>>,
}

#[derive(Default)]
struct Plan {
    requests: usize,
    cut: Option<Cut>,
    killer: Option<Killer>,
    is_silent: bool,
    loses_answers: bool,
    lost: usize,
    script: Option<Script>,
}

/// Answers a request of DynamoDB in its stead, by the operation and the body; nothing where it is
/// to answer itself.
pub type Script = Arc<dyn Fn(&str, &Value) -> Option<(u16, Value)> + Send + Sync>;

/// The operations of DynamoDB that write.
const WRITES: [&str; 5] = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"];

impl Proxy {
    /// In front of `upstream`.
    ///
    /// # Panics
    /// Where there is no free port.
    pub async fn before(upstream: &str) -> Self {
        Self::start(upstream, false).await
    }

    /// In front of a stand-in for Stripe that does not know idempotency keys: answers are kept by
    /// key, and given again.
    ///
    /// # Panics
    /// Where there is no free port.
    pub async fn with_idempotency_keys(upstream: &str) -> Self {
        Self::start(upstream, true).await
    }

    async fn start(upstream: &str, keeps_answers: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(ProxyState {
            upstream: upstream.to_owned(),
            http: reqwest::Client::new(),
            plan: Mutex::default(),
            by_key: keeps_answers.then(tokio::sync::Mutex::default),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// From now on counts requests anew, and cuts off the one that the test says. With a killer,
    /// the process dies there and then; without, it finds its connection closed.
    pub fn cut(&self, cut: Option<Cut>, killer: Option<Killer>) {
        *self.state.plan() = Plan { cut, killer, ..Plan::default() };
    }

    /// From now on takes requests, passes none on, and never answers.
    pub fn fall_silent(&self) {
        *self.state.plan() = Plan { is_silent: true, ..Plan::default() };
    }

    /// From now on lets every write through to DynamoDB and closes the connection without an
    /// answer, the first time that the SDK makes it; its repeats are answered.
    pub fn lose_answers_to_writes(&self) {
        *self.state.plan() = Plan { loses_answers: true, ..Plan::default() };
    }

    /// How many answers have been lost since.
    #[must_use]
    pub fn lost(&self) -> usize {
        self.state.plan().lost
    }

    /// From now on answers what the script says.
    pub fn play(&self, script: Script) {
        *self.state.plan() = Plan { script: Some(script), ..Plan::default() };
    }

    /// How many requests there have been since.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.state.plan().requests
    }
}

impl ProxyState {
    fn plan(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request: where it and its answer are to be cut off.
    fn count(&self) -> (bool, bool, Option<Killer>) {
        let mut plan = self.plan();
        let number = plan.requests;
        plan.requests += 1;
        (plan.cut == Some(Cut::Before(number)), plan.cut == Some(Cut::After(number)), plan.killer.clone())
    }

    /// Whether this answer is to be lost: a write's, the first time that the SDK makes it.
    fn loses(&self, parts: &Parts) -> bool {
        let first = header(parts, "amz-sdk-request").starts_with("attempt=1");
        let mut plan = self.plan();
        let loses = plan.loses_answers && first && WRITES.contains(&operation(parts));
        plan.lost += usize::from(loses);
        loses
    }

    fn scripted(&self, parts: &Parts, body: &[u8]) -> Option<Answered> {
        let script = self.plan().script.clone()?;
        let body: Value = serde_json::from_slice(body).ok()?;
        let (status, answer) = script(operation(parts), &body)?;
        Some((StatusCode::from_u16(status).ok()?, answer.to_string().into_bytes()))
    }

    async fn forward(&self, parts: Parts, body: Bytes) -> Answered {
        let key = parts.headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
        let mut kept = match (&self.by_key, &key) {
            (Some(by_key), Some(_)) => Some(by_key.lock().await),
            _ => None,
        };
        if let (Some(kept), Some(key)) = (&kept, &key)
            && let Some(answer) = kept.get(key)
        {
            return answer.clone();
        }
        let mut body = body;
        if self.by_key.is_some() {
            // A parameter of Stripe's that the stand-in does not know: it always does what this
            // asks for.
            body = String::from_utf8_lossy(&body).replace("&use_stripe_sdk=true", "").into();
        }
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = parts.headers;
        headers.remove("host");
        headers.remove("content-length");
        let request = self.http.request(parts.method, format!("{}{path}", self.upstream));
        let answer = request.headers(headers).body(body).send().await.expect("what is behind answers");
        let (status, bytes) = (answer.status(), answer.bytes().await.expect("an answer that ends"));
        let answer = (status, bytes.to_vec());
        if let (Some(kept), Some(key)) = (&mut kept, key) {
            kept.insert(key, answer.clone());
        }
        answer
    }
}

fn header<'a>(parts: &'a Parts, name: &str) -> &'a str {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// What DynamoDB is asked to do.
fn operation(parts: &Parts) -> &str {
    header(parts, "x-amz-target").rsplit('.').next().unwrap_or_default()
}

async fn pass(State(state): State<Arc<ProxyState>>, request: Request) -> Response {
    if state.plan().is_silent {
        state.count();
        return std::future::pending().await;
    }
    let (before, after, killer) = state.count();
    if before {
        return cut_off(killer).await;
    }
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LARGEST).await.expect("a body that ends");
    if let Some(answer) = state.scripted(&parts, &body) {
        return answer.into_response();
    }
    let loses = state.loses(&parts);
    let answer = state.forward(parts, body).await;
    if after || loses { cut_off(killer).await } else { answer.into_response() }
}

/// Kills the process, or closes the connection in the middle of an answer.
async fn cut_off(killer: Option<Killer>) -> Response {
    if let Some(killer) = killer {
        killer.lock().await.kill().await.expect("the process can be killed");
    }
    let broken = futures::stream::once(async { Err::<Vec<u8>, _>(std::io::Error::other("cut off")) });
    Body::from_stream(broken).into_response()
}

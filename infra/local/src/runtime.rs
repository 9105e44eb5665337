//! What stands between a function's process and the runtime API of `cargo lambda watch`, so that a process
//! sees, and its death looks, as on Lambda:
//!
//! - the deadline that it is told is the function's own (cargo-lambda names a moment in 1970);
//! - an invocation whose process dies fails at once, when the next process of the instance asks for work
//!   (cargo-lambda waits for the answer for ever);
//! - an invocation that takes longer than the function may is over. Its process is not killed, unlike on Lambda.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use reqwest::Client;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::error::Error;
use crate::template::{ACCOUNT, REGION, System};

/// The most that a function may answer, in bytes; Lambda's own limit is 6 MB.
const ANSWER: usize = 7 * 1024 * 1024;
/// How long work that was sent may take to arrive on this machine.
const ON_THE_WAY: Duration = Duration::from_millis(20);
const ID: &str = "lambda-runtime-aws-request-id";
const DEADLINE: &str = "lambda-runtime-deadline-ms";
const ARN: &str = "lambda-runtime-invoked-function-arn";

/// The runtime API, as function processes see it: at `/<function>/<instance>`.
#[derive(Clone)]
pub struct RuntimeApi {
    http: Client,
    upstream: String,
    timeouts: Arc<HashMap<String, Duration>>,
    /// The request that each instance is at.
    at_work: Arc<Mutex<HashMap<String, String>>>,
}

/// What cargo-lambda answered to a process that waits for work.
type Fetched = reqwest::Result<reqwest::Response>;

/// What a process asks for.
struct Asked<'a> {
    function: &'a str,
    instance: &'a str,
    /// The rest of the path, e.g. `2018-06-01/runtime/invocation/next`.
    what: &'a str,
}

impl RuntimeApi {
    /// Of the functions of `system`, whose real runtime API is at `upstream`.
    pub fn new(upstream: &str, system: &System) -> Self {
        let timeouts =
            system.functions.iter().map(|function| (function.name.clone(), function.timeout)).collect();
        Self {
            http: Client::new(),
            upstream: format!("{upstream}/.rt"),
            timeouts: Arc::new(timeouts),
            at_work: Arc::default(),
        }
    }

    /// Serves until the stack ends.
    pub async fn serve(self, listener: TcpListener) -> Error {
        let router = Router::new().fallback(answer).with_state(self);
        let ended = axum::serve(listener, router).await;
        Error::Setup(format!("the runtime API stopped: {ended:?}"))
    }

    /// Waits for work; an earlier request of the same instance is one that its process did not survive.
    async fn next(&self, asked: &Asked<'_>) -> reqwest::Result<Response> {
        let lost = self.work().remove(asked.instance);
        if let Some(lost) = lost {
            self.fail_lost(asked.function, &lost).await;
        }
        let (give, taken) = oneshot::channel();
        let (api, function, what) = (self.clone(), asked.function.to_owned(), asked.what.to_owned());
        // A task of its own: this future ends with the process that waits, and must not take work with it.
        tokio::spawn(async move { api.fetch(&function, &what, give).await });
        let Ok(fetched) = taken.await else { return Ok(StatusCode::BAD_GATEWAY.into_response()) };
        let answer = fetched?;
        let id = request_id(&answer);
        self.work().insert(asked.instance.to_owned(), id.clone());
        let timeout = self.timeouts.get(asked.function).copied().unwrap_or(Duration::from_secs(3));
        self.watch_time(asked, id, timeout);
        let deadline_ms = Timestamp::now().as_millisecond().saturating_add_unsigned(saturating_ms(timeout));
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", asked.function);
        let mut headers = answer.headers().clone();
        headers.insert(DEADLINE, HeaderValue::from(deadline_ms));
        if let Ok(arn) = HeaderValue::from_str(&arn) {
            headers.insert(ARN, arn);
        }
        let mut response = Response::new(Body::from(answer.bytes().await?));
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// Fetches work for a process that waits for it. Should the process die meanwhile, what comes in the
    /// same moment is failed like any invocation that its process did not survive.
    async fn fetch(&self, function: &str, what: &str, mut give: oneshot::Sender<Fetched>) {
        let url = format!("{}/{function}/{what}", self.upstream);
        let fetched = async {
            loop {
                let answer = self.http.get(&url).send().await?;
                // cargo-lambda's own time limit also ends the waiting for work: ask again.
                if answer.status() == StatusCode::OK {
                    return Ok(answer);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let mut fetched = std::pin::pin!(fetched);
        let fetched: Fetched = tokio::select! {
            biased;
            fetched = &mut fetched => fetched,
            () = give.closed() => match tokio::time::timeout(ON_THE_WAY, fetched).await {
                Ok(fetched) => fetched,
                Err(_) => return,
            },
        };
        if let Err(Ok(answer)) = give.send(fetched) {
            self.fail_lost(function, &request_id(&answer)).await;
        }
    }

    async fn fail_lost(&self, function: &str, id: &str) {
        let message = format!("RequestId: {id} Error: Runtime exited without providing a reason");
        self.fail(function, id, "Runtime.ExitError", &message).await;
    }

    /// Fails the invocation when its time is over.
    fn watch_time(&self, asked: &Asked<'_>, id: String, timeout: Duration) {
        let (api, function, instance) = (self.clone(), asked.function.to_owned(), asked.instance.to_owned());
        tokio::spawn(async move {
            tokio::time::sleep(timeout).await;
            if api.finish(&instance, &id) {
                let message =
                    format!("RequestId: {id} Error: Task timed out after {}.00 seconds", timeout.as_secs());
                api.fail(&function, &id, "Sandbox.Timedout", &message).await;
            }
        });
    }

    /// Passes an answer or an error on, unless its invocation is over already.
    async fn pass_on(&self, asked: &Asked<'_>, request: Request) -> reqwest::Result<Response> {
        let id = asked.what.split('/').rev().nth(1).unwrap_or_default();
        if !self.finish(asked.instance, id) {
            return Ok(StatusCode::ACCEPTED.into_response());
        }
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, ANSWER).await.unwrap_or_else(|_| too_large());
        let url = format!("{}/{}/{}", self.upstream, asked.function, asked.what);
        let mut headers = parts.headers;
        headers.remove("host");
        headers.remove("content-length");
        headers.remove("transfer-encoding");
        let answer = self.http.post(url).headers(headers).body(body).send().await?;
        Ok((answer.status(), answer.bytes().await?).into_response())
    }

    async fn fail(&self, function: &str, id: &str, kind: &str, message: &str) {
        let url = format!("{}/{function}/2018-06-01/runtime/invocation/{id}/error", self.upstream);
        let body = json!({ "errorType": kind, "errorMessage": message });
        // Nobody may be waiting any more.
        let _ = self.http.post(url).json(&body).send().await;
    }

    /// Whether the instance was at this request; it no longer is.
    fn finish(&self, instance: &str, id: &str) -> bool {
        let mut work = self.work();
        let was = work.get(instance).is_some_and(|current| current == id);
        if was {
            work.remove(instance);
        }
        was
    }

    fn work(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(State(api): State<RuntimeApi>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let Some(asked) = parse(&path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let result = if asked.what.ends_with("/invocation/next") {
        api.next(&asked).await
    } else if asked.what.ends_with("/init/error") {
        // cargo-lambda would fail any function's request with it. The log has it, and the next process
        // tries again.
        Ok(StatusCode::ACCEPTED.into_response())
    } else {
        api.pass_on(&asked, request).await
    };
    result.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error.to_string()).into_response())
}

fn parse(path: &str) -> Option<Asked<'_>> {
    let mut parts = path.trim_start_matches('/').splitn(3, '/');
    Some(Asked { function: parts.next()?, instance: parts.next()?, what: parts.next()? })
}

fn too_large() -> Bytes {
    let error = json!({ "errorType": "Function.ResponseSizeTooLarge", "errorMessage": "the answer is larger than 6 MB" });
    Bytes::from(error.to_string())
}

fn request_id(answer: &reqwest::Response) -> String {
    answer.headers().get(ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned()
}

fn saturating_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

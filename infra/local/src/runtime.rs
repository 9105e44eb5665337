//! What stands between a function's process and the runtime API of `cargo lambda watch`, so that a
//! process sees, and its death looks, as on Lambda:
//!
//! - the deadline that it is told is the function's own (cargo-lambda names a moment in 1970);
//! - an invocation whose process dies fails at once, when the next process of the instance asks for
//!   work (cargo-lambda waits for the answer for ever);
//! - an invocation that takes longer than the function may is over. Its process is not killed,
//!   unlike on Lambda;
//! - an event or an answer that is larger than Lambda takes is refused (cargo-lambda never ends
//!   such an invocation).

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use oms_workspace::error::Error;
use oms_workspace::template::{ACCOUNT, REGION, System};
use reqwest::Client;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::carried;
use crate::limits::{PAYLOAD, Refusal};

/// How soon after a process's death the next one of its instance asks for work.
const NEXT_PROCESS_WITHIN: Duration = Duration::from_secs(1);
const ID: &str = "lambda-runtime-aws-request-id";
const DEADLINE: &str = "lambda-runtime-deadline-ms";
const ARN: &str = "lambda-runtime-invoked-function-arn";

/// The runtime API, as function processes see it: at `/<function>/<instance>`.
#[derive(Clone)]
pub struct RuntimeApi {
    http: Client,
    upstream: String,
    timeouts: Arc<HashMap<String, Duration>>,
    /// The functions that answer API Gateway.
    http_functions: Arc<HashSet<String>>,
    /// The request that each instance is at.
    at_work: Arc<Mutex<HashMap<String, String>>>,
    /// The waits for work of processes that died waiting.
    left_waiting: Arc<Mutex<HashMap<String, Left>>>,
}

/// A process's wait for work.
struct Waiting {
    api: RuntimeApi,
    function: String,
    instance: String,
    work: oneshot::Receiver<Fetched>,
    has_ended: bool,
}

impl Drop for Waiting {
    /// Keeps the wait of a process that has died for the next one of its instance: cargo-lambda may
    /// have handed work over already.
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let left = Left {
            at: Instant::now(),
            function: self.function.clone(),
            work: std::mem::replace(&mut self.work, oneshot::channel().1),
        };
        let (api, instance, at) = (self.api.clone(), self.instance.clone(), left.at);
        let earlier = api.left().insert(instance.clone(), left);
        tokio::spawn(async move {
            api.dismiss(earlier).await;
            tokio::time::sleep(NEXT_PROCESS_WITHIN).await;
            // No process has taken it up: the instance is gone.
            let gone = api.left().extract_if(|name, left| *name == instance && left.at == at).next();
            api.dismiss(gone.map(|(_, left)| left)).await;
        });
    }
}

/// The wait for work of a process that died waiting.
struct Left {
    at: Instant,
    function: String,
    work: oneshot::Receiver<Fetched>,
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
        let answers_http = system.functions.iter().filter(|function| !function.routes.is_empty());
        Self {
            http_functions: Arc::new(answers_http.map(|function| function.name.clone()).collect()),
            http: Client::new(),
            upstream: format!("{upstream}/.rt"),
            timeouts: Arc::new(timeouts),
            at_work: Arc::default(),
            left_waiting: Arc::default(),
        }
    }

    /// Serves until the stack ends.
    pub async fn serve(self, listener: TcpListener) -> Error {
        let router = Router::new().fallback(answer).with_state(self);
        let ended = axum::serve(listener, router).await;
        Error::Setup(format!("the runtime API stopped: {ended:?}"))
    }

    /// Waits for work; an earlier request of the same instance is one that its process did not
    /// survive.
    async fn next(&self, asked: &Asked<'_>) -> reqwest::Result<Response> {
        let lost = self.work().remove(asked.instance);
        if let Some(lost) = lost {
            self.fail_lost(asked.function, &lost).await;
        }
        loop {
            if let Some(work) = self.next_work(asked).await? {
                return Ok(work);
            }
        }
    }

    /// Waits for an event; none where one came that is refused.
    async fn next_work(&self, asked: &Asked<'_>) -> reqwest::Result<Option<Response>> {
        let mut waiting = self.wait_for_work(asked);
        let Ok(fetched) = (&mut waiting.work).await else {
            return Ok(Some(StatusCode::BAD_GATEWAY.into_response()));
        };
        waiting.has_ended = true;
        let answer = fetched?;
        let id = request_id(&answer);
        // At once: a process that dies from here on is one that did not survive this request.
        self.work().insert(asked.instance.to_owned(), id.clone());
        let mut headers = answer.headers().clone();
        headers.remove("content-length");
        let event = carried::put_back(answer.bytes().await?);
        if event.len() > PAYLOAD {
            self.finish(asked.instance, &id);
            self.refuse(asked.function, &id, Refusal::RequestTooLarge).await;
            return Ok(None);
        }
        let timeout = self.timeouts.get(asked.function).copied().unwrap_or(Duration::from_secs(3));
        self.watch_time(asked, id, timeout);
        let deadline_ms = Timestamp::now().as_millisecond().saturating_add_unsigned(saturating_ms(timeout));
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", asked.function);
        headers.insert(DEADLINE, HeaderValue::from(deadline_ms));
        if let Ok(arn) = HeaderValue::from_str(&arn) {
            headers.insert(ARN, arn);
        }
        let mut response = Response::new(Body::from(event));
        *response.headers_mut() = headers;
        Ok(Some(response))
    }

    /// The wait for work that an earlier process of the instance left behind, or a new one.
    fn wait_for_work(&self, asked: &Asked<'_>) -> Waiting {
        let left = self.left().remove(asked.instance);
        let work = left.map(|left| left.work).unwrap_or_else(|| {
            let (give, work) = oneshot::channel();
            let url = format!("{}/{}/{}", self.upstream, asked.function, asked.what);
            let (api, function) = (self.clone(), asked.function.to_owned());
            tokio::spawn(async move {
                let Some(Ok(answer)) = fetch(&api.http, url, give).await else { return };
                // The instance went as its work came.
                api.fail_lost(&function, &request_id(&answer)).await;
            });
            work
        });
        let (function, instance) = (asked.function.to_owned(), asked.instance.to_owned());
        Waiting { api: self.clone(), function, instance, work, has_ended: false }
    }

    /// Ends a wait for work that nobody will take up; work that has come is failed.
    async fn dismiss(&self, left: Option<Left>) {
        let Some(mut left) = left else { return };
        left.work.close();
        if let Ok(Ok(answer)) = left.work.try_recv() {
            self.fail_lost(&left.function, &request_id(&answer)).await;
        }
    }

    fn left(&self) -> MutexGuard<'_, HashMap<String, Left>> {
        self.left_waiting.lock().unwrap_or_else(PoisonError::into_inner)
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
        let (parts, body) = request.into_parts();
        let Ok(body) = axum::body::to_bytes(body, PAYLOAD).await else {
            if self.finish(asked.instance, id) {
                self.refuse(asked.function, id, Refusal::AnswerTooLarge).await;
            }
            return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
        };
        if !self.finish(asked.instance, id) {
            return Ok(StatusCode::ACCEPTED.into_response());
        }
        let mut headers = parts.headers;
        for name in ["host", "content-length", "transfer-encoding"] {
            headers.remove(name);
        }
        let url = format!("{}/{}/{}", self.upstream, asked.function, asked.what);
        let sending = self.http.post(url).headers(headers).body(body).send();
        // A task of its own: the process may die as soon as it has answered.
        match tokio::spawn(sending).await {
            Ok(answer) => Ok(answer?.status().into_response()),
            Err(_) => Ok(StatusCode::BAD_GATEWAY.into_response()),
        }
    }

    /// Ends an invocation as API Gateway answers its client, or as Lambda tells who else has
    /// invoked.
    async fn refuse(&self, function: &str, id: &str, refusal: Refusal) {
        if !self.http_functions.contains(function) {
            let message = format!("RequestId: {id} Error: {refusal:?}");
            return self.fail(function, id, "Function.ResponseSizeTooLarge", &message).await;
        }
        let url = format!("{}/{function}/2018-06-01/runtime/invocation/{id}/response", self.upstream);
        // Nobody may be waiting any more.
        let _ = self.http.post(url).json(&refusal.answer()).send().await;
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

    fn work(&self) -> MutexGuard<'_, HashMap<String, String>> {
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
        // cargo-lambda would fail any function's request with it. The log has it, and the next
        // process tries again.
        Ok(StatusCode::ACCEPTED.into_response())
    } else {
        api.pass_on(&asked, request).await
    };
    result.unwrap_or_else(|error| (StatusCode::BAD_GATEWAY, error.to_string()).into_response())
}

/// Waits for work at cargo-lambda, until nobody is interested any more; what comes then is handed
/// back.
async fn fetch(http: &Client, url: String, mut give: oneshot::Sender<Fetched>) -> Option<Fetched> {
    let fetched = async {
        loop {
            let answer = http.get(&url).send().await?;
            // cargo-lambda's own time limit also ends the waiting for work: ask again.
            if answer.status() == StatusCode::OK {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let fetched = tokio::select! {
        biased;
        fetched = fetched => fetched,
        () = give.closed() => return None,
    };
    give.send(fetched).err()
}

fn parse(path: &str) -> Option<Asked<'_>> {
    let mut parts = path.trim_start_matches('/').splitn(3, '/');
    Some(Asked { function: parts.next()?, instance: parts.next()?, what: parts.next()? })
}

fn request_id(answer: &reqwest::Response) -> String {
    answer.headers().get(ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned()
}

fn saturating_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;

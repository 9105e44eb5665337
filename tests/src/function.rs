//! One process of a function under a runtime API of the test's own, so that a test can give it
//! another environment, stand between it and the table, and kill it between any two steps.

use crate::stack::{root, stack};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc};

/// How long an invocation may take, unless its test says otherwise.
const TIMEOUT_MS: u64 = 60_000;
/// How long a process may take to start or to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process of a function.
pub struct Function {
    child: Arc<Mutex<Child>>,
    work: mpsc::Sender<Value>,
    answers: mpsc::Receiver<Value>,
    waits: mpsc::Receiver<()>,
    timeout_ms: Arc<AtomicU64>,
    output: PathBuf,
}

/// What kills a function's process.
pub type Killer = Arc<Mutex<Child>>;

struct Runtime {
    work: Mutex<mpsc::Receiver<Value>>,
    answers: mpsc::Sender<Value>,
    waits: mpsc::Sender<()>,
    timeout_ms: Arc<AtomicU64>,
}

impl Function {
    /// Starts a process with the environment that the stack gives the function, some of it
    /// replaced, and waits until it asks for work.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start(name: &str, environment: &[(&str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (work, takes_work) = mpsc::channel(1);
        let (answers, takes_answers) = mpsc::channel(1);
        let (waits, takes_waits) = mpsc::channel(8);
        let timeout_ms = Arc::new(AtomicU64::new(TIMEOUT_MS));
        let runtime =
            Runtime { work: Mutex::new(takes_work), answers, waits, timeout_ms: Arc::clone(&timeout_ms) };
        let runtime = Arc::new(runtime);
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{what}", post(answer))
            .with_state(runtime);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let output = stack().directory().join(format!("{name}.{}.log", uuid::Uuid::new_v4().simple()));
        // The function's role is for the stack's table; with another one it calls as the owner.
        let has_own_table = environment.iter().any(|(name, _)| *name == "TABLE_NAME");
        let owner = has_own_table.then_some("AWS_ACCESS_KEY_ID=local".to_owned());
        let mut command = Command::new("sh");
        command
            .args(["-c", r#". "$0"; exec env "$@""#])
            .arg(stack().directory().join("functions").join(format!("{name}.env")))
            .args(owner.into_iter().chain(environment.iter().map(|(name, value)| format!("{name}={value}"))))
            .arg(binary(name))
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .current_dir(root())
            .stdin(Stdio::null())
            .stdout(File::create(&output).expect("the stack's directory can be written"))
            .stderr(log(name))
            .kill_on_drop(true);
        let child = command.spawn().expect("the function's binary starts");
        let mut function = Self {
            child: Arc::new(Mutex::new(child)),
            work,
            answers: takes_answers,
            waits: takes_waits,
            timeout_ms,
            output,
        };
        let asked = tokio::time::timeout(PATIENCE, function.waits.recv()).await;
        asked.expect("the function asks for work").expect("the runtime API runs");
        function
    }

    /// From now on its invocations are told that they may take so long. One that takes longer fails
    /// the test.
    pub fn may_take(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).expect("a time that a function may take");
        self.timeout_ms.store(ms, Ordering::Relaxed);
    }

    /// What it has logged so far: each line as it stands.
    ///
    /// # Panics
    /// Where its output cannot be read.
    #[must_use]
    pub fn log_lines(&self) -> Vec<String> {
        let output = std::fs::read_to_string(&self.output).expect("the output can be read");
        output.lines().map(str::to_owned).collect()
    }

    /// What kills its process.
    #[must_use]
    pub fn killer(&self) -> Killer {
        Arc::clone(&self.child)
    }

    /// Invokes it; nothing where its process dies over it.
    ///
    /// # Panics
    /// Where it does not answer in time.
    pub async fn invoke(&mut self, event: Value) -> Option<Value> {
        self.work.send(event).await.expect("the runtime API runs");
        let child = Arc::clone(&self.child);
        let died = async {
            while child.lock().await.try_wait().expect("a child can be asked").is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let answered = async {
            tokio::select! {
                answer = self.answers.recv() => answer,
                () = died => None,
            }
        };
        let timeout = Duration::from_millis(self.timeout_ms.load(Ordering::Relaxed));
        tokio::time::timeout(timeout, answered).await.expect("the function answers in time, or dies")
    }

    /// Makes an HTTP request of it, as API Gateway does: the status and the body.
    pub async fn request(&mut self, token: Option<&str>, path: &str, body: &Value) -> Option<(u16, Value)> {
        self.request_with(token, path, body, &[]).await
    }

    /// The same with further headers, their names in lower case.
    ///
    /// # Panics
    /// Where the answer is none of HTTP.
    pub async fn request_with(
        &mut self,
        token: Option<&str>,
        path: &str,
        body: &Value,
        more: &[(&str, &str)],
    ) -> Option<(u16, Value)> {
        self.send("POST", token, path, Some(body), more).await
    }

    /// The same by any method; the path may have a query.
    ///
    /// # Panics
    /// Where the answer is none of HTTP.
    pub async fn send(
        &mut self,
        method: &str,
        token: Option<&str>,
        path: &str,
        body: Option<&Value>,
        more: &[(&str, &str)],
    ) -> Option<(u16, Value)> {
        let answer = self.answer(method, token, path, body, more).await?;
        let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
        let body = answer["body"].as_str().and_then(|body| serde_json::from_str(body).ok());
        Some((status.expect("a status"), body.unwrap_or(Value::Null)))
    }

    /// The same; the answer as API Gateway is given it.
    pub async fn answer(
        &mut self,
        method: &str,
        token: Option<&str>,
        path: &str,
        body: Option<&Value>,
        more: &[(&str, &str)],
    ) -> Option<Value> {
        let mut headers = json!({ "host": "api.example.com", "content-type": "application/json" });
        if let Some(token) = token {
            headers["authorization"] = format!("Bearer {token}").into();
        }
        for (name, value) in more {
            headers[*name] = (*value).into();
        }
        self.invoke(http_event(method, path, headers, body.map(Value::to_string))).await
    }
}

/// A request as API Gateway puts it. The path may have a query; the headers' names are in lower
/// case.
pub(crate) fn http_event(method: &str, path: &str, headers: Value, body: Option<String>) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": headers, "body": body, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "api.example.com", "domainPrefix": "api",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1", "userAgent": "test",
            },
            "requestId": "r", "routeKey": "$default", "stage": "$default",
            "time": "22/Nov/2026:10:42:21 +0000", "timeEpoch": 1_795_344_141_311_i64,
        },
    })
}

/// The binary of a function, which the stack has built.
///
/// # Panics
/// Where the test is not where Cargo puts tests.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    test.ancestors().nth(2).expect("tests are in target/debug/deps").join(name)
}

/// Where a process's last words go, beside the stack's own logs.
fn log(name: &str) -> File {
    let path = stack().directory().join(format!("{name}.under-test.log"));
    File::options().create(true).append(true).open(path).expect("the stack's directory can be written")
}

async fn next(State(runtime): State<Arc<Runtime>>) -> Response {
    // Nobody may be interested any more.
    let _ = runtime.waits.try_send(());
    let Some(event) = runtime.work.lock().await.recv().await else {
        // The test has let go of it, which kills it.
        return std::future::pending().await;
    };
    let timeout_ms = runtime.timeout_ms.load(Ordering::Relaxed);
    let deadline_ms = jiff::Timestamp::now().as_millisecond().saturating_add_unsigned(timeout_ms);
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline_ms.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:f".to_owned(),
        ),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event.to_string()).into_response()
}

async fn answer(
    State(runtime): State<Arc<Runtime>>,
    Path(_): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    let _ = runtime.answers.send(serde_json::from_slice(&body).unwrap_or(Value::Null)).await;
    StatusCode::ACCEPTED
}

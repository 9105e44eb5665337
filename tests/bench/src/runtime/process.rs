//! One process of a function under a runtime API, and what it takes of the machine.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use oms_workspace::report::Fault;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{Mutex, mpsc};

/// How long a process may take to start or to answer: one that is looked at instruction by
/// instruction takes a hundred times as long as else.
const PATIENCE: Duration = Duration::from_secs(120);

/// What some work took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Taken {
    /// From its beginning to its end.
    pub(super) wall: Duration,
    /// Of the processor, by the process alone.
    pub(super) cpu: Duration,
}

/// A process of a function that waits for work.
pub(super) struct Process {
    /// How many bytes its last answer had, as it was handed to Lambda.
    pub(super) answered: usize,
    /// How many bytes it has logged.
    logged: Arc<AtomicU64>,
    child: Child,
    work: mpsc::Sender<String>,
    answers: mpsc::Receiver<(String, Bytes)>,
    waits: mpsc::Receiver<()>,
}

struct RuntimeApi {
    work: Mutex<mpsc::Receiver<String>>,
    answers: mpsc::Sender<(String, Bytes)>,
    waits: mpsc::Sender<()>,
}

impl Process {
    /// Starts a program, with what runs it in front, and waits until it asks for work; what that
    /// took.
    ///
    /// # Errors
    /// Where it does not.
    pub(super) async fn start(
        command: &[&str],
        environment: &BTreeMap<String, String>,
    ) -> Result<(Self, Taken), Fault> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (work, takes_work) = mpsc::channel(1);
        let (answers, takes_answers) = mpsc::channel(1);
        let (waits, takes_waits) = mpsc::channel(8);
        let api = Arc::new(RuntimeApi { work: Mutex::new(takes_work), answers, waits });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/{what}", post(answer))
            .with_state(api);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (program, arguments) = command.split_first().ok_or("nothing to start")?;
        let began = Instant::now();
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(environment)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let logged = Arc::new(AtomicU64::new(0));
        tokio::spawn(count(child.stdout.take().ok_or("no standard output")?, Arc::clone(&logged)));
        let mut process =
            Self { answered: 0, logged, child, work, answers: takes_answers, waits: takes_waits };
        process.wait().await?;
        let taken = Taken { wall: began.elapsed(), cpu: process.cpu()? };
        Ok((process, taken))
    }

    async fn wait(&mut self) -> Result<(), Fault> {
        tokio::time::timeout(PATIENCE, self.waits.recv()).await?.ok_or("the runtime API has gone")?;
        Ok(())
    }

    /// Hands it an event and waits until it asks for the next one: the status of its answer, and
    /// what it took.
    ///
    /// # Errors
    /// Where it does not answer, or says that it failed.
    pub(super) async fn invoke(&mut self, event: &Value) -> Result<(u64, Taken), Fault> {
        let event = event.to_string();
        let before = self.cpu()?;
        let began = Instant::now();
        self.work.send(event).await?;
        let answered = tokio::time::timeout(PATIENCE, self.answers.recv()).await?;
        let wall = began.elapsed();
        let (what, answer) = answered.ok_or("the runtime API has gone")?;
        if what != "response" {
            return Err(format!("{what}: {}", String::from_utf8_lossy(&answer)).into());
        }
        self.wait().await?;
        let cpu = self.cpu()?.saturating_sub(before);
        self.answered = answer.len();
        let answer: Value = serde_json::from_slice(&answer)?;
        Ok((answer["statusCode"].as_u64().unwrap_or_default(), Taken { wall, cpu }))
    }

    /// The time of the processor that its threads have had; it waits for work just now, so that the
    /// kernel has added up all of it.
    fn cpu(&self) -> Result<Duration, Fault> {
        let id = self.child.id().ok_or("the process has ended")?;
        let mut sum = 0;
        for thread in std::fs::read_dir(format!("/proc/{id}/task"))? {
            let times = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            sum += times.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(sum))
    }

    /// How many bytes it has logged.
    pub(super) fn logged(&self) -> u64 {
        self.logged.load(Ordering::Relaxed)
    }

    /// The most memory that it has had, in bytes.
    ///
    /// # Errors
    /// Where the kernel does not tell.
    pub(super) fn peak(&self) -> Result<u64, Fault> {
        let id = self.child.id().ok_or("the process has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = peak.and_then(|peak| peak.trim().strip_suffix(" kB")).ok_or("no VmHWM")?;
        Ok(kilobytes.parse::<u64>()? * 1_024)
    }

    /// Ends it, and what it and whatever runs it have said on standard error.
    ///
    /// # Errors
    /// Where it cannot be ended.
    pub(super) async fn end(self) -> Result<String, Fault> {
        let id = self.child.id().ok_or("the process has ended")?;
        Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        let output = tokio::time::timeout(PATIENCE, self.child.wait_with_output()).await??;
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// How many instructions a program executes until it has answered these events, each with this
/// status.
///
/// # Errors
/// Where valgrind is not there, or a request fails.
pub(super) async fn instructions(
    program: &FilePath,
    environment: &BTreeMap<String, String>,
    events: &[Value],
    status: u64,
) -> Result<u64, Fault> {
    let program = program.display().to_string();
    let command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", &program];
    let (mut process, _) = Process::start(&command, environment).await?;
    for event in events {
        let (answered, _) = process.invoke(event).await?;
        if answered != status {
            return Err(format!("{answered} instead of {status}").into());
        }
    }
    let said = process.end().await?;
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count);
    Ok(collected.ok_or_else(|| format!("valgrind counted nothing: {said}"))?.trim().parse()?)
}

/// Counts what a process says.
async fn count(mut output: ChildStdout, bytes: Arc<AtomicU64>) {
    let mut buffer = vec![0; 65_536];
    while let Ok(read @ 1..) = output.read(&mut buffer).await {
        bytes.fetch_add(read as u64, Ordering::Relaxed);
    }
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> Response {
    let mut work = api.work.lock().await;
    let is_awaited = api.waits.send(()).await.is_ok();
    let Some(event) = work.recv().await.filter(|_| is_awaited) else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + PATIENCE;
    let headers = [
        ("lambda-runtime-aws-request-id", uuid::Uuid::new_v4().to_string()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:bench".into(),
        ),
        ("lambda-runtime-trace-id", "Root=1-6b02c70d-269e0d37f2a74de452e6b438".into()),
        ("content-type", "application/json".into()),
    ];
    (headers, event).into_response()
}

async fn answer(
    State(api): State<Arc<RuntimeApi>>,
    Path((_, what)): Path<(String, String)>,
    body: Bytes,
) -> StatusCode {
    match api.answers.send((what, body)).await {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::GONE,
    }
}

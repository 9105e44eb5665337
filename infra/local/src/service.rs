//! A part of the stack that is a process of its own: started, watched, and started again when it
//! dies.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use oms_workspace::console::say;
use oms_workspace::error::{Doing, Error, Result};
use oms_workspace::guardian::{Guardian, MARK};
use tokio::fs::OpenOptions;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

/// How long a part may take to become ready.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How often a part is started again within [`RESTART_WINDOW`] before the stack gives up.
const RESTARTS: usize = 5;
/// The time in which restarts are counted.
const RESTART_WINDOW: Duration = Duration::from_secs(300);
/// A log that has grown past this is begun anew at the next start, in bytes.
const LOG_LIMIT: u64 = 64 * 1024 * 1024;

/// Set when the stack goes down: what the parts say about losing one another is of no interest.
static STOPPING: AtomicBool = AtomicBool::new(false);

/// Keeps what the parts say from the terminal from now on.
pub fn silence() {
    STOPPING.store(true, Ordering::Relaxed);
}

/// What there is to know about a part that is a process.
pub trait Service {
    /// What it is called, in messages and as the name of its log.
    fn name(&self) -> &'static str;
    /// How it is started.
    fn command(&self) -> Command;
    /// Waits until it can be used, and makes what it has to hold.
    fn ready(&self) -> impl Future<Output = Result<()>> + Send;
    /// Chooses the lines of its output that are shown at the terminal, besides being in the log,
    /// and how.
    fn shows(&self) -> fn(&str) -> Option<String>;
}

/// A service's process.
pub struct Running {
    child: Child,
    pid: u32,
}

/// Starts a service and waits until it is ready.
pub async fn start<S: Service + Sync>(service: &S, guardian: &Guardian, logs: &Path) -> Result<Running> {
    let name = service.name();
    let log = logs.join(format!("{name}.log"));
    let mut command = service.command();
    command
        .env(MARK, guardian.mark())
        // Ctrl-C at the terminal is for us: we stop the parts in our own order.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().doing(format!("starting {name}"))?;
    let pid = child.id().unwrap_or_default();
    guardian.watch(pid);
    begin_log(&log).await?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    tokio::spawn(keep_log(stdout, log.clone(), service.shows()));
    tokio::spawn(keep_log(stderr, log.clone(), service.shows()));
    let ready = tokio::select! {
        ready = tokio::time::timeout(READY_WITHIN, service.ready()) => {
            ready.unwrap_or_else(|_| Err(Error::Setup(format!("not ready after {} s", READY_WITHIN.as_secs()))))
        }
        ended = child.wait() => Err(Error::Setup(format!("it ended: {}", ended.doing("waiting for it")?))),
    };
    match ready {
        Ok(()) => Ok(Running { child, pid }),
        Err(error) => {
            Err(Error::Setup(format!("{name} did not start: {error}\n{}", tail(&log, service.shows()))))
        }
    }
}

/// Keeps a service running; returns when that has become hopeless.
pub async fn keep<S: Service + Sync>(
    service: S,
    mut running: Running,
    guardian: Arc<Guardian>,
    logs: PathBuf,
) -> Error {
    let name = service.name();
    let mut restarts: VecDeque<Instant> = VecDeque::new();
    loop {
        let ended = running.child.wait().await;
        guardian.forget(running.pid);
        restarts.retain(|at| at.elapsed() < RESTART_WINDOW);
        if restarts.len() >= RESTARTS {
            let log = tail(&logs.join(format!("{name}.log")), service.shows());
            return Error::Setup(format!("{name} died {} times within five minutes\n{log}", RESTARTS + 1));
        }
        restarts.push_back(Instant::now());
        let how = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
        say(format!("! {name} ended ({how}); starting it again"));
        running = match start(&service, &guardian, &logs).await {
            Ok(running) => running,
            Err(error) => return error,
        };
    }
}

/// The last lines of a log that are worth showing, for an error message.
fn tail(log: &Path, shows: fn(&str) -> Option<String>) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<String> = text.lines().filter_map(shows).collect();
    let last = lines[lines.len().saturating_sub(15)..].join("\n  | ");
    format!("  the end of {}:\n  | {last}", log.display())
}

async fn begin_log(log: &Path) -> Result<()> {
    if tokio::fs::metadata(log).await.is_ok_and(|data| data.len() > LOG_LIMIT) {
        tokio::fs::remove_file(log).await.doing(format!("clearing {}", log.display()))?;
    }
    Ok(())
}

/// Copies a process's output to its log until the process closes it. A log that cannot be written
/// does not stop the copying: the process would hang on a full pipe.
async fn keep_log(output: Option<impl AsyncRead + Unpin>, log: PathBuf, shows: fn(&str) -> Option<String>) {
    let Some(output) = output else { return };
    let mut log = OpenOptions::new().create(true).append(true).open(log).await.ok();
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line).await.is_ok_and(|length| length > 0) {
        if let Some(log) = &mut log {
            let _ = log.write_all(&line).await.and(log.flush().await);
        }
        let shown = shows(&String::from_utf8_lossy(&line));
        if let Some(shown) = shown.filter(|_| !STOPPING.load(Ordering::Relaxed)) {
            say(shown.trim_end());
        }
        line.clear();
    }
}

//! An emulator of AWS, to deploy into: ministack with all of its services, of which the local stack
//! has only three. It runs functions for `provided.al2023` as processes, without containers.

use crate::pypi;
use crate::stack::stack;
use oms_workspace::guardian::{Guardian, MARK};
use oms_workspace::scratch::Scratch;
use oms_workspace::template::REGION;
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to start.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long one request may take.
const REQUEST_LIMIT: Duration = Duration::from_secs(60);
/// How long a command of `sam` may take; a deployment takes half a minute on an idle machine.
const SAM_LIMIT: Duration = Duration::from_secs(300);
/// How many lines of its log a failed test shows.
const SHOWN: usize = 60;

/// A running emulator with a directory for what is deployed. Both go with it, as do the functions'
/// processes.
pub struct Aws {
    /// Where all of its services are.
    pub url: String,
    http: reqwest::Client,
    child: Child,
    guardian: Guardian,
    scratch: Scratch,
    log: PathBuf,
}

impl Aws {
    /// Installs it where it is not installed yet, and starts it empty on a free port.
    ///
    /// # Panics
    /// Where it does not start, with what it printed.
    pub async fn start() -> Self {
        let python = pypi::AWS.program("python3");
        let scratch = Scratch::new().expect("the system has a directory for temporary files");
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("a free port").port();
        let url = format!("http://127.0.0.1:{port}");
        let mark = format!("deployed-{port}-{}", std::process::id());
        let guardian = Guardian::start(&python, &mark, &[scratch.path().to_owned()]);
        let guardian = guardian.expect("the guardian starts");
        let log = stack().directory().join(format!("deployed-{port}.log"));
        let output = File::create(&log).expect("the stack's directory can be written");
        let errors = output.try_clone().expect("a file can be opened twice");
        let child = bare(&python, &url, &scratch, guardian.mark())
            .args(["-m", "ministack"])
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_REGION", REGION)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .expect("ministack starts");
        guardian.watch(child.id());
        let mut aws = Self { url, http: reqwest::Client::new(), child, guardian, scratch, log };
        aws.wait_until_healthy().await;
        aws
    }

    async fn wait_until_healthy(&mut self) {
        let (health, began) = (format!("{}/_ministack/health", self.url), Instant::now());
        while !self.http.get(&health).send().await.is_ok_and(|answer| answer.status().is_success()) {
            let ended = self.child.try_wait().expect("a child can be asked");
            assert!(ended.is_none(), "ministack ended: {ended:?}");
            assert!(began.elapsed() < START_LIMIT, "ministack did not start within {START_LIMIT:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Where files for it can be written.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.scratch.path()
    }

    /// Runs `sam` against it in a directory: how it ended, and what it printed.
    ///
    /// # Panics
    /// Where it does not end in time.
    pub async fn sam(&self, directory: &Path, arguments: &[&str]) -> (ExitStatus, String) {
        let sam = pypi::SAM.program("sam");
        let mut command = bare(&sam, &self.url, &self.scratch, self.guardian.mark());
        command.args(arguments).current_dir(directory).stdin(Stdio::null());
        let mut command = tokio::process::Command::from(command);
        let done = tokio::time::timeout(SAM_LIMIT, command.kill_on_drop(true).output()).await;
        let done = done.unwrap_or_else(|_| panic!("sam {arguments:?} did not end within {SAM_LIMIT:?}"));
        let done = done.expect("sam starts");
        let printed = [done.stdout, done.stderr].concat();
        (done.status, String::from_utf8_lossy(&printed).into_owned())
    }

    /// Asks CloudFormation for something; its answer, XML.
    ///
    /// # Panics
    /// Where it refuses.
    pub async fn cloudformation(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let form = [&[("Action", action), ("Version", "2010-05-15")], parameters].concat();
        let credentials = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/cloudformation/aws4_request, \
             SignedHeaders=host, Signature=0"
        );
        let request = self.http.post(&self.url).header("Authorization", credentials).form(&form);
        let answer = request.timeout(REQUEST_LIMIT).send().await.expect("CloudFormation answers");
        let is_success = answer.status().is_success();
        let text = answer.text().await.expect("the answer has an end");
        assert!(is_success, "{action}: {text}");
        text
    }

    /// What Lambda tells of a function; nothing where it has none of that name.
    ///
    /// # Panics
    /// Where it does not answer.
    pub async fn function(&self, name: &str) -> Option<Value> {
        let request = self.http.get(format!("{}/2015-03-31/functions/{name}", self.url));
        let answer = request.timeout(REQUEST_LIMIT).send().await.expect("Lambda answers");
        if answer.status().is_success() { answer.json().await.ok() } else { None }
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(SHOWN)..];
            eprintln!("the end of {}:\n{}", self.log.display(), last.join("\n"));
        }
        self.guardian.end_all();
        // The guardian has ended it; this only takes note.
        let _ = self.child.wait();
    }
}

/// A command that knows nothing of this machine's own account and settings, nor of its proxies.
fn bare(program: &Path, url: &str, scratch: &Scratch, mark: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", scratch.path())
        .env("TMPDIR", scratch.path())
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", REGION)
        .env("SAM_CLI_TELEMETRY", "0")
        .env(MARK, mark);
    command
}

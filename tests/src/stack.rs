//! The local stack, as `cargo dev` starts it.

use oms_workspace::cargo::{cargo, told_by_cargo};
use oms_workspace::places::Places;
use oms_workspace::tokens::{Issuer, User};
use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long the stack may take to start: on a fresh checkout it builds every function first.
const START_LIMIT: Duration = Duration::from_secs(40 * 60);

/// What Stripe signs its events to the tests' stack with.
pub const WEBHOOK_SECRET: &str = "whsec_tests";

/// A running local stack. It ends with the test process, whose end closes its standard input.
pub struct Stack {
    settings: HashMap<String, String>,
    directory: PathBuf,
    issuer: Issuer,
    _child: Child,
}

/// The stack that all tests share, started by the first that asks for it.
///
/// # Panics
/// Where it does not start, with the end of what it printed.
pub fn stack() -> &'static Stack {
    static STACK: OnceLock<Stack> = OnceLock::new();
    STACK.get_or_init(|| start(&state_directory()))
}

impl Stack {
    /// A value of its `dev.env`.
    ///
    /// # Panics
    /// Where there is none of that name.
    #[must_use]
    pub fn setting(&self, name: &str) -> &str {
        self.settings.get(name).unwrap_or_else(|| panic!("dev.env has no {name}"))
    }

    /// Where it keeps what it writes, and a test may too.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A token for somebody.
    ///
    /// # Panics
    /// Where it cannot be signed.
    #[must_use]
    pub fn token(&self, user: &User, lifetime_s: i64) -> String {
        self.issuer.token(user, lifetime_s).expect("the local issuer signs tokens")
    }

    /// The keys of its tokens, for another deployment that is to accept them.
    #[must_use]
    pub fn jwks(&self) -> Value {
        self.issuer.jwks()
    }

    /// Kills every process of a function, whatever it is at; the stack starts them again.
    ///
    /// # Panics
    /// Where there is none.
    pub fn kill(&self, function: &str) {
        let files = fs::read_dir(self.directory.join("functions")).expect("the stack has functions");
        let of_function = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.strip_prefix(function).is_some_and(|rest| rest.starts_with('.')) && name.ends_with(".pid")
        };
        let files: Vec<PathBuf> = files.flatten().map(|file| file.path()).filter(of_function).collect();
        assert!(!files.is_empty(), "no process of {function} is known");
        for file in files {
            let process = fs::read_to_string(file).unwrap_or_default();
            // One that has just ended by itself is as good.
            let _ = Command::new("kill").args(["-9", process.trim()]).stderr(Stdio::null()).status();
        }
    }
}

/// The checkout.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// How long what a test run left behind is kept, for whoever looks for why it failed.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// A directory for this run's stack; those of old runs go.
fn state_directory() -> PathBuf {
    let parent = root().join(".local").join("tests");
    for old in fs::read_dir(&parent).into_iter().flatten().flatten() {
        let age = old.metadata().and_then(|data| data.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age > KEPT) {
            // Another run may be removing it as well.
            let _ = fs::remove_dir_all(old.path());
        }
    }
    let directory = parent.join(std::process::id().to_string());
    fs::create_dir_all(&directory).expect("the checkout can be written");
    directory
}

fn start(directory: &Path) -> Stack {
    let log = directory.join("stack.log");
    let output = fs::File::create(&log).expect("the checkout can be written");
    let errors = output.try_clone().expect("a file can be opened twice");
    let command = || {
        let mut command = Command::new(cargo());
        for name in told_by_cargo() {
            command.env_remove(name);
        }
        command.current_dir(root());
        command
    };
    // The functions it builds itself, but not what tests run beside it.
    let tools = command().args(["build", "--quiet", "--bin", "local", "--bin", "orderctl"]).status();
    assert!(tools.expect("cargo starts").success(), "the tools do not build");
    let mut child = command()
        .args(["run", "--quiet", "--bin", "local", "--"])
        .args(["--memory", "--empty", "--port", "0", "--concurrency", "4", "--until-stdin-closes"])
        .arg("--state-dir")
        .arg(directory)
        // What waits for a gateway is settled while a test waits.
        .env("SETTLE_AFTER_SECONDS", "1")
        .env("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .stdin(Stdio::piped())
        .stdout(output)
        .stderr(errors)
        .spawn()
        .expect("cargo starts");
    let ready = directory.join("dev.env");
    let began = Instant::now();
    while !ready.exists() {
        let ended = child.try_wait().expect("a child can be asked");
        let printed = || fs::read_to_string(&log).unwrap_or_default();
        assert!(ended.is_none(), "the local stack ended: {ended:?}\n{}", printed());
        assert!(began.elapsed() < START_LIMIT, "the local stack did not start\n{}", printed());
        sleep(Duration::from_millis(100));
    }
    let settings = fs::read_to_string(&ready).expect("dev.env can be read");
    let settings = settings.lines().filter_map(|line| line.split_once('='));
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let places = Places::make(Some(directory.to_owned())).expect("the checkout has places");
    let issuer = Issuer::open(&places.shared).expect("the local issuer has a key");
    Stack { settings, issuer, directory: directory.to_owned(), _child: child }
}

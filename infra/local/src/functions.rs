//! The functions, as real Lambda processes: `cargo lambda watch`.
//!
//! It takes HTTP as API Gateway does and invocations as Lambda does, starts up to `--concurrency`
//! processes of a function as requests come in, and builds and restarts them when the code changes.
//! What it does not do is to start a function again that has died: the next requests would wait for
//! ever. So the `cargo run` that it calls is a small script of ours (`function.sh`), which does,
//! and which also gives each function exactly the environment that template.yaml gives it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::try_join_all;
use oms_workspace::cargo::{cargo, told_by_cargo};
use oms_workspace::error::{Doing, Error, Result};
use oms_workspace::guardian::{Guardian, MARK};
use oms_workspace::places::{Places, replace};
use oms_workspace::template::{Function, System};
use reqwest::Client;
use serde_json::{Map, Value, json};
use tokio::process::Command;

use crate::service::Service;

/// How long a function may take from its first request to its first answer.
const FIRST_ANSWER_WITHIN: Duration = Duration::from_secs(50);

/// How the functions are run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port of the API.
    pub port: u16,
    /// The most processes of one function.
    pub concurrency: u16,
    /// Whether the functions are built with optimisations, as for deployment.
    pub release: bool,
    /// Whether a change of the code rebuilds and restarts them.
    pub reload: bool,
    /// Where the processes find their runtime API, `http://127.0.0.1:1234`.
    pub runtime_api: String,
}

/// `cargo lambda watch`.
pub struct Functions {
    program: PathBuf,
    places: Places,
    target: PathBuf,
    options: Options,
    names: Vec<(String, bool)>,
    timeout: Duration,
    http: Client,
}

fn clean(command: &mut Command) {
    for name in told_by_cargo() {
        command.env_remove(name);
    }
}

/// Builds the functions and nothing else, with cargo's own progress. Without `-p`, so that the
/// features, and so the dependencies, are those of `cargo test`, and nothing is built twice.
pub async fn build(root: &Path, system: &System, release: bool, guardian: &Guardian) -> Result<()> {
    // cargo-lambda asks cargo for the whole dependency tree, with what other platforms need: here
    // its download is seen.
    run_cargo(root, &["fetch"], guardian).await?;
    let mut build = vec!["build"];
    build.extend(release.then_some("--release"));
    build.extend(system.functions.iter().flat_map(|function| ["--bin", &function.name]));
    run_cargo(root, &build, guardian).await
}

async fn run_cargo(root: &Path, arguments: &[&str], guardian: &Guardian) -> Result<()> {
    let mut command = Command::new(cargo());
    clean(&mut command);
    command.args(arguments).current_dir(root);
    command.env(MARK, guardian.mark()).stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.spawn().doing("starting cargo")?;
    let pid = child.id().unwrap_or_default();
    guardian.watch(pid);
    let status = child.wait().await.doing("waiting for cargo")?;
    guardian.forget(pid);
    if status.success() {
        return Ok(());
    }
    Err(Error::Setup(format!("cargo {} failed: see above", arguments.join(" "))))
}

impl Functions {
    /// The functions of `system`; `environment` is what every function gets besides its own, and
    /// `target` is where cargo builds.
    pub fn new(
        program: PathBuf,
        places: &Places,
        target: &Path,
        system: &System,
        environment: &BTreeMap<String, String>,
        options: Options,
    ) -> Result<Self> {
        let directory = places.state.join("functions");
        std::fs::create_dir_all(&directory).doing("making the functions' directory")?;
        script(&directory.join("cargo"))?;
        for function in &system.functions {
            let file = directory.join(format!("{}.env", function.name));
            replace(&file, shell(function, environment).as_bytes())?;
        }
        Ok(Self {
            program,
            places: places.clone(),
            target: target.join(if options.release { "release" } else { "debug" }),
            options,
            names: system
                .functions
                .iter()
                .map(|function| (function.name.clone(), !function.routes.is_empty()))
                .collect(),
            timeout: system
                .functions
                .iter()
                .map(|function| function.timeout)
                .max()
                .unwrap_or(Duration::from_secs(3)),
            http: Client::new(),
        })
    }

    /// One first invocation of every function, so that it runs before the first real one comes.
    async fn warm(&self) -> Result<()> {
        let base = format!("http://127.0.0.1:{}", self.options.port);
        try_join_all(self.names.iter().map(|(name, http)| {
            let request = if *http {
                self.http.get(format!("{base}/lambda-url/{name}/"))
            } else {
                self.http
                    .post(format!("{base}/2015-03-31/functions/{name}/invocations"))
                    .json(&json!({ "Records": [] }))
            };
            async move {
                let answer = request.timeout(FIRST_ANSWER_WITHIN).send().await;
                let answer = answer.doing(format!("the function {name} does not answer"))?;
                if answer.status().is_server_error() {
                    let text = answer.text().await.unwrap_or_default();
                    return Err(Error::Setup(format!("the function {name} fails: {text}")));
                }
                Ok(())
            }
        }))
        .await?;
        Ok(())
    }
}

impl Service for Functions {
    fn name(&self) -> &'static str {
        "functions"
    }

    fn command(&self) -> Command {
        let directory = self.places.state.join("functions");
        let mut command = Command::new(&self.program);
        clean(&mut command);
        command
            .args(["lambda", "watch", "--invoke-address", "127.0.0.1", "--disable-cors"])
            .args(["--invoke-port", &self.options.port.to_string()])
            .args(["--concurrency", &self.options.concurrency.to_string()])
            // The last resort for an invocation that got lost; the runtime API knows each
            // function's own time.
            .args(["--timeout", &self.timeout.as_secs().to_string()])
            .args(self.options.release.then_some("--release"))
            .args((!self.options.reload).then_some("--ignore-changes"))
            .current_dir(&self.places.root)
            .env("CARGO", directory.join("cargo"))
            .env("OMS_CARGO", cargo())
            .env("OMS_FUNCTIONS", &directory)
            .env("OMS_TARGET", &self.target)
            .env("OMS_RUNTIME_API", &self.options.runtime_api)
            .env("OMS_BUILD", if self.options.reload { "yes" } else { "no" });
        command
    }

    async fn ready(&self) -> Result<()> {
        let address = ("127.0.0.1", self.options.port);
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.warm().await
    }

    fn shows(&self) -> fn(&str) -> Option<String> {
        news
    }
}

/// Set while the demo data is made, which has some payments declined and some orders refused on
/// purpose.
static EXPECTS_WARNINGS: AtomicBool = AtomicBool::new(false);

/// Whether warnings of the functions are no news from now on.
pub fn expect_warnings(expected: bool) {
    EXPECTS_WARNINGS.store(expected, Ordering::Relaxed);
}

/// A line as the developer at the terminal is shown it, where they are: an entry of the log as a
/// sentence.
fn news(line: &str) -> Option<String> {
    let line = line.trim();
    if !is_news(line) {
        return None;
    }
    let entry =
        serde_json::from_str::<Map<String, Value>>(line).ok().filter(|entry| entry.contains_key("level"));
    let Some(entry) = entry else { return Some(line.to_owned()) };
    if entry["level"] == "WARN" && EXPECTS_WARNINGS.load(Ordering::Relaxed) {
        return None;
    }
    Some(sentence(&entry))
}

/// An entry of the log, without what only machines need.
fn sentence(entry: &Map<String, Value>) -> String {
    let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let span = entry.get("span").and_then(Value::as_object).into_iter().flatten();
    let known = ["timestamp", "level", "target", "message", "span", "spans", "name"];
    let facts = entry.iter().chain(span).filter(|(name, _)| !known.contains(&name.as_str()));
    let facts: Vec<String> = facts.map(|(name, value)| format!("{name}: {}", shown(value))).collect();
    let message = entry.get("message").map(shown).unwrap_or_default();
    let level = if entry["level"] == "ERROR" { "error: " } else { "" };
    format!("! {level}{message} ({})", facts.join(", "))
}

/// What a developer wants to see besides the log: what the compiler says, panics, warnings and
/// errors.
fn is_news(line: &str) -> bool {
    let line = line.trim();
    let quiet = [" INFO", "INFO", "DEBUG", "TRACE"].iter().any(|level| line.starts_with(level));
    let quiet_json = line.starts_with('{')
        && ["INFO", "DEBUG", "TRACE"].iter().any(|level| line.contains(&format!("\"level\":\"{level}\"")));
    // Figures in CloudWatch's format are for machines.
    let figures = line.starts_with('{') && line.contains(r#""_aws":{"#);
    // The script says it better when a process dies.
    let known = line.contains("command killed");
    !(line.is_empty() || quiet || quiet_json || figures || known)
}

/// A function's environment, for the script to read. Where the services are here stands last, and
/// so counts; and by its access key the table knows which function calls.
fn shell(function: &Function, environment: &BTreeMap<String, String>) -> String {
    let role: BTreeMap<String, String> = [("AWS_ACCESS_KEY_ID".to_owned(), function.name.clone())].into();
    let all = function.environment.iter().chain(environment).chain(&role);
    all.map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', r"'\''"))).collect()
}

fn script(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    replace(path, include_bytes!("function.sh"))?;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).doing("making the functions' script")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_survives_the_shell() {
        let function = Function {
            id: "F".to_owned(),
            name: "f".to_owned(),
            environment: [("KEYS".to_owned(), r#"{"it's": "$HOME `x` \ "}"#.to_owned())].into(),
            ..Function::default()
        };
        let script = shell(&function, &BTreeMap::new()) + "printf %s \"$KEYS\"";
        let output = std::process::Command::new("sh").arg("-c").arg(script).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), r#"{"it's": "$HOME `x` \ "}"#);
    }

    #[test]
    fn an_entry_of_the_log_is_shown_as_a_sentence_and_nothing_as_raw_json() {
        let entry = r#"{"timestamp":"2026-11-22T10:42:21Z","level":"WARN","message":"a business rule forbids it",
            "code":"insufficient_stock","target":"oms_core::http::error","span":{"request_id":"r-1","name":"request"}}"#;
        let entry = entry.replace('\n', "");
        let shown = "! a business rule forbids it (code: insufficient_stock, request_id: r-1)";
        assert_eq!(news(&entry).as_deref(), Some(shown));
        let error = entry.replace("WARN", "ERROR");
        assert_eq!(news(&error), Some(shown.replace("! ", "! error: ")));
        assert_eq!(news(&entry.replace("WARN", "INFO")), None);
        assert_eq!(news("error[E0308]: mismatched types").as_deref(), Some("error[E0308]: mismatched types"));
        expect_warnings(true);
        assert_eq!((news(&entry), news(&error).is_some()), (None, true));
        expect_warnings(false);
        assert!(news(&entry).is_some());
    }

    #[test]
    fn a_log_line_of_no_interest_stays_in_the_log() {
        assert!(!is_news(r#"{"timestamp":"…","level":"INFO","fields":{}}"#));
        assert!(is_news(r#"{"timestamp":"…","level":"ERROR","fields":{}}"#));
        assert!(!is_news(r#"{"_aws":{"Timestamp":1795410439998},"ConsumerLag":[12]}"#));
        assert!(!is_news(r#"{"OrdersPlaced":1,"_aws":{"Timestamp":1795410439998}}"#));
        assert!(is_news("error[E0308]: mismatched types"));
        assert!(!is_news(" INFO starting lambda function"));
    }
}

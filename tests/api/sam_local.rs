//! The events of `events/` in Lambda's own container, by `sam local invoke`: where there are
//! Docker, `sam` and the functions that `cargo functions` builds, and containers reach the table.

use crate::invocations::{EVENTS, Expected, check};
use oms_tests::events::{filled, function_of};
use oms_tests::stack;
use oms_tests::stack::root;
use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Names the `env.json` of a running `cargo dev --bind …`, to use that rather than the tests' own
/// stack.
const ENVIRONMENT: &str = "OMS_SAM_LOCAL_ENV";
/// The image that functions run in.
const IMAGE: &str = "public.ecr.aws/lambda/provided";
/// What containers call the machine that they run on.
const MACHINE: &str = "host.docker.internal";
/// How long a service may take to answer a connection.
const PATIENCE: Duration = Duration::from_secs(2);
/// What is answered to Stripe where there is no secret of Stripe's.
const NO_STRIPE: Expected = Expected::Http(404, r#""error":"Not found""#);

/// This machine's processors, as the template and an ELF header name them.
pub(crate) const ARCHITECTURE: (&str, u16) =
    if cfg!(target_arch = "aarch64") { ("arm64", 183) } else { ("x86_64", 62) };

/// A stack that containers reach.
struct Reached {
    environment: PathBuf,
    settings: HashMap<String, String>,
    webhook_secret: Option<String>,
}

#[test]
fn every_event_is_answered_as_it_is_listed_in_lambdas_own_container() {
    match has_tools().and_then(|()| has_functions()).and_then(|()| reached()) {
        Err(why) => eprintln!("skipped, no event was sent by `sam local invoke`: {why}"),
        Ok(stack) => EVENTS.iter().for_each(|(name, expected)| try_event(&stack, name, *expected)),
    }
}

fn try_event(stack: &Reached, name: &str, expected: Expected) {
    let setting = |token: &str| stack.settings.get(token).cloned().expect("dev.env has the tokens");
    let secret = stack.webhook_secret.as_deref();
    let expected = if name == "payments/webhook" && secret.is_none() { NO_STRIPE } else { expected };
    let file = stack.environment.with_file_name("sam-event.json");
    fs::write(&file, filled(name, setting, secret).to_string()).expect("the state directory can be written");
    check(name, expected, &invoke(stack, &logical_id(function_of(name)), &file));
}

/// What a function answers in its container.
fn invoke(stack: &Reached, id: &str, event: &Path) -> Value {
    let (architecture, _) = ARCHITECTURE;
    let done = Command::new("sam")
        .args(["local", "invoke", id, "--template", "template.yaml", "--skip-pull-image"])
        .args(["--add-host", &format!("{MACHINE}:host-gateway")])
        .args(["--parameter-overrides", &format!("Architecture={architecture} PaymentGateway=simulated")])
        .arg("--event")
        .arg(event)
        .arg("--env-vars")
        .arg(&stack.environment)
        .env("SAM_CLI_TELEMETRY", "0")
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .expect("sam starts");
    let said = String::from_utf8_lossy(&done.stdout);
    let answer = said.lines().rev().find_map(|line| serde_json::from_str(line.trim()).ok());
    answer.unwrap_or_else(|| panic!("{id}: {said}\n{}", String::from_utf8_lossy(&done.stderr)))
}

/// A function's name in the template: `order-items` is `OrderItems`.
fn logical_id(function: &str) -> String {
    let capitalised = |word: &str| word[..1].to_uppercase() + &word[1..];
    function.split('-').map(capitalised).collect()
}

/// Whether `sam` can start containers of Lambda's image.
fn has_tools() -> Result<(), String> {
    run("docker", &["info"])?;
    run("sam", &["--version"])?;
    let images = run("docker", &["images", "--quiet", IMAGE])?;
    if images.trim().is_empty() { Err(format!("Docker has no image of {IMAGE}")) } else { Ok(()) }
}

/// Whether all functions have been built for this machine.
fn has_functions() -> Result<(), String> {
    let (name, machine) = ARCHITECTURE;
    for (event, _) in EVENTS {
        let path = root().join("target").join("lambda").join(function_of(event)).join("bootstrap");
        let binary = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        // The header begins with a mark; what it was built for is its tenth number of 16 bits.
        let is_ours = binary.starts_with(b"\x7fELF") && binary.get(18..20) == Some(&machine.to_le_bytes());
        if !is_ours {
            return Err(format!("{} was not built for {name}", path.display()));
        }
    }
    Ok(())
}

/// The stack that is named, or the tests' own where it can be reached from outside.
fn reached() -> Result<Reached, String> {
    let named = std::env::var_os(ENVIRONMENT).map(|path| root().join(path));
    let is_named = named.is_some();
    let environment = named.unwrap_or_else(|| stack().directory().join("env.json"));
    let text = read(&environment)?;
    let functions: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    if !is_named {
        check_reachable(functions["Orders"]["AWS_ENDPOINT_URL_DYNAMODB"].as_str().unwrap_or_default())?;
    }
    let settings = read(&environment.with_file_name("dev.env"))?;
    let settings = settings.lines().filter_map(|line| line.split_once('='));
    let secret = functions["Payments"]["STRIPE_WEBHOOK_SECRET"].as_str().filter(|secret| !secret.is_empty());
    Ok(Reached {
        settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        webhook_secret: secret.map(str::to_owned),
        environment,
    })
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Whether something listens where containers look for the table: at Docker's bridge, where they
/// name the machine.
fn check_reachable(url: &str) -> Result<(), String> {
    let gateway = "{{(index .IPAM.Config 0).Gateway}}";
    let bridge = run("docker", &["network", "inspect", "bridge", "--format", gateway])?;
    let address = url.trim_start_matches("http://").replace(MACHINE, bridge.trim());
    let address = address.to_socket_addrs().ok().and_then(|mut found| found.next());
    let connected = address.is_some_and(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok());
    if connected {
        return Ok(());
    }
    Err(format!(
        "containers do not reach the table of the tests; {ENVIRONMENT} may name another stack's env.json"
    ))
}

/// What a command prints, or why it did not succeed.
fn run(program: &str, arguments: &[&str]) -> Result<String, String> {
    let done = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let done = done.map_err(|error| format!("{program}: {error}"))?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("{program} {}: {}", arguments.join(" "), said.lines().last().unwrap_or_default()))
}

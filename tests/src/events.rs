//! The events of `events/`: what each function is invoked with by AWS, as files.

use crate::localstripe::signature;
use crate::stack::root;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The tokens that an event may ask for. `dev.env` has them under the same names.
const TOKENS: [&str; 2] = ["TOKEN_CUSTOMER", "TOKEN_STAFF"];
/// What stands where Stripe signs an event: a signature holds for five minutes, so no file can have
/// one.
const SIGNATURE: &str = "STRIPE_SIGNATURE";

/// The names of all events, `<function>/<what it is>`, sorted.
///
/// # Panics
/// Where the directory cannot be read, or holds what is no event.
#[must_use]
pub fn names() -> Vec<String> {
    let mut names = Vec::new();
    for function in entries(&directory()).into_iter().filter(|path| path.is_dir()) {
        for file in entries(&function) {
            let (name, extension) = (file.file_stem(), file.extension());
            assert!(extension.is_some_and(|extension| extension == "json"), "{}", file.display());
            names.push(format!("{}/{}", text(function.file_name()), text(name)));
        }
    }
    names.sort();
    names
}

/// The function that an event is for.
///
/// # Panics
/// Where the name has none.
#[must_use]
pub fn function_of(name: &str) -> &str {
    name.split_once('/').expect("<function>/<what it is>").0
}

/// An event as its file has it.
///
/// # Panics
/// Where there is no such file, or it is no JSON.
#[must_use]
pub fn event(name: &str) -> Value {
    let path = directory().join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An event with tokens where it asks for them, and, given Stripe's secret, with Stripe's signature
/// of now.
#[must_use]
pub fn filled(name: &str, setting: impl Fn(&str) -> String, secret: Option<&str>) -> Value {
    let mut event = event(name);
    if let Some(Value::String(authorization)) = event.pointer_mut("/headers/authorization") {
        for token in TOKENS {
            *authorization = authorization.replace(token, &setting(token));
        }
    }
    if let Some(secret) = secret.filter(|_| event["headers"]["stripe-signature"] == SIGNATURE) {
        let now = jiff::Timestamp::now().as_second();
        let signed = signature(event["body"].as_str().unwrap_or_default(), now, secret);
        event["headers"]["stripe-signature"] = signed.into();
    }
    event
}

fn directory() -> PathBuf {
    root().join("events")
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("events/ can be read");
    entries.map(|entry| entry.expect("events/ can be read").path()).collect()
}

fn text(name: Option<&std::ffi::OsStr>) -> &str {
    name.and_then(std::ffi::OsStr::to_str).expect("names are plain text")
}

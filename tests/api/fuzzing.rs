//! What others make of the document: a validator reads it, and schemathesis sends to every
//! operation what the document allows and what it does not. Longer than in every run:
//! `FUZZ_SECONDS=600 FUZZ_SEED=7 cargo test -p oms-tests --test api -- fuzzing`.

use oms_tests::pypi::{program, run};
use oms_tests::stack;
use oms_tests::stack::root;
use oms_tests::world::{Stage, Who, World};
use serde_json::{Value, json};
use std::process::Command;

/// How long each caller's requests take in every run, in seconds.
const SECONDS: &str = "40";
/// Which of all possible requests are made in every run.
const SEED: &str = "1";

/// What is held of every answer. Not: that what the document allows is accepted, since no schema
/// tells stock, prices and statuses; nor that what it does not is refused, since numbers are read
/// from strings.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,allow_header_conformance,ignored_auth";

#[test]
fn the_document_is_valid_openapi() {
    let file = root().join("functions/docs/openapi.json");
    run(Command::new(program("openapi-spec-validator")).args(["--schema", "3.1.0"]).arg(file));
}

#[tokio::test]
async fn whatever_is_sent_by_staff_is_answered_as_the_document_says() {
    fuzz(Who::Staff).await;
}

#[tokio::test]
async fn whatever_is_sent_by_a_customer_is_answered_as_the_document_says() {
    fuzz(Who::Owner).await;
}

async fn fuzz(who: Who) {
    let world = World::at(Stage::Payable).await;
    let client = world.who(who);
    let token = client.token().expect("they have a token");
    let file = stack().directory().join(format!("openapi-{who:?}.json"));
    let document = strict(oms_openapi::document()).to_string();
    std::fs::write(&file, world.with_ids(&document)).expect("the checkout can be written");
    let setting = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let mut command = Command::new(program("schemathesis"));
    command
        .env("SCHEMATHESIS_HOOKS", "fuzzing")
        .env("PYTHONPATH", root().join("tests"))
        .arg("run")
        .arg(&file)
        .args(["--url", stack().setting("API_URL")])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--checks", CHECKS, "--phases", "examples,coverage,fuzzing"])
        .args(["--max-time", &setting("FUZZ_SECONDS", SECONDS), "--seed", &setting("FUZZ_SEED", SEED)])
        .args(["--workers", "1", "--request-timeout", "30", "--suppress-health-check", "all"])
        .args(["--warnings", "off", "--no-color", "--continue-on-failure"])
        .current_dir(stack().directory());
    let ran = tokio::task::spawn_blocking(move || run(&mut command)).await;
    let printed = ran.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
    assert!(printed.contains("No issues found"), "{printed}");
}

/// The document, with no field in an answer that it does not name.
fn strict(mut document: Value) -> Value {
    for (_, schema) in document["components"]["schemas"].as_object_mut().into_iter().flatten() {
        if schema.get("properties").is_some() {
            schema["additionalProperties"] = json!(false);
        }
    }
    document
}

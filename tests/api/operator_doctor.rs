//! `orderctl doctor`, `api` and `token`, against the running system and ones that are not well.

use crate::operator::{orderctl, orderctl_with};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use oms_tests::{OwnTable, Person, stack};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// The settings of the whole running system.
fn settings() -> Vec<(&'static str, &'static str)> {
    [
        ("TOPIC_ARN", "TOPIC_ARN"),
        ("QUEUE_URL", "QUEUE_URL"),
        ("SETTLEMENTS_QUEUE_URL", "SETTLEMENTS_QUEUE_URL"),
        ("FAILURE_QUEUE_URL", "FAILURE_QUEUE_URL"),
        ("AWS_ENDPOINT_URL_SNS", "SNS_URL"),
        ("AWS_ENDPOINT_URL_SQS", "SQS_URL"),
        ("API_URL", "API_URL"),
    ]
    .map(|(name, there)| (name, stack().setting(there)))
    .into()
}

/// What doctor says of each check: its state and its words.
async fn doctor(table: &str, settings: &[(&str, &str)]) -> (Vec<(String, String, String)>, Option<i32>) {
    let dynamodb = stack().setting("DYNAMODB_URL");
    let (said, status) = orderctl_with(settings, table, dynamodb, &["doctor", "--json"]).await;
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("no JSON: {said}"));
    let checks = report["checks"].as_array().unwrap_or_else(|| panic!("no checks: {said}"));
    let text = |check: &Value, name: &str| check[name].as_str().expect("a text").to_owned();
    let checks = checks.iter().map(|check| (text(check, "check"), text(check, "state"), text(check, "what")));
    (checks.collect(), status)
}

fn states<'a>(checks: &'a [(String, String, String)], state: &str) -> Vec<&'a str> {
    checks.iter().filter(|check| check.1 == state).map(|check| check.0.as_str()).collect()
}

#[tokio::test]
async fn a_healthy_system_has_nothing_that_is_wrong() {
    let (checks, status) = doctor(stack().setting("TABLE_NAME"), &settings()).await;
    assert_eq!((states(&checks, "fail"), status), (Vec::new(), Some(0)), "{checks:?}");
    let ok = states(&checks, "ok");
    for name in
        ["credentials", "clock", "api", "table", "keys", "indexes", "stream", "expiry", "topic", "jobs"]
    {
        assert!(ok.contains(&name), "{name}: {checks:?}");
    }
    // What it cannot know it says.
    assert_eq!(states(&checks, "unknown"), ["tokens", "gateway", "backups", "consumers"], "{checks:?}");
}

#[tokio::test]
async fn what_is_wrong_is_named_with_what_mends_it() {
    let own = OwnTable::create().await;
    let jwks = stack().jwks().to_string();
    let mut wrong = settings();
    wrong.retain(|(name, _)| *name != "API_URL");
    wrong.extend([
        ("API_URL", "http://127.0.0.1:1"),
        ("QUEUE_URL", "http://127.0.0.1:1/000000000000/none"),
        ("AUTH_ISSUER", "https://issuer.local"),
        ("AUTH_AUDIENCE", "oms"),
        ("AUTH_JWKS", "{}"),
        ("PAYMENT_GATEWAY", "stripe"),
        ("STRIPE_SECRET_KEY", "sk_test_1"),
        ("STRIPE_API_URL", "http://127.0.0.1:1"),
    ]);
    let (checks, status) = doctor(&own.name, &wrong).await;
    let mut failed = states(&checks, "fail");
    failed.sort_unstable();
    assert_eq!(failed, ["api", "expiry", "gateway", "jobs", "stream", "tokens"], "{checks:?}");
    assert_eq!(status, Some(1));
    let right = [("AUTH_ISSUER", "https://issuer.local"), ("AUTH_AUDIENCE", "oms"), ("AUTH_JWKS", &*jwks)];
    let (checks, _) = doctor(&own.name, &right).await;
    assert!(states(&checks, "ok").contains(&"tokens"), "{checks:?}");
    let (checks, status) = doctor("no-such-table", &[]).await;
    assert_eq!((states(&checks, "fail"), status), (vec!["table"], Some(1)), "{checks:?}");
}

/// What answers as Lambda does, and what it was asked.
async fn lambda(mappings: Value) -> (String, Arc<Mutex<Vec<String>>>) {
    type Asked = (Value, Arc<Mutex<Vec<String>>>);
    async fn list(State((mappings, asked)): State<Asked>, request: Request) -> impl IntoResponse {
        let signed = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let signed = signed.unwrap_or_default().to_owned();
        asked.lock().expect("no test panics with it").push(format!("{} {signed}", request.uri()));
        Json(mappings)
    }
    let asked = Arc::new(Mutex::new(Vec::new()));
    let router = axum::Router::new().fallback(list).with_state((mappings, Arc::clone(&asked)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, asked)
}

#[tokio::test]
async fn lambda_is_asked_who_reads_the_present_stream() {
    let reader = json!({
        "UUID": "1", "FunctionArn": "arn:aws:lambda:us-east-1:1:function:oms-Stats",
        "State": "Enabled", "LastProcessingResult": "OK",
    });
    for (mappings, failed) in [(vec![&reader, &reader], vec![]), (vec![&reader], vec!["consumers"])] {
        let (url, asked) = lambda(json!({ "EventSourceMappings": mappings })).await;
        let mut settings = settings();
        settings.push(("AWS_ENDPOINT_URL_LAMBDA", &url));
        let (checks, _) = doctor(stack().setting("TABLE_NAME"), &settings).await;
        assert_eq!(states(&checks, "fail"), failed, "{checks:?}");
        let asked = asked.lock().expect("no test panics with it").join("\n");
        assert!(asked.contains("/2015-03-31/event-source-mappings/?EventSourceArn=arn%3Aaws%3A"), "{asked}");
        assert!(
            asked.contains("AWS4-HMAC-SHA256 Credential=")
                && asked.contains("/us-east-1/lambda/aws4_request")
        );
    }
}

#[tokio::test]
async fn a_request_is_made_as_it_is_typed_and_its_status_is_told() {
    let ada = Person::new("ada", None);
    let token = ada.client.token().expect("she has a token");
    let settings = [("API_URL", stack().setting("API_URL")), ("TOKEN_CUSTOMER", token)];
    let api = async |arguments: &[&str]| orderctl_with(&settings, "", "", arguments).await;
    let (said, status) = api(&["api", "GET", "/api/orders/my_orders/", "--as", "customer"]).await;
    assert!(status == Some(0) && said.contains("\n  \"count\": 0,"), "{said}");
    let (said, status) = api(&["api", "GET", "/api/orders/my_orders/"]).await;
    assert_eq!(status, Some(1), "{said}");
    let body =
        r#"{"full_name": "Ada", "address_line1": "1", "city": "Ely", "postal_code": "1", "country": "GB"}"#;
    let posted = [
        "--json",
        "api",
        "POST",
        "/api/addresses/",
        "-d",
        body,
        "-H",
        "Idempotency-Key: 1",
        "--token",
        token,
    ];
    let (said, status) = api(&posted).await;
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("no JSON: {said}"));
    assert_eq!((status, &report["status"], &report["body"]["city"]), (Some(0), &json!(201), &json!("Ely")));
}

#[tokio::test]
async fn a_token_is_shown_to_its_own_api_alone() {
    async fn moved() -> impl IntoResponse {
        (StatusCode::FOUND, [("location", "/elsewhere")])
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(moved)).await });
    let api = [("API_URL", url.as_str())];
    let elsewhere = format!("{}/api/orders/", stack().setting("API_URL"));
    let (said, status) = orderctl_with(&api, "", "", &["api", "GET", &elsewhere, "--token", "a.b.c"]).await;
    assert!(status == Some(2) && said.contains("does not lead to"), "{said}");
    let (said, status) =
        orderctl_with(&api, "", "", &["--json", "api", "GET", "/", "--token", "a.b.c"]).await;
    assert!(status == Some(0) && said.contains("\"status\":302"), "no redirect is followed: {said}");
}

#[tokio::test]
async fn a_token_of_the_checkout_is_taken_by_its_system() {
    let (said, status) = orderctl("", "", &["token", "--user", "staff"]).await;
    assert_eq!(status, Some(0), "{said}");
    let settings = [("API_URL", stack().setting("API_URL")), ("TOKEN_STAFF", said.trim())];
    let (said, status) =
        orderctl_with(&settings, "", "", &["api", "GET", "/api/orders/?page_size=1", "--as", "staff"]).await;
    assert_eq!(status, Some(0), "{said}");
}

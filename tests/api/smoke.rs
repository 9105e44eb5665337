//! `orderctl smoke` against the running system, and against one that fails it.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use oms_tests::{Person, eventually, stack};
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::process::Command;

/// What orderctl says of a deployment, and the status that it ends with.
async fn smoke(api: &str, token: &str, arguments: &[&str]) -> (String, Option<i32>) {
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(2).expect("tests are in target/debug/deps");
    let done = Command::new(target.join("orderctl"))
        .arg("smoke")
        .arg(api)
        .args(arguments)
        .env_clear()
        .env("TOKEN_ADMIN", token)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("orderctl starts");
    (String::from_utf8_lossy(&done.stdout).into_owned(), done.status.code())
}

fn admin() -> (Person, String) {
    let admin = Person::new("admin", Some("admin"));
    let token = admin.client.token().expect("an admin has a token").to_owned();
    (admin, token)
}

/// The id that a step says it made.
fn made<'a>(said: &'a str, step: &str) -> &'a str {
    let line = said.lines().find(|line| line.starts_with("ok") && line.contains(step));
    let words = line.unwrap_or_else(|| panic!("no {step} in {said}")).split_whitespace();
    let id = words.map(|word| word.trim_end_matches(':')).find(|word| word.parse::<uuid::Uuid>().is_ok());
    id.unwrap_or_else(|| panic!("{step} names nothing: {said}"))
}

/// Where that which a run has made was.
fn places(said: &str) -> [String; 4] {
    [("a store", "stores"), ("a product", "products"), ("an address", "addresses"), ("an order", "orders")]
        .map(|(what, path)| format!("/api/{path}/{}/", made(said, what)))
}

#[tokio::test]
async fn a_healthy_deployment_passes_and_nothing_is_left_behind() {
    let (admin, token) = admin();
    let of_user = format!("/api/orders/order_stats/?user={}", admin.id);
    let before = admin.client.get(&of_user).await.expect(200);
    let (said, status) = smoke(stack().setting("API_URL"), &token, &[]).await;
    assert_eq!(status, Some(0), "{said}");
    for (step, told) in [
        ("health", "gateway simulated; reached: "),
        ("place it again", "from the same Idempotency-Key"),
        ("pay ", "paid"),
        ("deliver", "delivered"),
        ("counted", "drift 0"),
        ("told", "payment_success"),
        ("refund", "refunded"),
        ("delete the order", "gone"),
    ] {
        let is_it = |line: &&str| line.starts_with(&format!("ok      {step}"));
        let line = said.lines().find(is_it).unwrap_or_else(|| panic!("no {step} in {said}"));
        assert!(line.contains(told), "{line}");
    }
    assert!(said.ends_with(": all well; nothing is left behind\n"), "{said}");

    for place in places(&said) {
        assert_eq!(admin.client.get(&place).await.status, 404, "{place}");
    }
    let same = |stats: &Value| *stats == before;
    eventually(|| async { admin.client.get(&of_user).await.expect(200) }, same).await;
    let store = made(&said, "a store");
    let of_store = format!("/api/orders/order_stats/?store={store}&verify=true");
    let gone = eventually(
        || async { admin.client.get(&of_store).await.expect(200) },
        |stats: &Value| stats["total_orders"] == 0 && stats["orders_behind"] == 0,
    );
    assert_eq!(gone.await["drift"], 0);
    let paid = admin.client.get(&format!("/api/payments/payment_stats/?user={}", admin.id)).await.expect(200);
    assert_eq!(paid["total_payments"], 0, "{paid}");
    assert_eq!(admin.client.get("/api/notifications/?is_read=false").await.expect(200)["count"], 0);
}

#[tokio::test]
async fn it_says_why_it_cannot_begin() {
    let api = stack().setting("API_URL");
    let (_, token) = admin();
    let staff = Person::new("staff", Some("staff"));
    let staff = staff.client.token().expect("staff has a token");
    let stranger = "http://127.0.0.1:1";
    for (api, token, told) in [
        (api, "secret", "the token is refused; it is no JWT"),
        (api, &token.replace('.', "x."), "the token is refused; it "),
        (api, staff, "the token is no admin's"),
        (api, "", "whose token? Set TOKEN_ADMIN"),
        (
            stranger,
            token.as_str(),
            "http://127.0.0.1:1 does not answer: GET /api/health/: the connection failed",
        ),
        (stack().setting("DYNAMODB_URL"), &token, "is not this API"),
        ("shop.example", &token, "shop.example is no address of the API"),
        ("https://nowhere.invalid", &token, "https://nowhere.invalid does not answer"),
    ] {
        let (said, status) = smoke(api, token, &[]).await;
        assert!(said.contains(told) && !said.contains("create"), "{told}: {said}");
        assert_eq!(status, Some(2), "{said}");
        assert!(token.is_empty() || !said.contains(token), "a token is not to be shown: {said}");
    }
}

/// Answers a request in the API's stead, by its method and path; nothing where the API is to
/// answer.
type Script = Arc<dyn Fn(&str, &str) -> Option<(u16, Value)> + Send + Sync>;

/// The API behind something that fails where a script says so; its address.
async fn failing(script: Script) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let router = Router::new().fallback(pass).with_state((reqwest::Client::new(), script));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn pass(
    State((http, script)): State<(reqwest::Client, Script)>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some((status, body)) = script(method.as_str(), uri.path()) {
        return (StatusCode::from_u16(status).expect("a status"), body.to_string()).into_response();
    }
    headers.remove("host");
    let upstream = http.request(method, format!("{}{uri}", stack().setting("API_URL"))).headers(headers);
    let answer = upstream.body(body).send().await.expect("the API answers");
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, answer.bytes().await.expect("the answer has an end")).into_response()
}

#[tokio::test]
async fn what_was_made_is_removed_where_a_step_fails() {
    let (admin, token) = admin();
    let api = failing(Arc::new(|method, path| {
        let breaks = method == "PATCH" && path.ends_with("/ship_order/");
        breaks.then(|| (500, json!({ "error": "out of paper" })))
    }));
    let (said, status) = smoke(&api.await, &token, &[]).await;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("/ship_order/ was answered 500: {\"error\":\"out of paper\"}"), "{said}");
    assert!(said.ends_with(" 1 failed: ship; nothing is left behind\n"), "{said}");
    assert!(!said.contains("counted"), "{said}");
    for place in places(&said) {
        assert_eq!(admin.client.get(&place).await.status, 404, "{place}");
    }
}

#[tokio::test]
async fn what_cannot_be_removed_is_named_and_keeps_nothing_else() {
    let (admin, token) = admin();
    let api = failing(Arc::new(|method, path| {
        let keeps = method == "DELETE" && path.starts_with("/api/addresses/");
        keeps.then(|| (403, json!({ "error": "Insufficient permissions" })))
    }));
    let (said, status) = smoke(&api.await, &token, &[]).await;
    assert_eq!(status, Some(1), "{said}");
    let address = made(&said, "an address");
    let named = format!(" 1 failed: delete the address; left behind: the address {address}\n");
    assert!(said.ends_with(&named), "{said}");
    for place in places(&said) {
        let status = if place.contains(address) { 200 } else { 404 };
        assert_eq!(admin.client.get(&place).await.status, status, "{place}");
    }
}

#[tokio::test]
async fn real_money_is_never_moved() {
    let (admin, token) = admin();
    let api = failing(Arc::new(|_, path| match path {
        "/api/health/" => {
            let reached = json!({ "table": "ok", "topic": "ok", "queue": "ok" });
            let health = json!({ "status": "ok", "version": "1", "gateway": "stripe", "reached": reached });
            Some((200, health))
        }
        path if path.starts_with("/api/payments/") => Some((500, json!({ "error": "A payment!" }))),
        _ => None,
    }));
    let api = api.await;
    let (said, status) = smoke(&api, &token, &[]).await;
    assert!(said.contains("the gateway is stripe, which takes real money: say --without-payment"), "{said}");
    assert_eq!(status, Some(2));
    let (said, status) = smoke(&api, &token, &["--without-payment"]).await;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("order_delivered") && !said.contains("pay  "), "{said}");
    for place in places(&said) {
        assert_eq!(admin.client.get(&place).await.status, 404, "{place}");
    }
}

#[tokio::test]
async fn a_consumer_that_does_not_work_is_found_out() {
    let (_, token) = admin();
    let api = failing(Arc::new(|method, path| {
        let empty = json!({ "count": 0, "next": null, "previous": null, "results": [] });
        (method == "GET" && path == "/api/notifications/").then_some((200, empty))
    }));
    let (said, status) = smoke(&api.await, &token, &["--patience", "2"]).await;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("not within 2 s: no notification"), "{said}");
    assert!(said.ends_with(" 1 failed: told; nothing is left behind\n"), "{said}");
}

//! What the functions log: one JSON object a line, with what happened and nothing that is private.

use oms_tests::shop::text;
use oms_tests::{Function, Proxy, Shop, stack};
use serde_json::{Value, json};

/// What a function has logged. Read and written again a line is as long as before, unless a key
/// stands in it twice.
fn lines(function: &Function) -> Vec<Value> {
    let read = |line: &String| {
        let read: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(read.to_string().len(), line.len(), "a key stands twice: {line}");
        read
    };
    function.log_lines().iter().map(read).collect()
}

/// The lines of a level, or those that say something.
fn of<'a>(lines: &'a [Value], name: &'a str, value: &'a str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line[name] == value).collect()
}

/// Pays an order with a function that logs so much, and cancels it with another; what each logged.
async fn paid_and_cancelled(level: &str) -> (Vec<Value>, String) {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let mut payments = Function::start("payments", &[("LOG_LEVEL", level)]).await;
    let mut orders = Function::start("orders", &[("LOG_LEVEL", level)]).await;
    let mut body = ada.order_of(&shop, &mug, 1);
    body["notes"] = json!("Ring at Lovelace");
    let placed = orders.request(ada.client.token(), "/api/orders/", &body).await;
    let (_, order) = placed.expect("it lives");
    let pay = json!({
        "order": order["id"], "payment_method": "credit_card", "payment_details": { "token": "tok_approve" },
    });
    let (_, payment) = payments.request(ada.client.token(), "/api/payments/", &pay).await.expect("it lives");
    let process = format!("/api/payments/{}/process_payment/", text(&payment["id"]));
    for status in [200, 400] {
        let answer = payments.request(ada.client.token(), &process, &json!({})).await.expect("it lives");
        assert_eq!(answer.0, status, "{}", answer.1);
    }
    let bulk = json!({ "order_ids": [order["id"]], "status": "delivered" });
    let path = "/api/orders/bulk_update_status/";
    let answer = orders.request(shop.vendor.client.token(), path, &bulk).await.expect("it lives");
    assert_eq!(answer.0, 200, "{}", answer.1);

    let all: Vec<Value> = [lines(&orders), lines(&payments)].concat();
    let whole = [orders.log_lines(), payments.log_lines()].concat().join("\n");
    let token = ada.client.token().expect("a token");
    for private in [token, "@example", "Lovelace", "St James", "tok_approve", "Ring at"] {
        assert!(!whole.contains(private), "{private} was logged");
    }
    for (line, code) in [("a business rule forbids it", "code"), ("an order was not moved", "refusal")] {
        let told = of(&all, "message", line);
        let [warned] = told[..] else { panic!("one line: {told:?}") };
        assert_eq!(warned["level"], "WARN");
        assert!(warned[code].is_string(), "{warned}");
        let span = &warned["span"];
        let named = if warned["order"].is_null() { &span["order"] } else { &warned["order"] };
        assert_eq!(named, &order["id"], "{warned}");
        assert!(text(&span["path"]).starts_with("/api/"), "{warned}");
        assert!(span["user"].is_string() && span["request_id"].is_string(), "{warned}");
    }
    (all, text(&order["id"]).to_owned())
}

#[tokio::test]
async fn debug_tells_each_request_of_the_table_each_decision_and_each_call_of_the_gateway() {
    let (lines, order) = paid_and_cancelled("DEBUG").await;
    assert!(of(&lines, "level", "TRACE").is_empty());
    let calls = of(&lines, "message", "called");
    assert!(calls.iter().all(|call| call["level"] == "DEBUG" && call["duration_us"].is_u64()), "{calls:?}");
    for operation in ["GetItem", "PutItem"] {
        let is_it = |call: &&&Value| call["operation"] == operation && call["kinds"] == "ORDER/ORDER";
        let call = calls.iter().find(is_it).unwrap_or_else(|| panic!("no {operation}: {calls:#?}"));
        assert!(call["units"].as_f64() > Some(0.0), "{call}");
    }
    let is_read = |call: &&&Value| {
        let operation = call["operation"].as_str().unwrap_or_default();
        ["GetItem", "BatchGetItem", "Query"].contains(&operation)
    };
    let untold: Vec<_> = calls.iter().filter(is_read).filter(|call| call["units"].is_null()).collect();
    assert!(untold.is_empty(), "what a read cost is told: {untold:#?}");
    let decided = of(&lines, "message", "decided");
    let started = decided.iter().find(|line| line["action"] == "process_payment").expect("a decision");
    assert_eq!(
        (&started["from"], &started["to"], &started["span"]["order"]),
        (&json!("pending"), &json!("pending"), &json!(order))
    );
    let refused = of(&lines, "message", "refused");
    assert!(
        refused.iter().any(|line| line["refusal"].is_string() && line["from"] == "pending"),
        "{refused:?}"
    );
    let asked = of(&lines, "message", "asked the gateway");
    let [asked] = asked[..] else { panic!("one charge: {asked:?}") };
    assert_eq!(
        (&asked["gateway"], &asked["call"], &asked["said"]),
        (&json!("simulated"), &json!("charge"), &json!("paid"))
    );
}

#[tokio::test]
async fn info_tells_what_was_done_and_trace_still_more() {
    let (lines, _) = paid_and_cancelled("INFO").await;
    assert!(of(&lines, "level", "DEBUG").is_empty() && of(&lines, "level", "TRACE").is_empty());
    assert!(!of(&lines, "message", "order changed").is_empty());
    let (lines, _) = paid_and_cancelled("TRACE").await;
    assert!(of(&lines, "level", "TRACE").len() > 10);
}

#[tokio::test]
async fn calls_that_are_tried_again_are_warned_of() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let proxy = Proxy::before(stack().setting("DYNAMODB_URL")).await;
    let mut orders = Function::start("orders", &[("AWS_ENDPOINT_URL_DYNAMODB", &proxy.url)]).await;
    proxy.cut(Some(oms_tests::Cut::Before(0)), None);
    let path = "/api/orders/0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000/";
    let answer = orders.send("GET", ada.client.token(), path, Some(&json!({})), &[]).await;
    assert_eq!(answer.expect("it lives").0, 404);
    let lines = lines(&orders);
    let warned = of(&lines, "message", "trying a call again");
    let [warned] = warned[..] else { panic!("one line: {lines:#?}") };
    assert_eq!((&warned["level"], &warned["operation"]), (&json!("WARN"), &json!("GetItem")));
    assert_eq!(warned["span"]["path"], path);
}

#[tokio::test]
async fn consumers_log_well_formed_lines_too() {
    let mut worker = Function::start("job-worker", &[]).await;
    let event = json!({ "Records": [{ "messageId": "m-1", "body": "no job" }] });
    worker.invoke(event).await;
    let lines = lines(&worker);
    let failed = of(&lines, "message_id", "m-1");
    let [failed] = failed[..] else { panic!("one line: {lines:?}") };
    assert_eq!(
        (&failed["level"], &failed["message"]),
        (&json!("ERROR"), &json!("a job must be tried again"))
    );
}

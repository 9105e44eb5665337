//! What DynamoDB answers on AWS and the emulator never does: a batch leaves out what is too much, a
//! transaction is throttled.

use oms_tests::shop::text;
use oms_tests::{Function, Person, Proxy, Shop, stack};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

async fn behind_a_proxy(name: &str, table: &str) -> (Function, Proxy) {
    let proxy = Proxy::before(stack().setting("DYNAMODB_URL")).await;
    let environment = [("AWS_ENDPOINT_URL_DYNAMODB", proxy.url.as_str()), ("TABLE_NAME", table)];
    (Function::start(name, &environment).await, proxy)
}

/// A transaction that came to nothing, for the same reason at each of its items.
fn cancelled(request: &Value, code: &str) -> (u16, Value) {
    let items = request["TransactItems"].as_array().map_or(1, Vec::len);
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException";
    let reasons = vec![json!({ "Code": code, "Message": "It came to nothing." }); items];
    let message =
        format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{code}]");
    (400, json!({ "__type": kind, "Message": message, "CancellationReasons": reasons }))
}

/// Has the first so many requests of an operation answered otherwise; counts all of them.
fn first(
    proxy: &Proxy,
    times: usize,
    operation: &'static str,
    answer: impl Fn(&Value) -> (u16, Value) + Send + Sync + 'static,
) -> Arc<AtomicUsize> {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    proxy.play(Arc::new(move |what, request| {
        let is_it = what == operation && count.fetch_add(1, Ordering::Relaxed) < times;
        is_it.then(|| answer(request))
    }));
    asked
}

async fn get(function: &mut Function, person: &Person, path: &str) -> (u16, Value) {
    function.send("GET", person.client.token(), path, None, &[]).await.expect("it answers")
}

#[tokio::test]
async fn what_a_batch_leaves_out_is_asked_for_again_up_to_a_limit() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let name = stack().setting("TABLE_NAME");
    let (mut catalog, proxy) = behind_a_proxy("catalog", name).await;
    let path = format!("/api/addresses/{}/", text(&ada.address));
    let unprocessed =
        |request: &Value| (200, json!({ "Responses": {}, "UnprocessedKeys": request["RequestItems"] }));
    let asked = first(&proxy, 3, "BatchGetItem", unprocessed);
    let began = std::time::Instant::now();
    let (status, address) = get(&mut catalog, &ada, &path).await;
    assert_eq!((status, &address["id"], asked.load(Ordering::Relaxed)), (200, &ada.address, 4));
    assert!(began.elapsed().as_millis() >= 20 + 40 + 80, "without a pause it would be left out again");
    let asked = first(&proxy, usize::MAX, "BatchGetItem", unprocessed);
    let (status, answer) = get(&mut catalog, &ada, &path).await;
    assert_eq!((status, &answer["code"]), (503, &json!("unavailable")), "{answer}");
    assert!(asked.load(Ordering::Relaxed) <= 10);
}

#[tokio::test]
async fn a_transaction_that_is_throttled_is_tried_again_and_then_503() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let (mut orders, proxy) = behind_a_proxy("orders", stack().setting("TABLE_NAME")).await;
    let body = ada.order_of(&shop, &mug, 1);
    for code in ["ThrottlingError", "ProvisionedThroughputExceeded", "TransactionConflict"] {
        first(&proxy, 2, "TransactWriteItems", move |request| cancelled(request, code));
        let made = orders.request(ada.client.token(), "/api/orders/", &body).await;
        assert_eq!(made.map(|(status, _)| status), Some(201), "{code}");
    }
    let throttled = |request: &Value| cancelled(request, "ThrottlingError");
    let asked = first(&proxy, usize::MAX, "TransactWriteItems", throttled);
    let (status, answer) =
        orders.request(ada.client.token(), "/api/orders/", &body).await.expect("it answers");
    assert_eq!((status, &answer["code"]), (503, &json!("unavailable")), "{answer}");
    // For as long as the invocation may wait.
    assert!((2..=40).contains(&asked.load(Ordering::Relaxed)));
    assert_eq!(shop.stock(&mug).await, 7);
}

#[tokio::test]
async fn a_write_that_meets_a_transaction_is_made_once_that_has_ended() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let (mut orders, proxy) = behind_a_proxy("orders", stack().setting("TABLE_NAME")).await;
    let kind = "com.amazonaws.dynamodb.v20120810#TransactionConflictException";
    let conflict =
        move |_: &Value| (400, json!({ "__type": kind, "message": "Transaction is ongoing for the item" }));
    first(&proxy, 4, "PutItem", conflict);
    let path = format!("/api/orders/{}/confirm_order/", text(&order["id"]));
    let confirmed = orders.send("PATCH", shop.staff.client.token(), &path, None, &[]).await;
    assert_eq!(
        confirmed.map(|(status, order)| (status, order["status"].clone())),
        Some((200, json!("confirmed")))
    );
}

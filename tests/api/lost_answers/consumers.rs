//! The same of the consumers of the stream and of the queue: at a table of the test's own, where no
//! other is at work. What they leave there is, item by item, what those leave that hear every
//! answer.

use crate::repeats::record;
use oms_tests::shop::text;
use oms_tests::{Client, Function, Goods, OwnTable, Person, Proxy, Shop, blurred, different_lines, stack};
use serde_json::{Value, json};

/// How often an event is delivered at most, as by the stream.
const DELIVERIES: u32 = 4;
/// What differs from run to run: the tokens of saves and the stamps of counters.
const RANDOM: [&str; 2] = ["k", "z"];

/// Runs a function at a table over some events, as it should be or with every answer to a write
/// lost; what it answers, and how many were.
async fn run(name: &str, table: &OwnTable, loses: bool, events: &[Value]) -> (Vec<Option<Value>>, usize) {
    let proxy = Proxy::before(stack().setting("DYNAMODB_URL")).await;
    let environment = [("AWS_ENDPOINT_URL_DYNAMODB", proxy.url.as_str()), ("TABLE_NAME", &table.name)];
    if loses {
        proxy.lose_answers_to_writes();
    }
    let mut answers = Vec::new();
    for event in events {
        // A fresh one each time: the SDK makes only so many calls of a process again.
        let mut function = Function::start(name, &environment).await;
        let mut answer = None;
        for _ in 0..DELIVERIES {
            answer = function.invoke(event.clone()).await;
            if answer.as_ref().is_some_and(|answer| answer["batchItemFailures"] == json!([])) {
                break;
            }
        }
        answers.push(answer);
    }
    (answers, proxy.lost())
}

/// Hands the same events to a function at two tables that hold the same, and compares what comes of
/// it.
async fn compare(name: &str, held: &[Value], events: &[Value]) {
    let (plain, lossy) = futures::join!(OwnTable::create(), OwnTable::create());
    for item in held {
        plain.put(item).await;
        lossy.put(item).await;
    }
    let (expected, _) = run(name, &plain, false, events).await;
    let (answers, lost) = run(name, &lossy, true, events).await;
    assert!(lost > 0, "{name}: no answer was lost");
    assert!(answers.iter().flatten().all(|answer| answer["batchItemFailures"] == json!([])), "{answers:?}");
    assert_eq!(answers, expected, "{name}");
    let (expected, found) = (left(&plain).await, left(&lossy).await);
    assert!(expected.len() > held.len(), "{name} has written nothing new");
    for (expected, found) in expected.iter().zip(&found) {
        assert_eq!(found, expected, "{name}: {}", different_lines(found, expected));
    }
    assert_eq!(found.len(), expected.len(), "{name}");
}

/// The items of a table without what is random of them.
async fn left(table: &OwnTable) -> Vec<String> {
    let items = table.items().await.into_iter().map(|mut item| {
        forget(&mut item);
        blurred(&item)
    });
    items.collect()
}

fn forget(value: &mut Value) {
    if let Value::Object(fields) = value {
        fields.retain(|name, _| !RANDOM.contains(&name.as_str()));
        fields.values_mut().for_each(forget);
    } else if let Value::Array(values) = value {
        values.iter_mut().for_each(forget);
    }
}

/// The order as it stands in the table.
async fn image(person: &Person, order: &Value) -> Value {
    person.client.item(&format!("ORDER#{}", text(&order["id"])), "ORDER").await
}

async fn open() -> (Shop, Goods, Person) {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    (shop, mug, ada)
}

#[tokio::test]
async fn the_consumers_of_the_stream_count_and_tell_once_where_answers_are_lost() {
    let (shop, mug, ada) = open().await;
    let order = ada.order(&shop, &mug, 2).await;
    let placed = image(&ada, &order).await;
    ada.pays(&order).await;
    shop.does("confirm_order", &order).await.expect(200);
    let confirmed = image(&ada, &order).await;
    shop.does("ship_order", &order).await.expect(200);
    let other = ada.order(&shop, &mug, 1).await;
    shop.does("cancel_order", &other).await.expect(200);
    let (shipped, cancelled) = (image(&ada, &order).await, image(&ada, &other).await);
    let batch = |images: &[&Value]| json!({ "Records": (1..).zip(images).map(|(n, image)| record(n, image)).collect::<Vec<_>>() });
    let events = [batch(&[&placed]), batch(&[&placed, &confirmed]), batch(&[&shipped, &cancelled])];
    for name in ["stats-aggregator", "notification-publisher"] {
        compare(name, &[shipped.clone(), cancelled.clone()], &events).await;
    }
}

#[tokio::test]
async fn the_worker_settles_once_where_answers_are_lost() {
    let (shop, mug, ada) = open().await;
    let order = ada.order(&shop, &mug, 1).await;
    let new = json!({
        "order": order["id"], "payment_method": "credit_card",
        "payment_details": { "token": "tok_timeout_after" },
    });
    let payment = ada.client.post("/api/payments/", new).await.expect(201);
    let process = format!("/api/payments/{}/process_payment/", text(&payment["id"]));
    ada.client.post(&process, json!({})).await.expect(202);
    let mut processing = image(&ada, &order).await;
    // The stack's own worker may have settled it by now: this is how the worker of the test finds
    // it.
    let log = processing["log"]["L"].as_array_mut().expect("an order has a log");
    log.truncate(3);
    assert_eq!(log[2]["M"]["a"]["S"], "process_payment");
    processing["version"]["N"] = json!("3");
    processing["payments"]["L"][0]["M"]["status"]["S"] = json!("processing");
    for late in ["processed_at", "gateway_response"] {
        processing["payments"]["L"][0]["M"].as_object_mut().expect("a payment").remove(late);
    }
    let job = json!({ "job": "settle_payment", "order": order["id"] });
    let event = json!({ "Records": [{ "messageId": "1", "body": job.to_string() }] });
    compare("job-worker", &[processing], &[event.clone(), event]).await;
}

#[tokio::test]
async fn the_worker_moves_each_order_of_a_job_once_where_answers_are_lost() {
    let (shop, mug, ada) = open().await;
    let client = Client::stranger();
    let (mut ids, mut held) = (Vec::new(), Vec::new());
    for paid in [false, true] {
        let order = ada.order(&shop, &mug, 1).await;
        if paid {
            ada.pays(&order).await;
        }
        held.push(image(&ada, &order).await);
        ids.push(order["id"].clone());
    }
    let shelf = format!("PRODUCT#{}", text(&mug.product));
    held.push(client.item(&shelf, &format!("STOCK#{}", text(&mug.variant))).await);
    let store = format!("STORE#{}", text(&shop.store["id"]));
    held.push(client.item(&store, "STORE").await);
    // Named so often that it is more than a request waits for.
    let many: Vec<Value> = ids.iter().cycle().take(101).cloned().collect();
    let new = json!({ "order_ids": many, "status": "cancelled" });
    let accepted = shop.vendor.client.post("/api/orders/bulk_update_status/", new).await.expect(202);
    let job = format!("JOB#{}", text(&accepted["job"]));
    held.push(client.item(&job, "JOB").await);
    held.push(client.item(&job, "PIECE#00000").await);
    // What the gateway holds of the paid one's first payment.
    let paid: uuid::Uuid = text(&ids[1]).parse().expect("an id");
    let charge = uuid::Uuid::from_u128(paid.as_u128() | 0x8000);
    held.push(client.item(&format!("GATEWAY#SIMULATED#{charge}"), "CHARGE").await);
    let job = json!({ "job": "bulk_update", "id": accepted["job"], "piece": 0 });
    let event = json!({ "Records": [{ "messageId": "1", "body": job.to_string() }] });
    compare("job-worker", &held, &[event.clone(), event]).await;
}

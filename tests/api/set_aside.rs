//! Records that would fail each time: a consumer sets them aside, its shard goes on, and an
//! operator mends them. What passes is waited for instead.

use crate::operator::orderctl_with;
use crate::repeats::record;
use oms_tests::shop::text;
use oms_tests::{Client, Function, OwnQueue, OwnTable, Person, Proxy, Shop, eventually, stack};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const CONSUMERS: [(&str, &str); 2] = [("stats-aggregator", "stats"), ("notification-publisher", "publisher")];
/// Where nobody answers.
const NOWHERE: &str = "http://127.0.0.1:9";
/// How often Lambda tried a record again before it was told to do so for a day.
const ONCE_THE_LIMIT: usize = 6;

/// A table and a failure queue of a test's own, with some confirmed orders, oldest first.
struct World {
    table: OwnTable,
    failures: OwnQueue,
    ada: Person,
    images: Vec<Value>,
}

impl World {
    async fn open(orders: usize) -> Self {
        let shop = Shop::open().await;
        let mug = shop.sells("Mug", 10).await;
        let ada = shop.customer().await;
        let (table, failures) = (OwnTable::create().await, OwnQueue::create().await);
        let mut images = Vec::new();
        for _ in 0..orders {
            let order = ada.order(&shop, &mug, 1).await;
            shop.does("confirm_order", &order).await.expect(200);
            let image = ada.client.item(&format!("ORDER#{}", text(&order["id"])), "ORDER").await;
            table.put(&image).await;
            images.push(image);
        }
        Self { table, failures, ada, images }
    }

    async fn consumer(&self, name: &str, more: &[(&str, &str)]) -> Function {
        let environment = [("TABLE_NAME", &*self.table.name), ("FAILURE_QUEUE_URL", &*self.failures.url)];
        Function::start(name, &[&environment[..], more].concat()).await
    }

    /// One batch of all orders, as they are here.
    fn batch(&self) -> Value {
        let records = (1..).zip(&self.images).map(|(number, image)| record(number, image));
        json!({ "Records": records.collect::<Vec<_>>() })
    }

    async fn redrive(&self) -> (String, Option<i32>) {
        let names =
            ["TOPIC_ARN", "QUEUE_URL", "SETTLEMENTS_QUEUE_URL"].map(|name| (name, stack().setting(name)));
        let endpoints = ["AWS_ENDPOINT_URL_SNS", "AWS_ENDPOINT_URL_SQS"];
        let endpoints = endpoints.map(|name| (name, stack().setting("SQS_URL")));
        let queue = [("FAILURE_QUEUE_URL", &*self.failures.url)];
        let dynamodb = stack().setting("DYNAMODB_URL");
        let environment = [&names[..], &endpoints, &queue].concat();
        orderctl_with(&environment, &self.table.name, dynamodb, &["redrive", "--failures"]).await
    }
}

/// The same order, of which nothing can be made.
fn spoilt(image: &Value) -> Value {
    let mut image = image.clone();
    image["items"] = json!({ "S": "lost" });
    image
}

fn all_done() -> Option<Value> {
    Some(json!({ "batchItemFailures": [] }))
}

fn sent_back(numbers: &[u32]) -> Option<Value> {
    let failures = numbers.iter().map(|number| json!({ "itemIdentifier": format!("{number:021}") }));
    Some(json!({ "batchItemFailures": failures.collect::<Vec<_>>() }))
}

#[tokio::test]
async fn a_poison_record_is_set_aside_its_neighbours_are_applied_and_a_redrive_mends_it() {
    let mut world = World::open(3).await;
    let healthy = world.images[1].clone();
    world.images[1] = spoilt(&healthy);
    world.table.put(&world.images[1]).await;
    for (name, consumer) in CONSUMERS {
        let mut function = world.consumer(name, &[]).await;
        assert_eq!(function.invoke(world.batch()).await, all_done(), "{name}");
        assert_eq!(world.table.count(&format!("APPLIED#{consumer}")).await, 2, "{name}");
    }
    let told = world.failures.look().await;
    let expected = |consumer: &str| {
        json!({
            "consumer": consumer, "eventID": "2", "SequenceNumber": format!("{:021}", 2),
            "Keys": { "pk": healthy["pk"], "sk": healthy["sk"] },
            "reason": "an item could not be read or written as an order",
        })
    };
    assert_eq!(told, [expected("stats"), expected("publisher")]);

    let (said, status) = world.redrive().await;
    assert!(said.starts_with("0 of 2 messages are mended"), "{said}");
    assert!(said.contains(text(&healthy["pk"]["S"])) && status == Some(1), "{said}");
    world.table.put(&healthy).await;
    assert_eq!(world.redrive().await, ("2 of 2 messages are mended\n".to_owned(), Some(0)));
    for (_, consumer) in CONSUMERS {
        assert_eq!(world.table.count(&format!("APPLIED#{consumer}")).await, 3);
    }
    assert_eq!(world.failures.look().await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_lambda_gave_up_itself_is_mended_from_all_orders() {
    let world = World::open(2).await;
    let range = json!({ "shardId": "shardId-1", "startSequenceNumber": "1", "endSequenceNumber": "2" });
    world.failures.send(&json!({ "requestContext": {}, "DDBStreamBatchInfo": range })).await;
    let (said, status) = world.redrive().await;
    assert_eq!((&*said, status), ("1 of 1 messages are mended\n2 orders were looked at\n", Some(0)));
    for (_, consumer) in CONSUMERS {
        assert_eq!(world.table.count(&format!("APPLIED#{consumer}")).await, 2);
    }
    assert_eq!(world.failures.look().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_poison_record_that_the_failure_queue_does_not_take_comes_again() {
    let mut world = World::open(2).await;
    world.images[0] = spoilt(&world.images[0]);
    for (name, consumer) in CONSUMERS {
        let mut function = world.consumer(name, &[("AWS_ENDPOINT_URL_SQS", NOWHERE)]).await;
        assert_eq!(function.invoke(world.batch()).await, sent_back(&[1]), "{name}");
        assert_eq!(world.table.count(&format!("APPLIED#{consumer}")).await, 1, "{name}");
    }
}

#[tokio::test]
async fn what_is_no_record_of_a_stream_is_set_aside_by_what_is_known_of_it() {
    let world = World::open(1).await;
    let mut batch = world.batch();
    let broken = json!({ "eventID": "9", "dynamodb": { "SequenceNumber": "9", "NewImage": 7 } });
    batch["Records"].as_array_mut().expect("records").push(broken);
    for (name, consumer) in CONSUMERS {
        let mut function = world.consumer(name, &[]).await;
        assert_eq!(function.invoke(batch.clone()).await, all_done(), "{name}");
        assert_eq!(world.table.count(&format!("APPLIED#{consumer}")).await, 1, "{name}");
    }
    let told = world.failures.look().await;
    let known: Vec<_> = told.iter().map(|told| (text(&told["eventID"]), &told["Keys"])).collect();
    assert_eq!(known, [("9", &Value::Null), ("9", &Value::Null)]);
}

/// A write that DynamoDB refuses.
fn refused_write(code: &str) -> (u16, Value) {
    let message = "Item size has exceeded the maximum allowed size";
    (400, json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": message }))
}

#[tokio::test]
async fn an_order_that_the_table_refuses_is_found_among_others_and_a_throttled_one_is_not_set_aside() {
    for (code, expected, counted, told) in
        [("ValidationException", all_done(), 2, 1), ("ThrottlingException", sent_back(&[2]), 2, 0)]
    {
        let world = World::open(3).await;
        let proxy = Proxy::before(stack().setting("DYNAMODB_URL")).await;
        let refused = text(&world.images[1]["pk"]["S"]).to_owned();
        proxy.play(Arc::new(move |operation, request| {
            let is_it = operation == "PutItem" && request.to_string().contains(&refused);
            is_it.then(|| refused_write(code))
        }));
        let mut function =
            world.consumer("stats-aggregator", &[("AWS_ENDPOINT_URL_DYNAMODB", &*proxy.url)]).await;
        let answer = function.invoke(world.batch()).await;
        assert_eq!((answer, world.table.count("APPLIED#stats").await), (expected, counted), "{code}");
        assert_eq!(world.failures.look().await.len(), told, "{code}");
    }
}

#[tokio::test]
async fn an_outage_of_the_topic_beyond_the_retries_of_old_loses_nothing() {
    let world = World::open(2).await;
    let mut cut_off = world.consumer("notification-publisher", &[("AWS_ENDPOINT_URL_SNS", NOWHERE)]).await;
    cut_off.may_take(Duration::from_secs(4));
    for _ in 0..=ONCE_THE_LIMIT {
        let answer = cut_off.invoke(world.batch()).await.expect("it lives");
        assert_eq!(answer["batchItemFailures"].as_array().map(Vec::len), Some(2), "{answer}");
    }
    assert_eq!(world.failures.look().await, Vec::<Value>::new());
    let mut publisher = world.consumer("notification-publisher", &[]).await;
    assert_eq!(publisher.invoke(world.batch()).await, all_done());
    assert_eq!(world.table.count("APPLIED#publisher").await, 2);
    let told = || async { world.ada.client.get("/api/notifications/").await.expect(200) };
    eventually(told, |told: &Value| told["count"] == 2).await;
}

#[tokio::test]
async fn a_poison_record_in_the_stream_holds_up_nobody() {
    let client = Client::stranger();
    let pk = format!("ORDER#{}", uuid::Uuid::new_v4());
    let poison = json!({ "pk": { "S": pk }, "sk": { "S": "ORDER" } });
    client.dynamodb("PutItem", json!({ "Item": poison })).await;
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    // So many that each shard has some.
    for _ in 0..8 {
        let order = ada.order(&shop, &mug, 1).await;
        shop.does("confirm_order", &order).await.expect(200);
    }
    let stats = || async { ada.client.get("/api/orders/order_stats/").await.expect(200) };
    eventually(stats, |stats: &Value| stats["confirmed_orders"] == 8).await;
    let told = || async { ada.client.get("/api/notifications/").await.expect(200) };
    eventually(told, |told: &Value| told["count"] == 8).await;
    let failures = OwnQueue { url: stack().setting("FAILURE_QUEUE_URL").to_owned() };
    let is_told = |told: &Vec<Value>| told.iter().filter(|told| told["Keys"]["pk"]["S"] == *pk).count() >= 2;
    eventually(|| failures.look(), is_told).await;
}

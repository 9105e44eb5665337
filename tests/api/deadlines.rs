//! What a function waits for may never answer: it answers all the same, before Lambda ends it.

use crate::repeats::record;
use oms_tests::localstripe::LocalStripe;
use oms_tests::shop::text;
use oms_tests::{Function, Proxy, Shop, stack};
use serde_json::{Value, json};
use std::time::Duration;

/// Too little for one call of a gateway that stalls, and for what follows it.
const SHORT: Duration = Duration::from_secs(9);

async fn silent() -> Proxy {
    let proxy = Proxy::before("http://127.0.0.1:9").await;
    proxy.fall_silent();
    proxy
}

/// What an answer to a batch sends back.
fn sent_back(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().expect("a list of failures");
    let mut records: Vec<&str> = failures.iter().map(|failure| text(&failure["itemIdentifier"])).collect();
    records.sort_unstable();
    records
}

#[tokio::test]
async fn a_gateway_that_stalls_is_answered_for_in_time_and_settled_later() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let stripe = LocalStripe::start().await;
    let mut payments = Function::start("payments", &stripe.environment()).await;
    let mut paths = Vec::new();
    for _ in 0..3 {
        let order = ada.order(&shop, &mug, 1).await;
        let details = json!({ "token": "pm_card_visa" });
        let new =
            json!({ "order": order["id"], "payment_method": "credit_card", "payment_details": details });
        let payment = ada.client.post("/api/payments/", new).await.expect(201);
        paths.push((format!("/api/payments/{}/", text(&payment["id"])), order["id"].clone()));
    }
    let process = |path: &str| format!("{path}process_payment/");
    let ask = ada.client.token();
    let paid = payments.request(ask, &process(&paths[0].0), &json!({})).await;
    assert_eq!(paid.map(|(status, _)| status), Some(200));

    stripe.proxy.fall_silent();
    payments.may_take(SHORT);
    for (path, _) in &paths[1..] {
        let (status, body) = payments.request(ask, &process(path), &json!({})).await.expect("it lives");
        assert_eq!((status, &body["status"]), (202, &json!("processing")), "{body}");
    }
    let staff = shop.staff.client.token();
    let refund = format!("{}refund_payment/", paths[0].0);
    let (status, body) = payments.request(staff, &refund, &json!({})).await.expect("it lives");
    assert_eq!((status, &body["refunds"][0]["status"]), (202, &json!("pending")), "{body}");

    // The worker has time for the first four, side by side; the others come again.
    let mut worker = Function::start("job-worker", &stripe.environment()).await;
    worker.may_take(SHORT);
    let messages = paths.iter().cycle().zip(0_u8..6).map(|((_, order), number)| {
        let job = json!({ "job": "settle_payment", "order": order });
        json!({ "messageId": number.to_string(), "body": job.to_string() })
    });
    let event = json!({ "Records": messages.collect::<Vec<_>>() });
    let answer = worker.invoke(event).await.expect("it lives");
    assert_eq!(sent_back(&answer), ["4", "5"]);
}

/// An order that nobody has told of: another one's image under an id of its own.
fn copy_of(image: &Value, sequence: u32) -> Value {
    let id = uuid::Uuid::from_u128(uuid::Uuid::new_v4().as_u128() >> 16 << 16);
    let mut image = image.clone();
    image["pk"] = json!({ "S": format!("ORDER#{id}") });
    record(sequence, &image)
}

#[tokio::test]
async fn with_the_topic_out_of_reach_the_publisher_sends_back_what_it_could_not_tell() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    shop.does("confirm_order", &order).await.expect(200);
    let image = ada.client.item(&format!("ORDER#{}", text(&order["id"])), "ORDER").await;
    // The stack's own publisher has told of the order itself: there is nothing left to say.
    let told = || async { ada.client.get("/api/notifications/").await.expect(200) };
    oms_tests::eventually(told, |told: &Value| told["count"] == 1).await;

    let topic = silent().await;
    let mut publisher =
        Function::start("notification-publisher", &[("AWS_ENDPOINT_URL_SNS", &topic.url)]).await;
    publisher.may_take(SHORT);
    let records = (1..25).map(|sequence| copy_of(&image, sequence)).chain([record(25, &image)]);
    let event = json!({ "Records": records.collect::<Vec<_>>() });
    let answer = publisher.invoke(event).await.expect("it lives");
    let untold: Vec<String> = (1..25).map(|sequence| format!("{sequence:021}")).collect();
    assert_eq!(sent_back(&answer), untold);
}

#[tokio::test]
async fn with_the_table_out_of_reach_nothing_is_waited_for_past_the_end() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let image = ada.client.item(&format!("ORDER#{}", text(&order["id"])), "ORDER").await;
    let table = Proxy::before(stack().setting("DYNAMODB_URL")).await;
    let environment = [("AWS_ENDPOINT_URL_DYNAMODB", table.url.as_str())];
    let mut orders = Function::start("orders", &environment).await;
    let mut statistics = Function::start("stats-aggregator", &environment).await;
    table.fall_silent();

    orders.may_take(Duration::from_secs(5));
    let body = ada.order_of(&shop, &mug, 1);
    let (status, answer) = orders.request(ada.client.token(), "/api/orders/", &body).await.expect("it lives");
    assert_eq!((status, &answer["code"]), (503, &json!("unavailable")));

    statistics.may_take(Duration::from_secs(5));
    let event = json!({ "Records": [record(1, &image), copy_of(&image, 2)] });
    let answer = statistics.invoke(event).await.expect("it lives");
    assert_eq!(sent_back(&answer), [format!("{:021}", 1), format!("{:021}", 2)]);
}

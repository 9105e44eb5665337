//! Bulk updates of more than 100 orders, by a job: messages that come twice, and a worker that
//! dies.

use futures::StreamExt;
use futures::future::join_all;
use oms_tests::shop::text;
use oms_tests::{Client, Person, Shop, eventually, send_job, stack};
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/api/orders/bulk_update_status/";
/// How many orders a job's piece has.
const PIECE: usize = 50;

/// A shop with orders, the first `shipped` of which can no longer be confirmed.
async fn shop_with(count: usize, shipped: usize) -> (Shop, Vec<Value>) {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 1_000).await;
    let ada = shop.customer().await;
    let placing = futures::stream::iter(0..count).map(|_| ada.order(&shop, &mug, 1));
    let orders: Vec<Value> = placing.buffered(16).collect().await;
    for order in &orders[..shipped] {
        for action in ["confirm_order", "ship_order"] {
            shop.does(action, order).await.expect(200);
        }
    }
    (shop, orders)
}

fn ids(orders: &[Value]) -> Vec<Value> {
    orders.iter().map(|order| order["id"].clone()).collect()
}

fn body(orders: &[Value], status: &str) -> Value {
    json!({ "order_ids": ids(orders), "status": status })
}

fn job_path(job: &Value) -> String {
    format!("{PATH}{}/", text(job))
}

async fn finished(person: &Person, job: &Value) -> Value {
    let path = job_path(job);
    let ask = || async { person.client.get(&path).await.expect(200) };
    eventually(ask, |page: &Value| page["status"] == "finished").await
}

/// The status and the version of each order.
async fn states(shop: &Shop, orders: &[Value]) -> Vec<(String, u64)> {
    let reading = futures::stream::iter(orders).map(|order| async {
        let path = format!("/api/orders/{}/", text(&order["id"]));
        let order = shop.staff.client.get(&path).await.expect(200);
        (text(&order["status"]).to_owned(), order["version"].as_u64().unwrap_or(0))
    });
    reading.buffered(16).collect().await
}

fn messages(jobs: &[Value]) -> Value {
    let records = jobs.iter().enumerate().map(|(number, job)| {
        json!({
            "messageId": number.to_string(), "receiptHandle": "r", "body": job.to_string(),
            "attributes": { "ApproximateReceiveCount": "1" }, "messageAttributes": {},
            "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:oms-Jobs",
            "awsRegion": "us-east-1",
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}

fn piece_of(job: &Value, piece: usize) -> Value {
    json!({ "job": "bulk_update", "id": job, "piece": piece })
}

#[tokio::test]
async fn two_hundred_and_fifty_orders_move_and_the_page_tells_which_did_not() {
    let (shop, orders) = shop_with(250, 3).await;
    let key = [("Idempotency-Key", "many")];
    let client = &shop.vendor.client;
    let accepted = client.send(Method::POST, PATH, Some(body(&orders, "confirmed")), &key).await;
    let again = client.send(Method::POST, PATH, Some(body(&orders, "confirmed")), &key).await;
    assert_eq!((accepted.status, again.status), (202, 202));
    assert_eq!((&again.body, again.header("idempotent-replayed")), (&accepted.body, "true"));
    let job = &accepted.body["job"];
    assert!(text(&accepted.body["status_url"]).ends_with(&job_path(job)), "{}", accepted.text);

    let page = finished(&shop.vendor, job).await;
    let error = "Order cannot be confirmed in its current status";
    let failed: Vec<Value> =
        orders[..3].iter().map(|order| json!({ "id": order["id"], "error": error })).collect();
    let expected = json!({
        "job": job, "status": "finished", "target": "confirmed", "total": 250, "done": 250,
        "updated_count": 247, "failed_count": 3, "failed": failed,
        "created_at": page["created_at"], "finished_at": page["finished_at"],
    });
    assert_eq!(page, expected);
    assert!(text(&page["finished_at"]) > text(&page["created_at"]));
    let states = states(&shop, &orders).await;
    assert!(states[..3].iter().all(|order| *order == ("shipped".to_owned(), 3)), "{states:?}");
    assert!(states[3..].iter().all(|order| *order == ("confirmed".to_owned(), 2)), "{states:?}");
    let history = format!("/api/orders/{}/history/", text(&orders[3]["id"]));
    let history = client.get(&history).await.expect(200);
    assert_eq!(history["results"][1]["by"], shop.vendor.id, "{history}");
}

#[tokio::test]
async fn many_requests_with_one_key_make_one_job() {
    let (shop, orders) = shop_with(1, 0).await;
    let body = body(&vec![orders[0].clone(); 101], "confirmed");
    let key = [("Idempotency-Key", "one job")];
    let client = &shop.vendor.client;
    let answers = join_all((0..8).map(|_| client.send(Method::POST, PATH, Some(body.clone()), &key))).await;
    let first = answers.iter().find(|answer| answer.status == 202).expect("one is accepted");
    for answer in &answers {
        assert!(answer.status == 409 || answer.body == first.body, "{}", answer.text);
    }
    let fresh = answers
        .iter()
        .filter(|answer| answer.status == 202 && answer.header("idempotent-replayed").is_empty());
    assert_eq!(fresh.count(), 1);
    assert_eq!(finished(&shop.vendor, &first.body["job"]).await["updated_count"], 1);
}

#[tokio::test]
async fn a_job_pays_back_once_also_where_the_gateway_first_gives_no_answer() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let mut orders = Vec::new();
    for token in ["tok_approve", "tok_refund_timeout_after", "tok_refund_fails", ""] {
        let order = ada.order(&shop, &mug, 1).await;
        if !token.is_empty() {
            let details = json!({ "token": token });
            let new =
                json!({ "order": order["id"], "payment_method": "credit_card", "payment_details": details });
            let payment = ada.client.post("/api/payments/", new).await.expect(201);
            let path = format!("/api/payments/{}/process_payment/", text(&payment["id"]));
            ada.client.post(&path, json!({})).await.expect(200);
        }
        for action in ["confirm_order", "ship_order"] {
            shop.does(action, &order).await.expect(200);
        }
        orders.push(order);
    }
    let many: Vec<Value> = orders.iter().cycle().take(101).cloned().collect();
    let accepted = shop.vendor.client.post(PATH, body(&many, "refunded")).await.expect(202);
    let page = finished(&shop.vendor, &accepted["job"]).await;
    let failed = json!([
        { "id": orders[2]["id"], "error": "Payment was declined" },
        { "id": orders[3]["id"], "error": "Order cannot be refunded in its current status" },
    ]);
    assert_eq!((&page["updated_count"], &page["failed"]), (&json!(2), &failed));
    for (order, status, refund) in
        [(0, "refunded", "succeeded"), (1, "refunded", "succeeded"), (2, "shipped", "failed")]
    {
        let path = format!("/api/orders/{}/", text(&orders[order]["id"]));
        let seen = ada.client.get(&path).await.expect(200);
        let refunds = seen["payments"][0]["refunds"].as_array().expect("a payment has refunds");
        assert_eq!(
            (&seen["status"], refunds.len(), &refunds[0]["status"]),
            (&json!(status), 1, &json!(refund))
        );
    }
}

#[tokio::test]
async fn a_job_that_has_stood_still_goes_on_when_its_page_is_looked_at() {
    let (shop, orders) = shop_with(1, 0).await;
    let many = vec![orders[0].clone(); 101];
    let accepted = shop.vendor.client.post(PATH, body(&many, "confirmed")).await.expect(202);
    let job = &accepted["job"];
    finished(&shop.vendor, job).await;
    // As if its messages had got lost long ago.
    let client = Client::stranger();
    let key = |sk: &str| json!({ "pk": { "S": format!("JOB#{}", text(job)) }, "sk": { "S": sk } });
    let long_ago = json!({
        "Key": key("JOB"),
        "UpdateExpression": "SET started_at = :then",
        "ExpressionAttributeValues": { ":then": { "S": "2026-01-01T00:00:00Z" } },
    });
    client.dynamodb("UpdateItem", long_ago).await;
    // Whatever that started has looked at the job by then, and found nothing to do.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    client.dynamodb("DeleteItem", json!({ "Key": key("RESULT#00000") })).await;

    assert_eq!(shop.staff.client.get(&job_path(job)).await.expect(200)["status"], "pending");
    assert_eq!(finished(&shop.vendor, job).await["updated_count"], 1);
}

#[tokio::test]
async fn only_its_maker_and_staff_see_a_job() {
    let (shop, orders) = shop_with(1, 0).await;
    let many = vec![orders[0].clone(); 101];
    let accepted = shop.vendor.client.post(PATH, body(&many, "confirmed")).await.expect(202);
    let path = job_path(&accepted["job"]);
    let other = Shop::open().await;
    let ada = shop.customer().await;
    for stranger in [&other.vendor, &ada] {
        let answer = stranger.client.get(&path).await;
        assert_eq!((answer.status, answer.error()), (404, "Job not found"));
    }
    assert_eq!(Client::stranger().get(&path).await.status, 401);
    assert_eq!(shop.staff.client.get(&path).await.status, 200);
    assert_eq!(finished(&shop.vendor, &accepted["job"]).await["total"], 1, "one order, however often named");
    for nonsense in ["x", "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000"] {
        assert_eq!(shop.staff.client.get(&format!("{PATH}{nonsense}/")).await.error(), "Job not found");
    }
}

#[tokio::test]
async fn a_vendor_cannot_make_a_job_of_an_order_of_another_store() {
    let (shop, mut orders) = shop_with(101, 0).await;
    let (_, theirs) = shop_with(1, 0).await;
    orders[77] = theirs[0].clone();
    let answer = shop.vendor.client.post(PATH, body(&orders, "confirmed")).await;
    assert_eq!(answer.status, 400);
    let message = "Some order IDs are invalid or don't belong to you.";
    assert_eq!(answer.body["details"], json!({ "order_ids": [message] }));
    assert!(states(&shop, &orders).await.iter().all(|order| *order == ("pending".to_owned(), 1)));
}

#[tokio::test]
async fn a_job_whose_messages_come_again_and_at_once_does_everything_once() {
    let (shop, orders) = shop_with(120, 1).await;
    let accepted = shop.staff.client.post(PATH, body(&orders, "cancelled")).await.expect(202);
    let job = &accepted["job"];
    let start = json!({ "job": "start_bulk_update", "id": job });
    let event = messages(&[start.clone(), piece_of(job, 0), piece_of(job, 1), piece_of(job, 2)]);
    let client = Client::stranger();
    let answers = join_all((0..3).map(|_| client.invoke("job-worker", &event))).await;
    for answer in answers {
        assert_eq!(answer, json!({ "batchItemFailures": [] }));
    }
    let page = finished(&shop.staff, job).await;
    assert_eq!((&page["updated_count"], &page["failed_count"]), (&json!(120), &json!(0)));
    let before = states(&shop, &orders).await;
    assert!(before[1..].iter().all(|order| *order == ("cancelled".to_owned(), 2)), "{before:?}");

    send_job(&start).await;
    send_job(&piece_of(job, 1)).await;
    assert_eq!(client.invoke("job-worker", &event).await, json!({ "batchItemFailures": [] }));
    assert_eq!(shop.staff.client.get(&job_path(job)).await.expect(200), page);
    assert_eq!(states(&shop, &orders).await, before);
}

#[tokio::test]
async fn what_a_job_moved_before_it_died_counts_as_moved_whatever_became_of_it_since() {
    let (shop, orders) = shop_with(101, 0).await;
    let accepted = shop.vendor.client.post(PATH, body(&orders, "confirmed")).await.expect(202);
    let job = &accepted["job"];
    let page = finished(&shop.vendor, job).await;
    assert_eq!(page["updated_count"], 101);
    // As if the worker had died between moving the orders and noting that it has.
    let client = Client::stranger();
    let key = json!({ "pk": { "S": format!("JOB#{}", text(job)) }, "sk": { "S": "RESULT#00000" } });
    client.dynamodb("DeleteItem", json!({ "Key": key })).await;
    let page = shop.vendor.client.get(&job_path(job)).await.expect(200);
    assert_eq!(
        (&page["status"], &page["done"], &page["finished_at"]),
        (&json!("running"), &json!(51), &Value::Null)
    );
    shop.does("ship_order", &orders[0]).await.expect(200);
    shop.does("cancel_order", &orders[1]).await.expect(200);

    let answer = client.invoke("job-worker", &messages(&[piece_of(job, 0)])).await;
    assert_eq!(answer, json!({ "batchItemFailures": [] }));
    let page = finished(&shop.vendor, job).await;
    assert_eq!((&page["updated_count"], &page["failed"]), (&json!(101), &json!([])));
    let states = states(&shop, &orders[..3]).await;
    let expected = [("shipped", 3), ("cancelled", 3), ("confirmed", 2)];
    assert_eq!(states, expected.map(|(status, version)| (status.to_owned(), version)));
}

#[tokio::test]
async fn a_worker_that_is_killed_in_the_middle_ends_the_job_with_the_right_numbers() {
    let (shop, orders) = shop_with(4 * PIECE, 2).await;
    let accepted = shop.vendor.client.post(PATH, body(&orders, "confirmed")).await.expect(202);
    let job = &accepted["job"];
    for last in [10, PIECE + 10] {
        let path = format!("/api/orders/{}/", text(&orders[last]["id"]));
        let read = || async { shop.vendor.client.get(&path).await.expect(200) };
        eventually(read, |order: &Value| order["status"] == "confirmed").await;
        stack().kill("job-worker");
    }
    let page = finished(&shop.vendor, job).await;
    assert_eq!((&page["done"], &page["updated_count"]), (&json!(200), &json!(198)));
    assert_eq!(page["failed_count"], 2);
    assert!(states(&shop, &orders[2..]).await.iter().all(|order| *order == ("confirmed".to_owned(), 2)));
}

#[tokio::test]
async fn a_message_that_is_no_job_is_sent_back_alone() {
    let (shop, orders) = shop_with(1, 0).await;
    let many = vec![orders[0].clone(); 101];
    let accepted = shop.vendor.client.post(PATH, body(&many, "confirmed")).await.expect(202);
    let event =
        messages(&[json!({ "job": "bake_a_cake" }), piece_of(&accepted["job"], 0), json!("nonsense")]);
    let answer = Client::stranger().invoke("job-worker", &event).await;
    let failures = json!([{ "itemIdentifier": "0" }, { "itemIdentifier": "2" }]);
    assert_eq!(answer, json!({ "batchItemFailures": failures }));
    assert_eq!(finished(&shop.vendor, &accepted["job"]).await["updated_count"], 1);
}

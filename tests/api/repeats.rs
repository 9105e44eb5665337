//! What streams do: repeats and old records.

use oms_tests::shop::text;
use oms_tests::{Shop, eventually};
use serde_json::{Value, json};

/// A record of the table's stream.
pub(crate) fn record(sequence: u32, image: &Value) -> Value {
    json!({
        "eventID": format!("{sequence}"), "eventName": "MODIFY", "eventVersion": "1.1",
        "eventSource": "aws:dynamodb", "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/1",
        "dynamodb": {
            "Keys": { "pk": image["pk"], "sk": image["sk"] },
            "NewImage": image,
            "SequenceNumber": format!("{sequence:021}"),
            "SizeBytes": 1, "StreamViewType": "NEW_AND_OLD_IMAGES",
            "ApproximateCreationDateTime": 1_790_000_000,
        },
    })
}

#[tokio::test]
async fn a_batch_delivered_twice_counts_and_tells_once() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let item = format!("ORDER#{}", text(&order["id"]));
    let first = ada.client.item(&item, "ORDER").await;
    shop.does("confirm_order", &order).await.expect(200);
    let second = ada.client.item(&item, "ORDER").await;
    let stats = || async { ada.client.get("/api/orders/order_stats/").await.expect(200) };
    let before = eventually(stats, |stats: &Value| stats["confirmed_orders"] == 1).await;
    let told = || async { ada.client.get("/api/notifications/").await.expect(200) };
    eventually(told, |told: &Value| told["count"] == 1).await;

    let events = [
        json!({ "Records": [record(1, &first), record(2, &second)] }),
        json!({ "Records": [record(2, &second), record(1, &first), record(2, &second)] }),
        json!({ "Records": [record(1, &first)] }),
    ];
    for event in &events {
        for consumer in ["stats-aggregator", "notification-publisher"] {
            let answer = ada.client.invoke(consumer, event).await;
            assert_eq!(answer, json!({ "batchItemFailures": [] }), "{consumer}");
        }
    }
    assert_eq!(stats().await, before);
    assert_eq!(told().await["count"], 1);
}

//! What subscribers hear.

use oms_tests::shop::text;
use oms_tests::{Mailbox, Person, Shop};
use serde_json::{Value, json};

#[tokio::test]
async fn a_subscriber_hears_each_event_of_its_store_and_of_no_other() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    let mailbox = Mailbox::of_store(text(&shop.store["id"])).await;
    let (mug, jug) = (shop.sells("Mug", 10).await, other.sells("Jug", 10).await);
    let ada = shop.customer().await;
    let elsewhere = ada.order(&other, &jug, 1).await;
    other.does("confirm_order", &elsewhere).await.expect(200);

    let order = ada.order(&shop, &mug, 1).await;
    ada.pays(&order).await;
    for action in ["confirm_order", "process_order", "ship_order", "deliver_order", "refund_order"] {
        shop.does(action, &order).await.expect(200);
    }
    let cancelled = ada.order(&shop, &mug, 1).await;
    shop.does("cancel_order", &cancelled).await.expect(200);

    let events = mailbox.receive(8).await;
    let of = |order: &Value| -> Vec<(String, u64)> {
        let mut seen: Vec<_> = events
            .iter()
            .filter(|event| event["order"]["id"] == order["id"])
            .map(|event| (event["version"].as_u64().unwrap_or(0), text(&event["event_type"]).to_owned()))
            .collect();
        seen.sort();
        seen.dedup();
        seen.into_iter().map(|(version, name)| (name, version)).collect()
    };
    let expected = [
        ("payment.paid", 4),
        ("order.confirmed", 5),
        ("order.processing", 6),
        ("order.shipped", 7),
        ("order.delivered", 8),
        ("order.refunded", 10),
        ("payment.refunded", 10),
    ];
    assert_eq!(of(&order), expected.map(|(name, version)| (name.to_owned(), version)));
    assert_eq!(of(&cancelled), [("order.cancelled".to_owned(), 2)]);
    assert_eq!(of(&elsewhere), []);
    let confirmed = events.iter().find(|event| event["event_type"] == "order.confirmed");
    let confirmed = confirmed.expect("the confirmation is among them");
    assert_eq!(confirmed["change"], json!({ "from": "pending", "to": "confirmed" }));
    assert_eq!(confirmed["order"]["status"], "confirmed");
    assert_eq!(confirmed["order"]["total_amount"], order["total_amount"]);
    assert!(confirmed["order"].get("payments").is_none());
}

#[tokio::test]
async fn who_names_them_hears_of_orders_that_are_placed_and_deleted() {
    let shop = Shop::open().await;
    let mailbox = Mailbox::of_all(text(&shop.store["id"])).await;
    let mug = shop.sells("Mug", 10).await;
    let (ada, admin) = (shop.customer().await, Person::new("admin", Some("admin")));
    let order = ada.order(&shop, &mug, 1).await;
    admin.client.delete(&format!("/api/orders/{}/", text(&order["id"]))).await.expect(200);
    let mut events = mailbox.receive(2).await;
    events.sort_by_key(|event| event["version"].as_u64());
    events.dedup_by_key(|event| event["event_id"].clone());
    let told: Vec<_> =
        events.iter().map(|event| (text(&event["event_type"]), &event["order"]["id"])).collect();
    assert_eq!(told, [("order.created", &order["id"]), ("order.deleted", &order["id"])]);
    let notices = ada.client.get("/api/notifications/").await.expect(200);
    assert_eq!(notices["count"], 0, "their user is not told");
}

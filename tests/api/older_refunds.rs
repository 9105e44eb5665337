//! Changes of an order of which an older refund has not come to its end.

use oms_tests::shop::text;
use oms_tests::{Client, Person, Shop};
use serde_json::{Value, json};

fn path_of(order: &Value) -> String {
    format!("/api/orders/{}/", text(&order["id"]))
}

/// A shipped order whose gateway loses its answers about refunds.
async fn shipped(shop: &Shop, ada: &Person) -> Value {
    let mug = shop.sells("Mug", 10).await;
    let order = ada.order(shop, &mug, 1).await;
    ada.pays_with(&order, "tok_refund_timeout_after").await.expect(200);
    shop.does("confirm_order", &order).await.expect(200);
    shop.does("ship_order", &order).await.expect(200);
    order
}

/// Has the gateway say that it has refused the order's first refund.
async fn refuses(order: &Value) {
    let id: uuid::Uuid = text(&order["id"]).parse().expect("an id");
    let refund = uuid::Uuid::from_u128(id.as_u128() | 0xc000);
    let key = format!("GATEWAY#SIMULATED#{refund}");
    let failed = json!({
        "Key": { "pk": { "S": key }, "sk": { "S": "REFUND" } },
        "UpdateExpression": "SET #status = :failed",
        "ExpressionAttributeNames": { "#status": "status" },
        "ExpressionAttributeValues": { ":failed": { "S": "failed" } },
    });
    Client::stranger().dynamodb("UpdateItem", failed).await;
}

#[tokio::test]
async fn a_change_that_was_saved_is_no_402_because_of_an_older_refund() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let order = shipped(&shop, &ada).await;
    assert_eq!(shop.does("refund_order", &order).await.status, 202);
    refuses(&order).await;
    let body = json!({ "notes": "Ring twice", "status": "shipped" });
    let edited = shop.vendor.client.change(&path_of(&order), body).await.expect(200);
    assert_eq!((&edited["notes"], &edited["status"]), (&json!("Ring twice"), &json!("shipped")));
}

#[tokio::test]
async fn a_bulk_update_moves_an_order_whose_older_refund_is_refused() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let order = shipped(&shop, &ada).await;
    assert_eq!(shop.does("refund_order", &order).await.status, 202);
    refuses(&order).await;
    let body = json!({ "order_ids": [order["id"]], "status": "out_for_delivery" });
    let moved = shop.vendor.client.post("/api/orders/bulk_update_status/", body).await.expect(200);
    assert_eq!((&moved["updated_count"], &moved["failed"]), (&json!(1), &json!([])));
}

#[tokio::test]
async fn a_status_that_asks_for_a_refund_is_answered_as_refund_order_is() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let silent = shipped(&shop, &ada).await;
    let body = json!({ "status": "refunded" });
    let waits = shop.vendor.client.change(&path_of(&silent), body.clone()).await;
    assert_eq!((waits.status, &waits.body["status"]), (202, &json!("shipped")));

    let mug = shop.sells("Cup", 10).await;
    for (token, status) in [("tok_refund_fails", 402), ("tok_approve", 200)] {
        let order = ada.order(&shop, &mug, 1).await;
        ada.pays_with(&order, token).await.expect(200);
        shop.does("confirm_order", &order).await.expect(200);
        shop.does("ship_order", &order).await.expect(200);
        let answer = shop.vendor.client.change(&path_of(&order), body.clone()).await;
        assert_eq!(answer.status, status, "{token}");
    }
}

//! Bulk updates of up to 100 orders.

use futures::future::join_all;
use oms_tests::shop::text;
use oms_tests::{Answer, Goods, Person, Shop};
use reqwest::Method;
use serde_json::{Value, json};

const PATH: &str = "/api/orders/bulk_update_status/";

async fn orders(shop: &Shop, goods: &Goods, count: usize) -> (Person, Vec<Value>) {
    let ada = shop.customer().await;
    let orders = join_all((0..count).map(|_| ada.order(shop, goods, 1))).await;
    (ada, orders)
}

fn ids(orders: &[Value]) -> Vec<Value> {
    orders.iter().map(|order| order["id"].clone()).collect()
}

async fn bulk(person: &Person, ids: &[Value], status: &str) -> Answer {
    person.client.post(PATH, json!({ "order_ids": ids, "status": status })).await
}

async fn seen(shop: &Shop, order: &Value) -> Value {
    shop.staff.client.get(&format!("/api/orders/{}/", text(&order["id"]))).await.expect(200)
}

#[tokio::test]
async fn orders_move_each_by_itself_and_those_that_cannot_are_named() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let (_, orders) = orders(&shop, &mug, 4).await;
    shop.does("confirm_order", &orders[1]).await.expect(200);
    shop.does("cancel_order", &orders[2]).await.expect(200);
    let mut named = ids(&orders);
    named.push(named[0].clone());
    let answer = bulk(&shop.vendor, &named, "confirmed").await.expect(200);
    let failed =
        json!([{ "id": orders[2]["id"], "error": "Order cannot be confirmed in its current status" }]);
    let message = "Updated 3 orders to confirmed";
    assert_eq!(answer, json!({ "message": message, "updated_count": 3, "failed": failed }));
    for (order, status, version) in [(0, "confirmed", 2), (1, "confirmed", 2), (2, "cancelled", 2)] {
        let order = seen(&shop, &orders[order]).await;
        assert_eq!((&order["status"], &order["version"]), (&json!(status), &json!(version)));
    }
}

#[tokio::test]
async fn cancelled_in_bulk_the_paid_are_paid_back_and_the_stock_returns() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let (ada, orders) = orders(&shop, &mug, 2).await;
    ada.pays(&orders[0]).await;
    let answer = bulk(&shop.staff, &ids(&orders), "cancelled").await.expect(200);
    assert_eq!(answer["updated_count"], 2);
    assert_eq!(seen(&shop, &orders[0]).await["payment_status"], "refunded");
    assert_eq!(shop.stock(&mug).await, 10);
}

#[tokio::test]
async fn one_order_that_the_caller_may_not_see_refuses_them_all() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    let (mug, jug) = (shop.sells("Mug", 10).await, other.sells("Jug", 10).await);
    let (_, mine) = orders(&shop, &mug, 1).await;
    let (_, theirs) = orders(&other, &jug, 1).await;
    let gone = json!("0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000");
    for stranger in [&theirs[0]["id"], &gone] {
        let answer = bulk(&shop.vendor, &[mine[0]["id"].clone(), stranger.clone()], "confirmed").await;
        assert_eq!((answer.status, answer.error()), (400, "Validation failed"));
        let message = "Some order IDs are invalid or don't belong to you.";
        assert_eq!(answer.body["details"], json!({ "order_ids": [message] }));
    }
    assert_eq!(seen(&shop, &mine[0]).await["status"], "pending");
}

#[tokio::test]
async fn a_customer_may_not_and_a_body_must_make_sense() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let (ada, orders) = orders(&shop, &mug, 1).await;
    let refused = bulk(&ada, &ids(&orders), "confirmed").await;
    assert_eq!((refused.status, refused.error()), (403, "Insufficient permissions"));
    let order_id = &orders[0]["id"];
    for (body, details) in [
        (
            json!({}),
            json!({ "order_ids": ["This field is required."], "status": ["This field is required."] }),
        ),
        (
            json!({ "order_ids": [], "status": "sold" }),
            json!({ "order_ids": ["This list may not be empty."], "status": ["\"sold\" is not a valid choice."] }),
        ),
        (
            json!({ "order_ids": [order_id, "x"], "status": "confirmed" }),
            json!({ "order_ids": { "1": ["Must be a valid UUID."] } }),
        ),
        (
            json!({ "order_ids": vec![order_id; 10_001], "status": "confirmed" }),
            json!({ "order_ids": ["Ensure this field has no more than 10000 elements."] }),
        ),
    ] {
        let answer = shop.vendor.client.post(PATH, body).await;
        assert_eq!((answer.status, &answer.body["details"]), (400, &details));
    }
}

#[tokio::test]
async fn repeated_with_its_key_a_bulk_update_is_answered_alike() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let (_, orders) = orders(&shop, &mug, 3).await;
    let body = json!({ "order_ids": ids(&orders), "status": "confirmed" });
    let client = &shop.vendor.client;
    let post = || client.send(Method::POST, PATH, Some(body.clone()), &[("Idempotency-Key", "bulk")]);
    let first = post().await;
    shop.does("ship_order", &orders[0]).await.expect(200);
    let again = post().await;
    assert_eq!((first.status, again.status), (200, 200));
    assert_eq!(first.body["updated_count"], 3);
    assert_eq!((&again.body, again.header("idempotent-replayed")), (&first.body, "true"));
}

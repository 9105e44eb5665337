//! Every action on every status, for those who run the order and for its customer.

use oms_tests::shop::text;
use oms_tests::{Goods, Person, Shop};
use serde_json::Value;

const STATUSES: [(&str, &[&str]); 8] = [
    ("pending", &[]),
    ("confirmed", &["confirm_order"]),
    ("processing", &["confirm_order", "process_order"]),
    ("shipped", &["confirm_order", "ship_order"]),
    ("out_for_delivery", &["confirm_order", "ship_order", "out_for_delivery_order"]),
    ("delivered", &["confirm_order", "ship_order", "deliver_order"]),
    ("cancelled", &["cancel_order"]),
    ("refunded", &["confirm_order", "ship_order", "refund_order"]),
];

/// The action, its participle in a refusal, where it leads, and from which statuses.
const ACTIONS: [(&str, &str, &str, &[&str]); 7] = [
    ("confirm_order", "confirmed", "confirmed", &["pending"]),
    ("process_order", "processed", "processing", &["confirmed"]),
    ("ship_order", "shipped", "shipped", &["confirmed", "processing"]),
    ("out_for_delivery_order", "sent out for delivery", "out_for_delivery", &["shipped"]),
    ("deliver_order", "delivered", "delivered", &["shipped", "out_for_delivery"]),
    (
        "cancel_order",
        "cancelled",
        "cancelled",
        &["pending", "confirmed", "processing", "shipped", "out_for_delivery"],
    ),
    ("refund_order", "refunded", "refunded", &["shipped", "out_for_delivery", "delivered"]),
];

async fn paid_order_in(shop: &Shop, ada: &Person, mug: &Goods, way: &[&str]) -> Value {
    let order = ada.order(shop, mug, 1).await;
    ada.pays(&order).await;
    for action in way {
        shop.does(action, &order).await.expect(200);
    }
    order
}

#[tokio::test]
async fn every_action_works_on_the_statuses_of_its_row_and_on_no_other() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 1_000).await;
    let ada = shop.customer().await;
    for (status, way) in STATUSES {
        for (action, participle, to, from) in ACTIONS {
            let order = paid_order_in(&shop, &ada, &mug, way).await;
            let answer = shop.does(action, &order).await;
            if from.contains(&status) {
                assert_eq!(answer.expect(200)["status"], to, "{action} on {status}");
            } else {
                let refusal = format!("Order cannot be {participle} in its current status");
                assert_eq!(answer.error(), refusal, "{action} on {status}");
                assert_eq!(answer.status, 400);
            }
        }
    }
}

#[tokio::test]
async fn a_customer_may_cancel_until_shipped_and_do_nothing_else() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 1_000).await;
    let (ada, bob) = (shop.customer().await, shop.customer().await);
    for (status, way) in STATUSES {
        let order = paid_order_in(&shop, &ada, &mug, way).await;
        let path = |action: &str| format!("/api/orders/{}/{action}/", text(&order["id"]));
        for (action, ..) in ACTIONS {
            assert_eq!(bob.client.patch(&path(action)).await.error(), "Order not found");
            if action != "cancel_order" {
                let answer = ada.client.patch(&path(action)).await;
                assert_eq!((answer.status, answer.error()), (403, "Insufficient permissions"));
            }
        }
        let seen = ada.client.get(&format!("/api/orders/{}/", text(&order["id"]))).await.expect(200);
        let may = ["pending", "confirmed", "processing"].contains(&status);
        assert_eq!(seen["can_cancel"], may, "{status}");
        let answer = ada.client.patch(&path("cancel_order")).await;
        if may {
            let cancelled = answer.expect(200);
            assert_eq!(cancelled["status"], "cancelled");
            assert_eq!(cancelled["payment_status"], "refunded");
        } else {
            assert_eq!(answer.error(), "Order cannot be cancelled in its current status");
        }
    }
    let sold = 8 - 3 - 1;
    assert_eq!(shop.stock(&mug).await, 1_000 - sold, "what was not shipped is back on the shelf");
}

#[tokio::test]
async fn a_vendor_of_another_store_sees_nothing_of_the_order() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    let mug = shop.sells("Mug", 10).await;
    let order = shop.customer().await.order(&shop, &mug, 1).await;
    assert_eq!(other.does("confirm_order", &order).await.error(), "Order not found");
    let path = format!("/api/orders/{}/", text(&order["id"]));
    assert_eq!(other.vendor.client.get(&path).await.status, 404);
    let stats = format!("/api/orders/order_stats/?store={}", text(&shop.store["id"]));
    // What they themselves bought there: nothing.
    assert_eq!(other.vendor.client.get(&stats).await.expect(200)["total_orders"], 0);
    assert_eq!(shop.vendor.client.get(&path).await.status, 200);
    assert_eq!(shop.staff.client.get(&path).await.status, 200);
}

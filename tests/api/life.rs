//! An order's whole life.

use oms_tests::shop::text;
use oms_tests::{Person, Shop, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn an_order_goes_from_placing_to_delivery_paid_counted_and_told() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;

    let order = ada.order(&shop, &mug, 2).await;
    assert_eq!(order["status"], "pending");
    assert_eq!(order["subtotal"], "59.98");
    assert_eq!(order["tax_amount"], "6.00");
    assert_eq!(order["shipping_cost"], "10.00");
    assert_eq!(order["total_amount"], "75.98");
    assert_eq!(order["currency"], "USD");
    assert_eq!(order["user"], json!(ada.id));
    assert_eq!(order["shipping_address_details"]["city"], "London");
    assert_eq!(order["items"][0]["product_name"], "Mug");
    assert_eq!(order["can_cancel"], true);
    let number = text(&order["order_number"]);
    assert!(number.starts_with("ORD-20") && number.len() >= "ORD-20261122-0001".len(), "{number}");
    assert_eq!(shop.stock(&mug).await, 8);

    let payment = ada.pays(&order).await;
    assert_eq!((&payment["status"], &payment["amount"]), (&json!("paid"), &json!("75.98")));
    for (action, status) in [
        ("confirm_order", "confirmed"),
        ("process_order", "processing"),
        ("ship_order", "shipped"),
        ("out_for_delivery_order", "out_for_delivery"),
        ("deliver_order", "delivered"),
    ] {
        let moved = shop.does(action, &order).await.expect(200);
        assert_eq!(moved["status"], status);
    }

    let path = format!("/api/orders/{}/", text(&order["id"]));
    let seen = ada.client.get(&path).await.expect(200);
    assert_eq!(seen["payment_status"], "paid");
    assert_eq!(seen["is_paid"], true);
    assert_eq!(seen["is_delivered"], true);
    assert_eq!(seen["can_cancel"], false);
    assert_eq!(seen["version"], 9);
    assert_eq!(seen["payments"][0]["id"], payment["id"]);

    is_counted(&shop, &ada, &order).await;
    is_told(&ada).await;

    let mine = ada.client.get("/api/orders/my_orders/").await.expect(200);
    assert_eq!((&mine["count"], &mine["results"][0]["id"]), (&json!(1), &order["id"]));
    assert_eq!(mine["results"][0]["item_count"], 1);
}

/// The statistics of the customer and of the store have a delivered order, and its payment.
async fn is_counted(shop: &Shop, ada: &Person, order: &Value) {
    let stats = eventually(
        || async { ada.client.get("/api/orders/order_stats/").await.expect(200) },
        |stats: &Value| stats["delivered_orders"] == 1 && stats["orders_by_status"]["delivered"] == 1,
    )
    .await;
    assert_eq!(stats["total_orders"], 1);
    assert_eq!(stats["total_revenue"], "75.98");
    assert_eq!(stats["average_order_value"], "75.98");
    assert_eq!(stats["recent_orders"][0]["id"], order["id"]);
    assert_eq!(stats["status_transition_times"]["pending→confirmed"]["count"], 1);
    let store_stats = format!("/api/orders/order_stats/?store={}", text(&shop.store["id"]));
    assert_eq!(shop.vendor.client.get(&store_stats).await.expect(200)["delivered_orders"], 1);

    let stats = ada.client.get("/api/payments/payment_stats/").await.expect(200);
    assert_eq!(stats["completed_payments"], 1);
    assert_eq!(stats["total_amount"], "75.98");
    assert_eq!(stats["success_rate"], 1.0);
}

/// The customer has a notification of each step.
async fn is_told(ada: &Person) {
    let told = eventually(
        || async { ada.client.get("/api/notifications/").await.expect(200) },
        |told: &Value| told["count"] == 6,
    )
    .await;
    let told = told["results"].as_array().expect("a page of notifications");
    let types: Vec<_> = told.iter().rev().map(|one| text(&one["notification_type"])).collect();
    assert_eq!(
        types,
        [
            "payment_success",
            "order_status_update",
            "order_status_update",
            "shipping_update",
            "shipping_update",
            "order_delivered"
        ]
    );
}

#[tokio::test]
async fn both_forms_of_a_url_are_the_same() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let id = text(&order["id"]);
    for path in [
        format!("/api/orders/{id}/"),
        format!("/api/orders/{id}"),
        format!("/api/v1/orders/{id}/"),
        format!("/api/v1/orders/{id}"),
    ] {
        let seen = ada.client.get(&path).await.expect(200);
        assert_eq!(seen["id"], order["id"], "{path}");
    }
    for path in ["/api/orders", "/api/orders/", "/api/v1/orders", "/api/v1/orders/"] {
        let page = ada.client.get(path).await.expect(200);
        let oldest = page["results"].as_array().and_then(|orders| orders.last());
        assert_eq!(oldest.map(|oldest| &oldest["id"]), Some(&order["id"]), "{path}");
        let new = ada.order_of(&shop, &mug, 1);
        ada.client.post(path, new).await.expect(201);
    }
}

#[tokio::test]
async fn lists_show_each_order_once_over_all_pages_to_those_who_may_see_it() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let (ada, bob) = (shop.customer().await, shop.customer().await);
    let mut placed = Vec::new();
    for _ in 0..5 {
        placed.push(ada.order(&shop, &mug, 1).await["id"].clone());
    }
    bob.order(&shop, &mug, 1).await;
    placed.reverse();

    let mut found = Vec::new();
    let mut next = Some("/api/orders/my_orders/?page_size=2".to_owned());
    while let Some(path) = next {
        let page = ada.client.get(&path).await.expect(200);
        found.extend(page["results"].as_array().expect("a page").iter().map(|o| o["id"].clone()));
        next = page["next"].as_str().and_then(|link| link.find("/api/").map(|at| link[at..].to_owned()));
        assert!(found.len() <= placed.len(), "{found:?}");
    }
    assert_eq!(found, placed);
    let last = eventually(
        || async { ada.client.get("/api/orders/?page_size=2&page=last").await.expect(200) },
        |page: &Value| page["count"] == 5,
    )
    .await;
    assert_eq!(last["results"], {
        let third = ada.client.get("/api/orders/?page_size=2&page=3").await.expect(200);
        third["results"].clone()
    });
    assert_eq!(ada.client.get("/api/orders/?page=99").await.error(), "Invalid page.");
    let all = eventually(
        || async { shop.vendor.client.get("/api/orders/").await.expect(200) },
        |page: &Value| page["count"] == 6,
    )
    .await;
    assert_eq!(all["results"].as_array().map(Vec::len), Some(6));
}

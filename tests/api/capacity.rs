//! What requests cost in DynamoDB's units and round trips, as `X-Consumed-Capacity` tells.
//! `cargo test -p oms-tests --test api -- capacity --nocapture` prints it.

use oms_tests::shop::{Person, text};
use oms_tests::{Answer, Shop, eventually};
use reqwest::Method;
use serde_json::{Value, json};

/// Read units, write units and trips of an answer.
fn cost(answer: &Answer) -> (f64, f64, f64) {
    let of = |name: &str| -> f64 {
        let parts = answer.header("x-consumed-capacity").split(';');
        let part = parts.filter_map(|part| part.split_once('=')).find(|(key, _)| *key == name);
        part.and_then(|(_, value)| value.parse().ok()).expect("the local functions tell the capacity")
    };
    (of("rcu"), of("wcu"), of("trips"))
}

#[track_caller]
fn within(what: &str, answer: &Answer, most: (f64, f64, f64)) {
    assert!(answer.status < 300, "{what}: {}", answer.text);
    let (read, write, trips) = cost(answer);
    eprintln!("{what:36} {read:>5} RCU {write:>5} WCU {trips:>3} trips, at most {most:?}");
    assert!(read <= most.0 && write <= most.1 && trips <= most.2, "{what}: {:?}", cost(answer));
}

#[tokio::test]
async fn an_order_of_three_lines_stays_within_its_budget_all_its_life() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let mut items = Vec::new();
    for name in ["Mug", "Jug", "Teapot"] {
        let goods = shop.sells(name, 100).await;
        items.push(json!({ "product": goods.product, "variant": goods.variant, "quantity": 2 }));
    }
    let body = json!({
        "store": shop.store["id"], "payment_method": "credit_card", "shipping_address": ada.address,
        "customer_id": "CUST123", "notes": "Please deliver after 6 PM", "items": items,
    });
    // A trip more where the instance leases a block of order numbers.
    let plain = ada.client.post("/api/orders/", body.clone()).await;
    within("create", &plain, (5.0, 20.0, 3.0));
    let key = [("Idempotency-Key", "budget")];
    let made = ada.client.send(Method::POST, "/api/orders/", Some(body), &key).await;
    within("create with an idempotency key", &made, (6.0, 20.0, 4.0));
    let order: Value = made.body;
    let path = format!("/api/orders/{}/", text(&order["id"]));
    within("read", &ada.client.get(&path).await, (1.0, 0.0, 1.0));

    let new = json!({ "order": order["id"], "payment_method": "credit_card" });
    let payment = ada.client.post("/api/payments/", new).await;
    within("make a payment", &payment, (1.0, 8.0, 2.0));
    let process = format!("/api/payments/{}/process_payment/", text(&payment.body["id"]));
    within("process a payment", &ada.client.post(&process, json!({})).await, (1.0, 16.0, 3.0));
    within("confirm", &shop.staff.client.patch(&format!("{path}confirm_order/")).await, (1.0, 8.0, 2.0));
    let unpaid = format!("/api/orders/{}/", text(&plain.body["id"]));
    within(
        "confirm unpaid",
        &shop.staff.client.patch(&format!("{unpaid}confirm_order/")).await,
        (1.0, 8.0, 2.0),
    );
    let mine = "/api/orders/my_orders/";
    within("my orders at once", &ada.client.get(mine).await, (12.0, 0.0, 4.0));
    let counted = eventually(|| ada.client.get(mine), |answer| cost(answer).0 <= 4.0).await;
    within("my orders, counted", &counted, (4.0, 0.0, 2.0));
    for (what, path) in [("order", "/api/orders/order_stats/"), ("payment", "/api/payments/payment_stats/")] {
        // Where the consumer has not counted the two orders that have just changed: an order and
        // its watermark for each, and the counters of the same moment.
        within(&format!("{what} statistics at once"), &ada.client.get(path).await, (11.0, 0.0, 2.0));
        let counted = eventually(|| ada.client.get(path), |answer| cost(answer).0 <= 3.0).await;
        within(&format!("{what} statistics, counted"), &counted, (3.0, 0.0, 2.0));
    }
    // Of staff who have changed nothing: what somebody has just changed is looked up until it is
    // shown.
    let onlooker = Shop::open().await.staff;
    let of_all = || onlooker.client.get("/api/orders/order_stats/");
    let counted = eventually(of_all, |answer| cost(answer).0 <= 3.0).await;
    within("statistics of all, counted", &counted, (3.0, 0.0, 1.0));
}

#[tokio::test]
async fn a_page_of_twenty_orders_is_read_for_two_units() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let mug = shop.sells("Mug", 100).await;
    for _ in 0..20 {
        let order = ada.order(&shop, &mug, 1).await;
        ada.pays(&order).await;
    }
    // And one each for what shows that none of them is newer: her trail and her counters.
    let counted =
        eventually(|| ada.client.get("/api/orders/my_orders/"), |answer| cost(answer).0 <= 4.0).await;
    within("twenty orders", &counted, (4.0, 0.0, 2.0));
}

#[tokio::test]
async fn lists_of_the_catalogue_cost_customers_nothing_for_what_sellers_have_just_done() {
    let shop = Shop::open().await;
    for name in ["Mug", "Jug", "Teapot"] {
        shop.sells(name, 100).await;
    }
    let (customer, vendor) = (Person::new("customer", None), Person::new("vendor", Some("vendor")));
    let products = format!("/api/products/?store={}", text(&shop.store["id"]));
    let bought = customer.client.get(&products).await;
    // The store, the count, the index, and the products with their shelves.
    within("products, of a customer", &bought, (12.5, 0.0, 6.0));
    let sold = vendor.client.get(&products).await;
    within("products, of a vendor", &sold, (cost(&bought).0 + 1.0, 0.0, 6.0));
    // Three products that have just changed, their store and its count.
    within("products, just changed", &shop.vendor.client.get(&products).await, (18.5, 0.0, 7.0));
    let stores = "/api/stores/?page_size=1";
    let (bought, sold) = (customer.client.get(stores).await, vendor.client.get(stores).await);
    // The trail, and the vendor's own stores, open or not.
    within("stores, of a vendor", &sold, (cost(&bought).0 + 1.5, 0.0, cost(&bought).2 + 2.0));
}

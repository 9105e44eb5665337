//! Money on its way back.

use futures::future::join_all;
use oms_tests::shop::text;
use oms_tests::{Ledger, Person, Shop};
use serde_json::json;

#[tokio::test]
async fn of_fifty_refunds_of_ten_at_once_on_a_payment_of_a_hundred_ten_succeed() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    // 90.00 with tax included at a rate of nothing, and 10.00 for shipping: 100.00.
    let rate = json!({ "name": "Hundred", "owner": shop.vendor.id, "tax_rate": "0" });
    let store = shop.staff.client.post("/api/stores/", rate).await.expect(201);
    let new = json!({ "store": store["id"], "name": "Vase", "base_price": "90.00", "status": "active", "stock": 1 });
    let vase = shop.staff.client.post("/api/products/", new).await.expect(201);
    let body = json!({
        "store": store["id"], "payment_method": "credit_card", "shipping_address": ada.address,
        "items": [{ "product": vase["id"], "quantity": 1 }],
    });
    let order = ada.client.post("/api/orders/", body).await.expect(201);
    assert_eq!(order["total_amount"], "100.00");
    let payment = ada.pays(&order).await;
    let path = format!("/api/payments/{}/", text(&payment["id"]));
    let refund = format!("{path}refund_payment/");
    let answers =
        join_all((0..50).map(|_| shop.staff.client.post(&refund, json!({ "amount": "10.00" })))).await;

    let succeeded = answers.iter().filter(|answer| answer.status == 200).count();
    let texts: Vec<_> =
        answers.iter().filter(|answer| answer.status != 200).map(|a| (a.status, a.error())).collect();
    assert_eq!(succeeded, 10, "{texts:?}");
    assert!(
        texts.iter().all(|it| *it == (400, "Payment cannot be refunded with current status")),
        "{texts:?}"
    );
    let payment = ada.client.get(&path).await.expect(200);
    assert_eq!((&payment["status"], &payment["refunded_amount"]), (&json!("refunded"), &json!("100.00")));
    let ledger = Ledger::of(&order["id"]).await;
    assert_eq!((ledger.balance(), ledger.refunds.len()), (0, 10));
}

#[tokio::test]
async fn a_refund_that_the_gateway_refuses_is_failed_and_can_be_tried_again() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let payment = ada.pays_with(&order, "tok_refund_fails").await.expect(200);
    let path = format!("/api/payments/{}/refund_payment/", text(&payment["id"]));
    let refused = shop.vendor.client.post(&path, json!({ "reason": "Broken" })).await;
    assert_eq!((refused.status, refused.error()), (402, "Payment was declined"));
    let seen = ada.client.get(&format!("/api/payments/{}/", text(&payment["id"]))).await.expect(200);
    assert_eq!((&seen["status"], &seen["refunded_amount"]), (&json!("paid"), &json!("0.00")));
    assert_eq!(seen["refunds"][0]["status"], "failed");

    let again = shop.vendor.client.post(&path, json!({})).await.expect(200);
    assert_eq!((&again["status"], &again["refunded_amount"]), (&json!("refunded"), &json!("42.99")));
    let states: Vec<_> =
        again["refunds"].as_array().unwrap().iter().map(|one| text(&one["status"])).collect();
    assert_eq!(states, ["failed", "succeeded"]);
    assert_ne!(again["refunds"][0]["id"], again["refunds"][1]["id"]);
    assert_eq!(Ledger::of(&order["id"]).await.balance(), 0);
}

#[tokio::test]
async fn a_refused_refund_leaves_the_order_where_it_was_and_refund_order_can_be_tried_again() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    ada.pays_with(&order, "tok_refund_fails").await.expect(200);
    shop.does("confirm_order", &order).await.expect(200);
    shop.does("ship_order", &order).await.expect(200);
    assert_eq!(shop.does("refund_order", &order).await.status, 402);
    let path = format!("/api/orders/{}/", text(&order["id"]));
    assert_eq!(ada.client.get(&path).await.expect(200)["status"], "shipped");
    let refunded = shop.does("refund_order", &order).await.expect(200);
    assert_eq!((&refunded["status"], &refunded["payment_status"]), (&json!("refunded"), &json!("refunded")));
    assert_eq!(Ledger::of(&order["id"]).await, Ledger::as_told(&refunded));
}

#[tokio::test]
async fn calling_a_paid_order_off_pays_it_back_through_the_gateway() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    ada.pays(&order).await;
    let cancelled =
        ada.client.patch(&format!("/api/orders/{}/cancel_order/", text(&order["id"]))).await.expect(200);
    assert_eq!(
        (&cancelled["status"], &cancelled["payment_status"]),
        (&json!("cancelled"), &json!("refunded"))
    );
    let ledger = Ledger::of(&order["id"]).await;
    assert_eq!((&ledger, ledger.balance()), (&Ledger::as_told(&cancelled), 0));
}

#[tokio::test]
async fn an_order_that_was_paid_back_in_part_is_not_paid_again() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let payment = ada.pays(&order).await;
    let path = format!("/api/payments/{}/", text(&payment["id"]));
    let refund = format!("{path}refund_payment/");
    shop.vendor.client.post(&refund, json!({ "amount": "1.00" })).await.expect(200);
    let new = json!({ "order": order["id"], "payment_method": "credit_card" });
    let second = ada.client.post("/api/payments/", new.clone()).await;
    assert_eq!(second.status, 400, "{}", second.text);
    assert_eq!(second.body["details"], json!({ "order": ["This order already has a payment."] }));
    let seen = ada.client.get(&format!("/api/orders/{}/", text(&order["id"]))).await.expect(200);
    assert_eq!(seen["payment_status"], "partially_refunded");
    // Once all of it is back, there is something to pay again.
    shop.vendor.client.post(&refund, json!({})).await.expect(200);
    ada.client.post("/api/payments/", new).await.expect(201);
}

#[tokio::test]
async fn an_order_that_costs_nothing_is_paid_and_given_back_without_the_gateway() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let (ada, admin) = (shop.customer().await, Person::new("admin", Some("admin")));
    for end in ["refund_payment", "refund_order", "cancel_order", "delete"] {
        let mut body = ada.order_of(&shop, &mug, 1);
        (body["user"], body["discount_amount"]) = (json!(ada.id), json!("39.99"));
        let order = shop.staff.client.post("/api/orders/", body).await.expect(201);
        assert_eq!(order["total_amount"], "0.00");
        // A gateway would decline it.
        let payment = ada.pays_with(&order, "tok_decline").await.expect(200);
        assert_eq!((&payment["status"], &payment["amount"]), (&json!("paid"), &json!("0.00")));
        shop.does("confirm_order", &order).await.expect(200);
        shop.does("ship_order", &order).await.expect(200);
        let path = format!("/api/orders/{}/", text(&order["id"]));
        let state = match end {
            "refund_payment" => {
                let path = format!("/api/payments/{}/refund_payment/", text(&payment["id"]));
                let back = shop.vendor.client.post(&path, json!({})).await.expect(200);
                assert_eq!(back["refunds"][0]["status"], "succeeded");
                "shipped"
            }
            "refund_order" => {
                let body = json!({ "restock": true });
                shop.vendor.client.change(&format!("{path}refund_order/"), body).await.expect(200);
                "refunded"
            }
            "cancel_order" => {
                shop.does("cancel_order", &order).await.expect(200);
                "cancelled"
            }
            _ => {
                admin.client.delete(&path).await.expect(200);
                continue;
            }
        };
        let seen = ada.client.get(&path).await.expect(200);
        let told = (&seen["status"], &seen["payment_status"]);
        assert_eq!(told, (&json!(state), &json!("refunded")), "{end}");
        assert_eq!(Ledger::of(&order["id"]).await.refunds.len(), 0);
    }
    // What refund_order brings back is on the shelf again; the rest has left it.
    assert_eq!(shop.stock(&mug).await, json!(7));
}

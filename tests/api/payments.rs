//! Payments through the simulated gateway.

use oms_tests::Shop;
use oms_tests::shop::text;
use serde_json::json;

#[tokio::test]
async fn a_decline_reads_well_and_another_payment_may_be_made() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let new = |token: &str| {
        json!({
            "order": order["id"], "payment_method": "credit_card",
            "payment_details": { "token": token },
        })
    };
    let payment = ada.client.post("/api/payments/", new("tok_decline_insufficient_funds")).await.expect(201);
    assert_eq!((&payment["status"], &payment["amount"]), (&json!("pending"), &json!("42.99")));
    let second = ada.client.post("/api/payments/", new("tok_approve")).await;
    assert_eq!(second.body["details"], json!({ "order": ["This order already has a payment."] }));
    let path = format!("/api/payments/{}/", text(&payment["id"]));
    let declined = ada.client.post(&format!("{path}process_payment/"), json!({})).await;
    assert_eq!((declined.status, declined.error()), (402, "Payment was declined"));
    assert_eq!(declined.body["details"]["error_message"], "The card has insufficient funds.");
    let failed = ada.client.get(&path).await.expect(200);
    assert_eq!((&failed["status"], &failed["is_failed"]), (&json!("failed"), &json!(true)));
    assert_eq!(failed["order_details"]["payment_status"], "failed");
    ada.client.post("/api/payments/", new("tok_approve")).await.expect(201);
}

#[tokio::test]
async fn what_is_no_payment_of_the_order_is_refused() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let (ada, bob) = (shop.customer().await, shop.customer().await);
    let order = ada.order(&shop, &mug, 1).await;
    let body = json!({ "order": order["id"], "payment_method": "credit_card", "amount": "1.00" });
    let answer = ada.client.post("/api/payments/", body).await;
    let details = json!({ "amount": ["Payment amount should match order total: 42.99"] });
    assert_eq!((answer.status, &answer.body["details"]), (400, &details));
    let body = json!({ "order": order["id"], "payment_method": "credit_card" });
    let unknown = format!("Invalid pk \"{}\" - object does not exist.", text(&order["id"]));
    let answer = bob.client.post("/api/payments/", body).await;
    assert_eq!(answer.body["details"], json!({ "order": [unknown] }));
    let body = json!({
        "order": order["id"], "payment_method": "credit_card",
        "payment_details": { "number": "4242 4242 4242 4242" },
    });
    let answer = ada.client.post("/api/payments/", body).await;
    assert!(answer.body["details"]["payment_details"].is_array(), "{}", answer.text);
    assert!(!answer.text.contains("4242"));
}

#[tokio::test]
async fn parts_go_back_until_all_is_back_and_never_more() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let payment = ada.pays(&order).await;
    let path = format!("/api/payments/{}/refund_payment/", text(&payment["id"]));
    assert_eq!(ada.client.post(&path, json!({ "amount": "1.00" })).await.status, 403);
    let refund = |amount: &str| shop.vendor.client.post(&path, json!({ "amount": amount }));
    let part = refund("40.00").await.expect(200);
    assert_eq!((&part["status"], &part["refunded_amount"]), (&json!("partially_refunded"), &json!("40.00")));
    assert_eq!(refund("3.00").await.status, 400);
    let finer = refund("0.005").await.body["details"]["amount"][0].clone();
    assert_eq!(finer, "Ensure that there are no more than 2 decimal places.");
    let whole = refund("2.99").await.expect(200);
    assert_eq!((&whole["status"], &whole["refunded_amount"]), (&json!("refunded"), &json!("42.99")));
    assert_eq!(refund("0.01").await.error(), "Payment cannot be refunded with current status");
}

//! What the tokens of the simulated gateway do, and that it agrees with us to the cent.

use oms_tests::shop::text;
use oms_tests::{Ledger, Shop};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn order_of(person: &oms_tests::Person, order: &Value) -> Value {
    person.client.get(&format!("/api/orders/{}/", text(&order["id"]))).await.expect(200)
}

#[tokio::test]
async fn each_token_ends_as_it_says_and_the_gateway_agrees() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    for (token, status, payment, code) in [
        ("tok_approve", 200, "paid", Value::Null),
        ("tok_twice", 200, "paid", Value::Null),
        ("tok_refund_fails", 200, "paid", Value::Null),
        ("tok_decline", 402, "failed", json!("generic_decline")),
        ("tok_decline_insufficient_funds", 402, "failed", json!("insufficient_funds")),
        ("tok_authenticate", 402, "failed", json!("authentication_required")),
        ("tok_of_another_world", 402, "failed", json!("invalid_token")),
    ] {
        let order = ada.order(&shop, &mug, 1).await;
        let answer = ada.pays_with(&order, token).await;
        assert_eq!((answer.status, &answer.body["details"]["decline_code"]), (status, &code), "{token}");
        let order = order_of(&ada, &order).await;
        assert_eq!(
            (&order["payments"][0]["status"], &order["payment_status"]),
            (&json!(payment), &json!(payment))
        );
        let ledger = Ledger::of(&order["id"]).await;
        assert_eq!(ledger, Ledger::as_told(&order), "{token}");
        assert_eq!(ledger.balance(), if status == 200 { 4299 } else { 0 }, "{token}");
    }
}

#[tokio::test]
async fn a_slow_gateway_is_waited_for() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let began = Instant::now();
    assert_eq!(ada.pays_with(&order, "tok_slow").await.expect(200)["status"], "paid");
    assert!(began.elapsed() >= Duration::from_secs(3));
}

#[tokio::test]
async fn cash_and_transfers_are_taken_by_those_who_run_the_order_and_need_no_gateway() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    for method in ["cash_on_delivery", "bank_transfer"] {
        let order = ada.order(&shop, &mug, 1).await;
        let new = json!({ "order": order["id"], "payment_method": method });
        let payment = ada.client.post("/api/payments/", new).await.expect(201);
        let path = format!("/api/payments/{}/", text(&payment["id"]));
        let process = format!("{path}process_payment/");
        let refused = ada.client.post(&process, json!({ "reference": "mine" })).await;
        assert_eq!((refused.status, refused.error()), (403, "Insufficient permissions"));
        assert_eq!(ada.client.get(&path).await.expect(200)["status"], "pending");

        let reference = format!("RECEIPT-{method}");
        let paid = shop.vendor.client.post(&process, json!({ "reference": reference })).await.expect(200);
        assert_eq!((&paid["status"], &paid["transaction_id"]), (&json!("paid"), &json!(reference)));
        let again = shop.staff.client.post(&process, json!({})).await;
        assert_eq!((again.status, again.error()), (400, "Payment cannot be processed with current status"));
        let order = order_of(&ada, &order).await;
        assert_eq!((&order["payment_reference"], &order["is_paid"]), (&json!(reference), &json!(true)));

        let refund = json!({ "amount": "10.00", "reason": "One arrived broken" });
        let part = shop.vendor.client.post(&format!("{path}refund_payment/"), refund).await.expect(200);
        assert_eq!(
            (&part["refunded_amount"], &part["status"]),
            (&json!("10.00"), &json!("partially_refunded"))
        );
        assert_eq!(Ledger::of(&order["id"]).await, Ledger::default(), "no gateway was asked");
    }
}

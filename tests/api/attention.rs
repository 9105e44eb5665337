//! Money that a person must look at: told in the answer, as an event and in a list, until it is
//! resolved.

use oms_tests::localstripe::{LocalStripe, signature};
use oms_tests::shop::text;
use oms_tests::stack::WEBHOOK_SECRET;
use oms_tests::{Function, Mailbox, Person, Shop, eventually};
use serde_json::{Value, json};

const LIST: &str = "/api/payments/?attention=true";

fn path_of(payment: &Value) -> String {
    format!("/api/payments/{}/", text(&payment["id"]))
}

async fn cancel(person: &Person, order: &Value) -> Value {
    person.client.patch(&format!("/api/orders/{}/cancel_order/", text(&order["id"]))).await.expect(200)
}

#[tokio::test]
async fn a_cancellation_whose_refund_is_refused_says_so_and_is_listed_until_the_money_is_back() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    let mailbox = Mailbox::of_all(text(&shop.store["id"])).await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let paid = ada.pays_with(&order, "tok_refund_fails").await.expect(200);
    assert_eq!((&paid["attention"], &paid["dispute"]), (&Value::Null, &Value::Null));

    let cancelled = cancel(&ada, &order).await;
    let payment = &cancelled["payments"][0];
    assert_eq!((&cancelled["status"], &payment["status"]), (&json!("cancelled"), &json!("paid")));
    assert_eq!(payment["attention"], "The gateway refused to pay 42.99 USD back.");
    let list = || async { shop.vendor.client.get(LIST).await.expect(200) };
    let listed = eventually(list, |page| page["count"] == 1).await;
    assert_eq!(listed["results"], json!([payment]));
    for query in ["status=paid", "search=TXN", "ordering=-amount", "payment_method=credit_card"] {
        let page = shop.vendor.client.get(&format!("{LIST}&{query}")).await.expect(200);
        assert_eq!(page["results"][0]["id"], payment["id"], "{query}");
    }
    let staff = shop.staff.client.get(&format!("{LIST}&order={}", text(&order["id"]))).await.expect(200);
    assert_eq!(staff["count"], 1);
    assert_eq!(other.vendor.client.get(LIST).await.expect(200)["count"], 0);
    let without = shop.vendor.client.get("/api/payments/?attention=false").await.expect(200);
    assert_eq!(without["count"], 0);
    let refused = ada.client.get(LIST).await;
    assert_eq!((refused.status, refused.error()), (403, "Insufficient permissions"));
    assert_eq!(shop.staff.client.get("/api/payments/?attention=perhaps").await.status, 400);

    let events = mailbox.receive(4).await;
    let failed = events.iter().find(|event| event["event_type"] == "payment.refund_failed");
    let failed = failed.unwrap_or_else(|| panic!("it is told: {events:?}"));
    assert_eq!(failed["change"], json!({ "from": "pending", "to": "failed" }));

    let back = shop.vendor.client.post(&format!("{}refund_payment/", path_of(payment)), json!({})).await;
    assert_eq!(back.expect(200)["attention"], Value::Null);
    eventually(list, |page| page["count"] == 0).await;
}

#[tokio::test]
async fn whoever_runs_the_order_says_that_they_have_looked() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    ada.pays_with(&order, "tok_refund_fails").await.expect(200);
    let payment = cancel(&ada, &order).await["payments"][0].clone();
    let (path, looked) = (path_of(&payment), json!({ "attention": null }));
    // What a caller may not write is ignored, so nothing is left of this that could be done.
    assert_eq!(ada.client.change(&path, looked.clone()).await.status, 400);
    let kept = shop.vendor.client.change(&path, json!({ "attention": "All is well." })).await;
    assert_eq!(kept.status, 400, "only null means something: {}", kept.text);
    assert_eq!(ada.client.get(&path).await.expect(200)["attention"], payment["attention"]);
    for _ in 0..2 {
        let done = shop.vendor.client.change(&path, looked.clone()).await.expect(200);
        assert_eq!((&done["attention"], &done["status"]), (&Value::Null, &json!("paid")));
    }
    let history = ada.client.get(&format!("/api/orders/{}/history/", text(&order["id"]))).await.expect(200);
    let actions: Vec<_> =
        history["results"].as_array().unwrap().iter().map(|one| text(&one["action"])).collect();
    assert_eq!(actions.iter().filter(|action| **action == "dismiss_attention").count(), 1, "{actions:?}");
}

#[tokio::test]
async fn an_order_that_holds_money_is_not_deleted_before_it_is_refunded() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let (ada, admin) = (shop.customer().await, Person::new("admin", Some("admin")));
    let order = ada.order(&shop, &mug, 1).await;
    let payment = ada.pays(&order).await;
    let path = format!("/api/orders/{}/", text(&order["id"]));
    let refund = format!("{}refund_payment/", path_of(&payment));
    shop.vendor.client.post(&refund, json!({ "amount": "1.00" })).await.expect(200);
    let refused = admin.client.delete(&path).await;
    assert_eq!((refused.status, refused.error()), (400, "The order holds a payment: refund it first."));
    assert_eq!(refused.body["code"], "payment_held");
    assert_eq!(ada.client.get(&path).await.expect(200)["payment_status"], "partially_refunded");
    shop.vendor.client.post(&refund, json!({})).await.expect(200);
    admin.client.delete(&path).await.expect(200);
}

#[tokio::test]
async fn cash_goes_back_to_a_customer_who_calls_off_when_whoever_runs_the_order_says_so() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let pays_cash = async || {
        let order = ada.order(&shop, &mug, 1).await;
        let new = json!({ "order": order["id"], "payment_method": "cash_on_delivery" });
        let payment = ada.client.post("/api/payments/", new).await.expect(201);
        shop.vendor
            .client
            .post(&format!("{}process_payment/", path_of(&payment)), json!({}))
            .await
            .expect(200);
        order
    };
    let by_vendor = cancel(&shop.vendor, &pays_cash().await).await;
    assert_eq!(by_vendor["payments"][0]["refunds"][0]["status"], "succeeded");

    let order = pays_cash().await;
    let payment = cancel(&ada, &order).await["payments"][0].clone();
    let refund = &payment["refunds"][0];
    assert_eq!((&payment["status"], &refund["status"]), (&json!("paid"), &json!("pending")));
    assert_eq!(payment["attention"], "A refund of 42.99 USD waits to be handed over.");
    let confirm = format!("{}refunds/{}/confirm/", path_of(&payment), text(&refund["id"]));
    let refused = ada.client.post(&confirm, json!({})).await;
    assert_eq!((refused.status, refused.error()), (403, "Insufficient permissions"));
    let unknown = format!("{}refunds/{}/confirm/", path_of(&payment), text(&payment["id"]));
    assert_eq!(shop.vendor.client.post(&unknown, json!({})).await.error(), "Refund not found");
    let handed = shop.vendor.client.post(&confirm, json!({})).await.expect(200);
    assert_eq!(
        (&handed["status"], &handed["refunds"][0]["status"]),
        (&json!("refunded"), &json!("succeeded"))
    );
    assert_eq!(handed["attention"], Value::Null);
    let again = shop.vendor.client.post(&confirm, json!({})).await;
    assert_eq!((again.status, again.error()), (400, "Refund cannot be confirmed with current status"));
}

/// Stripe tells a function something, signed; the status.
async fn tells(payments: &mut Function, event: Value) -> u16 {
    let now = jiff::Timestamp::now().as_second();
    let signature = signature(&event.to_string(), now, WEBHOOK_SECRET);
    let headers = [("stripe-signature", signature.as_str())];
    let answer = payments.request_with(None, "/api/payments/webhook/", &event, &headers).await;
    answer.expect("the function lives").0
}

#[tokio::test]
async fn what_stripe_says_otherwise_is_recorded_and_only_what_can_be_is_applied() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let stripe = LocalStripe::start().await;
    let mut payments = Function::start("payments", &stripe.environment()).await;
    let mug = shop.sells("Mug", 10).await;
    let order = ada.order(&shop, &mug, 1).await;
    let new = json!({
        "order": order["id"], "payment_method": "credit_card", "payment_details": { "token": "pm_card_visa" },
    });
    let payment = ada.client.post("/api/payments/", new).await.expect(201);
    let path = path_of(&payment);
    let asks = async |payments: &mut Function, who: &Person, action: &str| {
        payments.request(who.client.token(), &format!("{path}{action}/"), &json!({})).await.expect("it lives")
    };
    assert_eq!(asks(&mut payments, &ada, "process_payment").await.0, 200);
    let intent = stripe.of("payment_intents", "payment", &payment["id"]).await.remove(0);
    let seen = async || ada.client.get(&path).await.expect(200);

    // A dispute over it, its end, and its beginning once more, late.
    let dispute = |kind: &str, status: &str| {
        let object = json!({
            "id": "dp_1", "object": "dispute", "payment_intent": intent["id"], "amount": 4299, "currency": "usd",
            "reason": "fraudulent", "status": status,
        });
        json!({ "type": kind, "livemode": false, "data": { "object": object } })
    };
    assert_eq!(tells(&mut payments, dispute("charge.dispute.created", "needs_response")).await, 200);
    let disputed = seen().await;
    let expected =
        json!({ "id": "dp_1", "status": "needs_response", "reason": "fraudulent", "amount": "42.99" });
    assert_eq!((&disputed["dispute"], &disputed["status"]), (&expected, &json!("paid")));
    assert!(text(&disputed["attention"]).contains("disputes 42.99 USD"), "{disputed}");
    assert_eq!(tells(&mut payments, dispute("charge.dispute.closed", "won")).await, 200);
    assert_eq!(tells(&mut payments, dispute("charge.dispute.updated", "under_review")).await, 200);
    let won = seen().await;
    assert_eq!((&won["dispute"]["status"], &won["attention"]), (&json!("won"), &Value::Null));

    // Real money in a shop for trials, about a refund; then another amount, about a refund too.
    assert_eq!(asks(&mut payments, &shop.vendor, "refund_payment").await.0, 200);
    let refund = seen().await["refunds"][0]["id"].clone();
    let refunded = |amount: u64, live: bool| {
        let object = json!({
            "id": "re_1", "object": "refund", "amount": amount, "currency": "usd", "status": "failed",
            "metadata": { "refund": refund },
        });
        json!({ "type": "refund.failed", "livemode": live, "data": { "object": object } })
    };
    for (event, words) in
        [(refunded(4299, true), "live mode"), (refunded(1, false), "0.01 USD where 42.99 USD")]
    {
        assert_eq!(tells(&mut payments, event).await, 200);
        let seen = seen().await;
        assert!(text(&seen["attention"]).contains(words), "{seen}");
        assert_eq!(seen["status"], "refunded", "it was not applied");
    }
    shop.vendor.client.change(&path, json!({ "attention": null })).await.expect(200);
    assert_eq!(tells(&mut payments, refunded(4299, false)).await, 200);
    let failed = seen().await;
    assert_eq!((&failed["status"], &failed["refunds"][0]["status"]), (&json!("paid"), &json!("failed")));
    assert!(text(&failed["attention"]).contains("then it failed"), "{failed}");
    let order = ada.client.get(&format!("/api/orders/{}/", text(&order["id"]))).await.expect(200);
    assert_eq!(order["payment_status"], "paid");
}

#[tokio::test]
async fn a_charge_that_stripe_reports_after_a_decline_is_taken_and_told() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let stripe = LocalStripe::start().await;
    let mut payments = Function::start("payments", &stripe.environment()).await;
    let mug = shop.sells("Mug", 10).await;
    let order = ada.order(&shop, &mug, 1).await;
    let new = json!({
        "order": order["id"], "payment_method": "credit_card",
        "payment_details": { "token": "pm_card_chargeCustomerFail" },
    });
    let payment = ada.client.post("/api/payments/", new).await.expect(201);
    let path = path_of(&payment);
    let process = format!("{path}process_payment/");
    let (status, _) = payments.request(ada.client.token(), &process, &json!({})).await.expect("it lives");
    assert_eq!(status, 402);
    let charged = |amount: u64| {
        let object = json!({
            "id": "pi_1", "amount": amount, "currency": "usd", "status": "succeeded",
            "metadata": { "payment": payment["id"] },
        });
        json!({ "type": "payment_intent.succeeded", "livemode": false, "data": { "object": object } })
    };
    assert_eq!(tells(&mut payments, charged(4200)).await, 200);
    let contradicted = ada.client.get(&path).await.expect(200);
    assert_eq!(contradicted["status"], "failed");
    assert!(text(&contradicted["attention"]).contains("42.00 USD where 42.99 USD"), "{contradicted}");
    assert_eq!(tells(&mut payments, charged(4299)).await, 200);
    let paid = ada.client.get(&path).await.expect(200);
    assert_eq!((&paid["status"], &paid["is_successful"]), (&json!("paid"), &json!(true)));
    assert!(text(&paid["attention"]).contains("after it had declined it"), "{paid}");
}

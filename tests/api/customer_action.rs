//! Payments about which a bank asks its customer: with the simulated gateway, and with Stripe.

use oms_tests::localstripe::LocalStripe;
use oms_tests::shop::text;
use oms_tests::{Client, Function, Ledger, Person, Shop, eventually, send_job};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// A payment of a new order of one mug, with a token.
async fn payment_of(ada: &Person, shop: &Shop, token: &str) -> Value {
    let mug = shop.sells("Mug", 1).await;
    let order = ada.order(shop, &mug, 1).await;
    let new = json!({ "order": order["id"], "payment_method": "credit_card", "payment_details": { "token": token } });
    ada.client.post("/api/payments/", new).await.expect(201)
}

fn path_of(payment: &Value, action: &str) -> String {
    format!("/api/payments/{}/{action}", text(&payment["id"]))
}

fn can_wait() -> Value {
    json!({ "error_on_requires_action": false })
}

async fn seen(who: &Person, payment: &Value) -> Value {
    who.client.get(&path_of(payment, "")).await.expect(200)
}

/// A payment that waits for its customer, as it was answered.
async fn waiting(ada: &Person, shop: &Shop) -> Value {
    let payment = payment_of(ada, shop, "tok_authenticate").await;
    let answer = ada.client.post(&path_of(&payment, "process_payment/"), can_wait()).await.expect(202);
    assert_eq!(answer["status"], "processing");
    answer
}

#[tokio::test]
async fn a_customer_who_does_what_the_bank_asks_pays_and_one_who_cannot_may_pay_again() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    for (outcome, status, cents) in [("succeed", "paid", vec![4299]), ("fail", "failed", vec![])] {
        let payment = waiting(&ada, &shop).await;
        let act = path_of(&payment, "simulate_action/");
        for wrong in [json!({}), json!({ "outcome": null }), json!({ "outcome": "perhaps" })] {
            assert_eq!(ada.client.post(&act, wrong).await.status, 400);
        }
        let acted = ada.client.post(&act, json!({ "outcome": outcome })).await.expect(200);
        assert_eq!((&acted["status"], acted.get("next_action")), (&json!(status), None), "{acted}");
        let charges = Ledger::of(&payment["order"]).await.charges;
        assert_eq!(charges, cents, "{outcome}");
        let again = ada.client.post(&act, json!({ "outcome": "succeed" })).await;
        assert_eq!(again.error(), "Payment cannot be processed with current status");
        assert_eq!(Ledger::of(&payment["order"]).await.charges, charges, "it has ended");
        if outcome == "fail" {
            assert_eq!(acted["error_message"], "The customer could not confirm the payment.");
            let order = json!({ "id": payment["order"] });
            assert_eq!(ada.pays(&order).await["status"], "paid");
        }
    }
}

#[tokio::test]
async fn what_lets_the_customer_act_is_told_to_whoever_pays_again_and_again_and_kept_nowhere() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let payment = payment_of(&ada, &shop, "tok_authenticate").await;
    let process = path_of(&payment, "process_payment/");
    let key = [("Idempotency-Key", "once")];
    let first = ada.client.send(Method::POST, &process, Some(can_wait()), &key).await;
    assert_eq!((first.status, &first.body["status"]), (202, &json!("processing")), "{}", first.text);
    let next = &first.body["next_action"];
    assert_eq!(next["type"], "simulate_action");
    let secret = text(&next["client_secret"]);
    let again = ada.client.send(Method::POST, &process, Some(can_wait()), &key).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (202, "true"), "{}", again.text);
    assert_eq!(&again.body["next_action"], next);
    assert_eq!(&seen(&ada, &payment).await["next_action"], next);
    assert_eq!(&seen(&shop.staff, &payment).await["next_action"], next);

    // The vendor sees the payment, and is not to act for its customer.
    assert_eq!(seen(&shop.vendor, &payment).await.get("next_action"), None);
    let act = path_of(&payment, "simulate_action/");
    assert_eq!(shop.vendor.client.post(&act, json!({ "outcome": "succeed" })).await.status, 403);
    let order = ada.client.get(&format!("/api/orders/{}/", text(&payment["order"]))).await;
    assert!(!order.text.contains(secret), "{}", order.text);
    let table = Client::stranger();
    for (pk, sk) in [
        (format!("ORDER#{}", text(&payment["order"])), "ORDER"),
        (format!("IDEMPOTENCY#5#{}", ada.id), "KEY#once"),
        (format!("GATEWAY#SIMULATED#{}", text(&payment["id"])), "CHARGE"),
    ] {
        let item = table.item(&pk, sk).await;
        assert!(item.is_object() && !item.to_string().contains(secret), "{pk}: {item}");
    }
}

#[tokio::test]
async fn a_bank_that_asks_is_a_decline_unless_the_request_says_that_it_can_wait() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let payment = payment_of(&ada, &shop, "tok_authenticate").await;
    let process = path_of(&payment, "process_payment/");
    let null = ada.client.post(&process, json!({ "error_on_requires_action": null })).await;
    let details = json!({ "error_on_requires_action": ["This field may not be null."] });
    assert_eq!((null.status, &null.body["details"]), (400, &details));
    assert_eq!(ada.client.post(&process, json!({ "error_on_requires_action": "soon" })).await.status, 400);
    assert_eq!(seen(&ada, &payment).await["status"], "pending");
    let declined = ada.client.post(&process, json!({ "error_on_requires_action": true })).await;
    assert_eq!(declined.body["details"]["decline_code"], "authentication_required", "{}", declined.text);
    assert_eq!(declined.status, 402);
    let act = path_of(&payment, "simulate_action/");
    assert_eq!(ada.client.post(&act, json!({ "outcome": "succeed" })).await.status, 400);
    // Where the bank asks nothing, nothing is different.
    let payment = payment_of(&ada, &shop, "tok_approve").await;
    let paid = ada.client.post(&path_of(&payment, "process_payment/"), can_wait()).await.expect(200);
    assert_eq!((&paid["status"], paid.get("next_action")), (&json!("paid"), None));
}

#[tokio::test]
async fn settling_leaves_the_customer_their_hour_and_then_calls_the_payment_off() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let payment = waiting(&ada, &shop).await;
    let job = json!({ "job": "settle_payment", "order": payment["order"] });
    send_job(&job).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(seen(&ada, &payment).await["status"], "processing");

    // An hour is over some time.
    let key = json!({ "pk": { "S": format!("ORDER#{}", text(&payment["order"])) }, "sk": { "S": "ORDER" } });
    let past = json!({
        "Key": key,
        "UpdateExpression": "SET payments[0].customer_until = :past",
        "ConditionExpression": "attribute_exists(payments[0].customer_until)",
        "ExpressionAttributeValues": { ":past": { "S": "2026-01-01T00:00:00Z" } },
    });
    Client::stranger().dynamodb("UpdateItem", past).await;
    send_job(&job).await;
    let failed = eventually(|| seen(&ada, &payment), |payment| payment["status"] == "failed").await;
    assert_eq!(failed["error_message"], "The customer did not confirm the payment in time.");
    assert_eq!(failed["gateway_response"]["decline_code"], "authentication_required");
    assert_eq!(Ledger::of(&payment["order"]).await, Ledger::default());
}

#[tokio::test]
async fn an_order_that_is_called_off_meanwhile_calls_off_what_waits_at_the_gateway() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let payment = waiting(&ada, &shop).await;
    let cancel = format!("/api/orders/{}/cancel_order/", text(&payment["order"]));
    let order = ada.client.patch(&cancel).await.expect(200);
    assert_eq!(order["payments"][0]["status"], "failed", "{order}");
    let act = path_of(&payment, "simulate_action/");
    assert_eq!(ada.client.post(&act, json!({ "outcome": "succeed" })).await.status, 400);
    assert_eq!(Ledger::of(&payment["order"]).await, Ledger::default());
}

/// Asks a function for something, as somebody.
async fn asks(function: &mut Function, who: &Person, path: &str, body: Value) -> (u16, Value) {
    function.request(who.client.token(), path, &body).await.expect("the function lives")
}

/// A payment of Stripe's that waits for its customer, as it was answered, and its intent's id.
async fn waiting_at_stripe(
    stripe: &LocalStripe,
    payments: &mut Function,
    ada: &Person,
    shop: &Shop,
) -> (Value, Value) {
    let card = stripe.card("4000002500003155").await;
    let payment = payment_of(ada, shop, &card).await;
    let (status, answer) = asks(payments, ada, &path_of(&payment, "process_payment/"), can_wait()).await;
    assert_eq!((status, &answer["status"]), (202, &json!("processing")), "{answer}");
    assert_eq!(answer["next_action"]["type"], "use_stripe_sdk", "{answer}");
    let intent = stripe.of("payment_intents", "payment", &payment["id"]).await.remove(0);
    assert_eq!(answer["next_action"]["client_secret"], intent["client_secret"]);
    (answer, intent["id"].clone())
}

#[tokio::test]
async fn stripe_js_finishes_it_and_the_webhook_records_it() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let stripe = LocalStripe::start().await;
    stripe.tells_the_stack().await;
    let mut payments = Function::start("payments", &stripe.environment()).await;
    let (payment, intent) = waiting_at_stripe(&stripe, &mut payments, &ada, &shop).await;
    stripe.authenticate(&intent, &payment["next_action"]["client_secret"], true).await;
    let paid = eventually(|| seen(&ada, &payment), |payment| payment["status"] == "paid").await;
    assert_eq!(paid["gateway_response"]["id"], intent);
    let act = path_of(&payment, "simulate_action/");
    assert_eq!(asks(&mut payments, &ada, &act, json!({ "outcome": "succeed" })).await.0, 404);
}

#[tokio::test]
async fn what_a_customer_could_not_do_or_their_order_no_longer_needs_is_called_off_at_stripe() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let stripe = LocalStripe::start().await;
    let mut payments = Function::start("payments", &stripe.environment()).await;
    let mut worker = Function::start("job-worker", &stripe.environment()).await;
    let settle = async |worker: &mut Function, order: &Value| {
        let job = json!({ "job": "settle_payment", "order": order });
        let event = json!({ "Records": [{ "messageId": "1", "body": job.to_string() }] });
        let answer = worker.invoke(event).await.expect("the worker lives");
        assert_eq!(answer["batchItemFailures"], json!([]), "{answer}");
    };
    let status_at_stripe = async |payment: &Value| {
        stripe.of("payment_intents", "payment", &payment["id"]).await.remove(0)["status"].clone()
    };

    let (payment, intent) = waiting_at_stripe(&stripe, &mut payments, &ada, &shop).await;
    settle(&mut worker, &payment["order"]).await;
    assert_eq!(status_at_stripe(&payment).await, "requires_action", "it has an hour");
    stripe.authenticate(&intent, &payment["next_action"]["client_secret"], false).await;
    settle(&mut worker, &payment["order"]).await;
    let failed = seen(&ada, &payment).await;
    assert_eq!(failed["status"], "failed");
    assert_eq!(
        failed["gateway_response"]["decline_code"], "payment_intent_authentication_failure",
        "{failed}"
    );
    assert_eq!(status_at_stripe(&payment).await, "canceled", "or another card could be tried");

    let (payment, _) = waiting_at_stripe(&stripe, &mut payments, &ada, &shop).await;
    let cancel = format!("/api/orders/{}/cancel_order/", text(&payment["order"]));
    // The stack's own gateway is another one: it leaves Stripe's payment to be settled.
    let order = ada.client.patch(&cancel).await.expect(200);
    assert_eq!(order["payments"][0]["status"], "processing");
    settle(&mut worker, &payment["order"]).await;
    assert_eq!(status_at_stripe(&payment).await, "canceled");
    assert_eq!(seen(&ada, &payment).await["status"], "failed");
}

//! A function's process is killed at every step of paying and paying back, before and after each
//! request that it makes of the table and of the gateway; then the queue does its work.

use futures::StreamExt;
use oms_tests::shop::text;
use oms_tests::{Cut, Function, Goods, Ledger, Person, Proxy, Shop, eventually, stack};
use serde_json::{Value, json};
use std::time::Duration;

/// More steps than either has.
const STEPS: usize = 12;
/// How many processes run at the same time.
const AT_ONCE: usize = 3;

async fn order_of(person: &Person, id: &Value) -> Value {
    person.client.get(&format!("/api/orders/{}/", text(id))).await.expect(200)
}

/// The order once nothing in it waits for a gateway.
async fn settled(person: &Person, id: &Value) -> Value {
    let waits = |order: &Value| {
        let payments = order["payments"].as_array().cloned().unwrap_or_default();
        payments.iter().any(|payment| {
            let mut refunds = payment["refunds"].as_array().into_iter().flatten();
            payment["status"] == "processing" || refunds.any(|refund| refund["status"] == "pending")
        })
    };
    eventually(|| order_of(person, id), |order| !waits(order)).await
}

/// A function whose requests of the table, which also holds the gateway's ledger, can be cut off.
async fn behind_a_proxy(name: &str) -> (Function, Proxy) {
    let proxy = Proxy::before(stack().setting("DYNAMODB_URL")).await;
    let function = Function::start(name, &[("AWS_ENDPOINT_URL_DYNAMODB", &proxy.url)]).await;
    (function, proxy)
}

/// Every place at which a process can be killed.
fn cuts() -> impl Iterator<Item = Cut> {
    (0..STEPS).flat_map(|step| [Cut::Before(step), Cut::After(step)])
}

/// Pays an order with a process that is killed; whether it was.
async fn paid_by_a_dying_process(ada: &Person, shop: &Shop, mug: &Goods, cut: Cut) -> bool {
    let order = ada.order(shop, mug, 1).await;
    let new = json!({ "order": order["id"], "payment_method": "credit_card" });
    let payment = ada.client.post("/api/payments/", new).await.expect(201);
    let process = format!("/api/payments/{}/process_payment/", text(&payment["id"]));

    let (mut function, proxy) = behind_a_proxy("payments").await;
    proxy.cut(Some(cut), Some(function.killer()));
    let answer = function.request(ada.client.token(), &process, &json!({})).await;

    let rested = settled(ada, &order["id"]).await;
    let status = text(&rested["payments"][0]["status"]);
    assert!(["pending", "paid"].contains(&status), "{cut:?}: {status}");
    assert_eq!(Ledger::of(&order["id"]).await, Ledger::as_told(&rested), "{cut:?}");
    // Whoever did not hear of it asks again, and again it is charged once.
    let again = ada.client.post(&process, json!({})).await;
    assert_eq!(again.status, if status == "pending" { 200 } else { 400 }, "{cut:?}: {}", again.text);
    assert_eq!(Ledger::of(&order["id"]).await, Ledger { charges: vec![4299], refunds: vec![] }, "{cut:?}");
    assert_eq!(order_of(ada, &order["id"]).await["payment_status"], "paid");
    assert!(answer.is_none_or(|(status, _)| status == 200));
    proxy.requests() > step_of(cut)
}

/// Pays 10.00 of an order back with a process that is killed; whether it was.
async fn paid_back_by_a_dying_process(ada: &Person, shop: &Shop, mug: &Goods, cut: Cut) -> bool {
    let order = ada.order(shop, mug, 1).await;
    let payment = ada.pays(&order).await;
    let path = format!("/api/payments/{}/refund_payment/", text(&payment["id"]));
    let ten = json!({ "amount": "10.00" });

    let (mut function, proxy) = behind_a_proxy("payments").await;
    proxy.cut(Some(cut), Some(function.killer()));
    let answer = function.request(shop.staff.client.token(), &path, &ten).await;

    let rested = settled(ada, &order["id"]).await;
    assert_eq!(Ledger::of(&order["id"]).await, Ledger::as_told(&rested), "{cut:?}");
    if rested["payments"][0]["refunds"] == json!([]) {
        shop.staff.client.post(&path, ten).await.expect(200);
    }
    let once = Ledger { charges: vec![4299], refunds: vec![1000] };
    assert_eq!(Ledger::of(&order["id"]).await, once, "{cut:?}");
    assert_eq!(order_of(ada, &order["id"]).await["payments"][0]["refunded_amount"], "10.00");
    assert!(answer.is_none_or(|(status, _)| status == 200));
    proxy.requests() > step_of(cut)
}

const fn step_of(cut: Cut) -> usize {
    match cut {
        Cut::Before(step) | Cut::After(step) => step,
    }
}

#[tokio::test]
async fn a_payment_whose_process_dies_at_any_step_is_charged_once() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let runs = cuts().map(|cut| paid_by_a_dying_process(&ada, &shop, &mug, cut));
    let killed: Vec<bool> = futures::stream::iter(runs).buffered(AT_ONCE).collect().await;
    // Load, save `processing`, ask the gateway, save its answer: each before and after. With each
    // save goes a step of the trail.
    assert_eq!(killed.iter().filter(|was| **was).count(), 12, "{killed:?}");
    assert!(killed[..12].iter().all(|was| *was), "the later ones end by themselves");
}

#[tokio::test]
async fn a_refund_whose_process_dies_at_any_step_is_paid_back_once() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let runs = cuts().map(|cut| paid_back_by_a_dying_process(&ada, &shop, &mug, cut));
    let killed: Vec<bool> = futures::stream::iter(runs).buffered(AT_ONCE).collect().await;
    // The gateway itself takes three requests: is it known, what is left of the charge, write it.
    assert_eq!(killed.iter().filter(|was| **was).count(), 16, "{killed:?}");
    assert!(killed[..16].iter().all(|was| *was), "the later ones end by themselves");
}

#[tokio::test]
async fn a_worker_that_dies_at_any_step_of_settling_charges_and_pays_back_once() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let runs = cuts().map(async |cut| {
        let order = ada.order(&shop, &mug, 1).await;
        // The stack's own worker is at it as well: they race, and both may be cut off.
        assert_eq!(ada.pays_with(&order, "tok_timeout_before").await.status, 202);
        let cancel = format!("/api/orders/{}/cancel_order/", text(&order["id"]));
        ada.client.patch(&cancel).await.expect(200);
        let (mut worker, proxy) = behind_a_proxy("job-worker").await;
        proxy.cut(Some(cut), Some(worker.killer()));
        let job = json!({ "job": "settle_payment", "order": order["id"] });
        let event = json!({ "Records": [{ "messageId": "1", "body": job.to_string() }] });
        worker.invoke(event).await;
        let rested = settled(&ada, &order["id"]).await;
        let ledger = Ledger::of(&order["id"]).await;
        assert_eq!(ledger, Ledger::as_told(&rested), "{cut:?}");
        assert_eq!(ledger, Ledger { charges: vec![4299], refunds: vec![4299] }, "{cut:?}");
        assert_eq!((&rested["status"], &rested["payment_status"]), (&json!("cancelled"), &json!("refunded")));
    });
    futures::stream::iter(runs).buffered(AT_ONCE).collect::<Vec<()>>().await;
}

#[tokio::test]
async fn what_the_gateway_gives_no_answer_about_is_accepted_and_settled() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    for token in ["tok_timeout_before", "tok_timeout_after"] {
        let order = ada.order(&shop, &mug, 1).await;
        let answer = ada.pays_with(&order, token).await;
        assert_eq!((answer.status, &answer.body["status"]), (202, &json!("processing")), "{token}");
        let rested = settled(&ada, &order["id"]).await;
        assert_eq!(
            (&rested["payment_status"], &rested["is_paid"]),
            (&json!("paid"), &json!(true)),
            "{token}"
        );
        assert_eq!(
            Ledger::of(&order["id"]).await,
            Ledger { charges: vec![4299], refunds: vec![] },
            "{token}"
        );
        let history = format!("/api/orders/{}/history/", text(&order["id"]));
        let history = ada.client.get(&history).await.expect(200);
        let last = history["results"].as_array().and_then(|all| all.last()).cloned().unwrap_or_default();
        assert_eq!((&last["action"], &last["by"]), (&json!("finish_payment"), &json!("system")));
    }
}

#[tokio::test]
async fn a_refund_without_an_answer_is_accepted_and_the_order_closes_when_it_is_known() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let payment = ada.pays_with(&order, "tok_refund_timeout_after").await.expect(200);
    let path = format!("/api/payments/{}/refund_payment/", text(&payment["id"]));
    let part = shop.vendor.client.post(&path, json!({ "amount": "2.99" })).await;
    assert_eq!((part.status, &part.body["refunds"][0]["status"]), (202, &json!("pending")));
    shop.does("confirm_order", &order).await.expect(200);
    shop.does("ship_order", &order).await.expect(200);
    let waits = shop.does("refund_order", &order).await;
    assert_eq!((waits.status, &waits.body["status"]), (202, &json!("shipped")));
    let rested = eventually(|| settled(&ada, &order["id"]), |order| order["status"] == "refunded").await;
    assert_eq!(Ledger::of(&order["id"]).await, Ledger { charges: vec![4299], refunds: vec![299, 4000] });
    assert_eq!(rested["payments"][0]["refunded_amount"], "42.99");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        order_of(&ada, &order["id"]).await["version"],
        rested["version"],
        "late messages change nothing"
    );
}

#[tokio::test]
async fn what_was_to_go_back_on_the_shelf_does_though_its_order_is_called_off_meanwhile() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 3).await;
    ada.pays_with(&order, "tok_refund_timeout_after").await.expect(200);
    shop.does("confirm_order", &order).await.expect(200);
    shop.does("ship_order", &order).await.expect(200);
    let path = |action: &str| format!("/api/orders/{}/{action}/", text(&order["id"]));
    let waits = shop.vendor.client.change(&path("refund_order"), json!({ "restock": true })).await;
    assert_eq!(waits.status, 202);

    let cancelled = shop.does("cancel_order", &order).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    let rested = eventually(|| settled(&ada, &order["id"]), |order| order["payment_status"] == "refunded");
    assert_eq!(rested.await["status"], "cancelled");
    assert_eq!(shop.stock(&mug).await, 100);
    assert_eq!(Ledger::of(&order["id"]).await.balance(), 0);
}

/// Marks all of a customer's notifications as read with a process that is killed; whether it was.
async fn marked_by_a_dying_process(told: &Person, cut: Cut) -> bool {
    let path = "/api/notifications/mark_all_read/";
    let key = format!("{cut:?}");
    let headers = [("idempotency-key", key.as_str())];
    let (mut function, proxy) = behind_a_proxy("notifications").await;
    proxy.cut(Some(cut), Some(function.killer()));
    let answer = function.request_with(told.client.token(), path, &json!({}), &headers).await;
    assert!(answer.is_none_or(|(status, _)| status == 200));

    // Whoever did not hear of it asks again with the same key, and is told what it has done.
    let again = told.client.send(reqwest::Method::POST, path, Some(json!({})), &headers).await.expect(200);
    assert_eq!(again["updated_count"], 1, "{cut:?}");
    proxy.requests() > step_of(cut)
}

#[tokio::test]
async fn marking_all_as_read_is_answered_alike_wherever_it_dies() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let mut killed = 0;
    for cut in cuts() {
        let ada = shop.customer().await;
        let order = ada.order(&shop, &mug, 1).await;
        shop.does("confirm_order", &order).await.expect(200);
        let unread = || async { ada.client.get("/api/notifications/?is_read=false").await.expect(200) };
        eventually(unread, |page| page["count"] == 1).await;
        let was_killed = marked_by_a_dying_process(&ada, cut).await;
        killed += usize::from(was_killed);
        assert_eq!(unread().await["count"], 0, "{cut:?}");
        if !was_killed {
            break;
        }
    }
    assert!(killed >= 4, "only {killed} processes were killed over it");
}

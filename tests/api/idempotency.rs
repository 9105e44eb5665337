//! `Idempotency-Key`: done once, answered alike.

use futures::future::join_all;
use oms_tests::shop::text;
use oms_tests::{Answer, Person, Shop};
use reqwest::Method;
use serde_json::{Value, json};

async fn post(person: &Person, path: &str, key: &str, body: Value) -> Answer {
    person.client.send(Method::POST, path, Some(body), &[("Idempotency-Key", key)]).await
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_even_after_the_order_has_moved_on() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let body = ada.order_of(&shop, &mug, 2);
    let first = post(&ada, "/api/orders/", "k1", body.clone()).await;
    assert_eq!(first.status, 201);
    shop.does("confirm_order", &first.body).await.expect(200);
    let again = post(&ada, "/api/orders/", "k1", body.clone()).await;
    assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"));
    assert_eq!(again.body, first.body);
    assert_eq!(first.header("idempotent-replayed"), "");
    assert_eq!(shop.stock(&mug).await, 8);

    let other = post(&ada, "/api/orders/", "k1", ada.order_of(&shop, &mug, 1)).await;
    assert_eq!((other.status, &other.body["code"]), (422, &json!("idempotency_key_reused")));
    let bob = shop.customer().await;
    assert_eq!(post(&bob, "/api/orders/", "k1", bob.order_of(&shop, &mug, 1)).await.status, 201);
    assert_eq!(post(&ada, "/api/orders/", &"k".repeat(256), body).await.status, 400);
}

#[tokio::test]
async fn two_hundred_requests_with_one_key_make_one_order() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 1_000).await;
    let ada = shop.customer().await;
    let body = ada.order_of(&shop, &mug, 1);
    let answers = join_all((0..200).map(|_| post(&ada, "/api/orders/", "one", body.clone()))).await;
    let ids: std::collections::HashSet<_> =
        answers.iter().filter(|a| a.status == 201).map(|a| text(&a.body["id"]).to_owned()).collect();
    assert_eq!(ids.len(), 1);
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)));
    assert_eq!(
        answers.iter().filter(|a| a.status == 201 && a.header("idempotent-replayed").is_empty()).count(),
        1
    );
    assert_eq!(shop.stock(&mug).await, 999);
}

#[tokio::test]
async fn what_changed_nothing_is_not_remembered() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 1).await;
    let ada = shop.customer().await;
    let body = ada.order_of(&shop, &mug, 2);
    assert_eq!(
        post(&ada, "/api/orders/", "k", body.clone()).await.error(),
        "Insufficient stock. Available: 1"
    );
    let path = format!("/api/products/{}/adjust_stock/", text(&mug.product));
    shop.vendor.client.post(&path, json!({ "variant": mug.variant, "delta": 1 })).await.expect(200);
    assert_eq!(post(&ada, "/api/orders/", "k", body).await.status, 201);
}

#[tokio::test]
async fn a_payment_and_a_decline_are_answered_alike_when_repeated() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    for (token, status) in [("tok_approve", 200), ("tok_decline", 402)] {
        let order = ada.order(&shop, &mug, 1).await;
        let new = json!({
            "order": order["id"], "payment_method": "credit_card", "payment_details": { "token": token },
        });
        let made = post(&ada, "/api/payments/", token, new.clone()).await;
        assert_eq!(made.status, 201);
        let path = format!("/api/payments/{}/process_payment/", text(&made.body["id"]));
        let key = format!("process-{token}");
        let first = post(&ada, &path, &key, json!({})).await;
        assert_eq!(first.status, status);
        let again = post(&ada, &path, &key, json!({})).await;
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.header("idempotent-replayed"), "true");
        let made_again = post(&ada, "/api/payments/", token, new).await;
        assert_eq!((made_again.status, &made_again.body), (201, &made.body));
    }
}

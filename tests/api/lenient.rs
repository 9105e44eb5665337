//! What is taken of bodies that say less, or more, than they need to.

use oms_tests::shop::text;
use oms_tests::{Answer, Client, Person, Shop, stack};
use reqwest::Method;
use serde_json::{Value, json};

/// Sends a body as it is written.
async fn send_text(person: &Person, method: Method, path: &str, body: &str, key: Option<&str>) -> Answer {
    let url = format!("{}{path}", stack().setting("API_URL"));
    let mut request = Client::stranger().bare().request(method, url);
    request = request.bearer_auth(person.client.token().expect("a person has a token"));
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    let answer = request.header("Content-Type", "application/json").body(body.to_owned()).send().await;
    let answer = answer.expect("the API answers");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let text = answer.text().await.expect("the answer has an end");
    Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
}

fn path_of(order: &Value) -> String {
    format!("/api/orders/{}/", text(&order["id"]))
}

#[tokio::test]
async fn a_number_with_a_point_is_answered_replayed_and_read_alike() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let data = "\"extra_data\":{\"a\":1.0,\"b\":-0.0,\"c\":1e2,\"d\":1.5}";
    let kept = "\"extra_data\":{\"a\":1,\"b\":0,\"c\":100,\"d\":1.5}";
    let order = ada.order_of(&shop, &mug, 1).to_string();
    let body = format!("{},{data}}}", &order[..order.len() - 1]);
    let post = || send_text(&ada, Method::POST, "/api/orders/", &body, Some("points"));
    let (first, again) = (post().await, post().await);
    assert_eq!((first.status, again.header("idempotent-replayed")), (201, "true"));
    let path = path_of(&first.body);
    let read = ada.client.get(&path).await;
    for answer in [&first, &again, &read] {
        assert!(answer.text.contains(kept), "{}", answer.text);
        assert_eq!(answer.header("etag"), first.header("etag"));
    }
    let same = send_text(&ada, Method::PATCH, &path, &format!("{{{data}}}"), None).await;
    assert_eq!((same.status, &same.body["version"]), (200, &first.body["version"]));
}

#[tokio::test]
async fn what_the_caller_may_not_write_of_a_new_order_is_not_even_read() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let values = [json!(null), json!(-5), json!("abc"), json!(""), json!({ "id": 1 })];
    for value in values {
        let mut body = ada.order_of(&shop, &mug, 1);
        (body["discount_amount"], body["user"]) = (value.clone(), value.clone());
        let order = ada.client.post("/api/orders/", body.clone()).await.expect(201);
        assert_eq!((&order["discount_amount"], &order["user"]), (&json!("0.00"), &json!(ada.id)));
        if !value.is_null() && value != "abc" {
            let refused = shop.staff.client.post("/api/orders/", body).await;
            assert_eq!(refused.status, 400, "{value}");
        }
    }
}

#[tokio::test]
async fn an_empty_reference_is_one_to_nothing() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let mut body = ada.order_of(&shop, &mug, 1);
    body["billing_address"] = json!("");
    let order = ada.client.post("/api/orders/", body.clone()).await.expect(201);
    assert_eq!(order["billing_address"], Value::Null);
    (body["store"], body["shipping_address"]) = (json!(""), json!(""));
    body["items"][0]["variant"] = json!("");
    let refused = ada.client.post("/api/orders/", body).await;
    let words = json!(["This field may not be null."]);
    assert_eq!(refused.body["details"], json!({ "store": words, "shipping_address": words }));
}

#[tokio::test]
async fn whoever_may_not_see_a_thing_is_told_so_whatever_their_body_says() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let (ada, stranger) = (shop.customer().await, shop.customer().await);
    let order = ada.order(&shop, &mug, 1).await;
    let payment = ada.pays(&order).await;
    let of_order = |action: &str| format!("{}{action}/", path_of(&order));
    let of_payment = |action: &str| format!("/api/payments/{}/{action}", text(&payment["id"]));
    let bad = json!({
        "reason": [1], "tracking_number": [1], "amount": "x", "reference": [1], "payment_method": "x",
    });
    for (method, path, of_customer) in [
        (Method::PATCH, of_order("refund_order"), 403),
        (Method::PATCH, of_order("ship_order"), 403),
        (Method::PATCH, of_order("cancel_order"), 400),
        (Method::POST, of_payment("process_payment/"), 400),
        (Method::POST, of_payment("refund_payment/"), 403),
        (Method::POST, of_payment("simulate_action/"), 400),
        (Method::PUT, of_payment(""), 400),
        (Method::PATCH, of_payment(""), 400),
    ] {
        for (who, status) in [(&stranger, 404), (&ada, of_customer)] {
            let answer = who.client.send(method.clone(), &path, Some(bad.clone()), &[]).await;
            assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn an_action_takes_null_for_no_body_and_a_moment_that_is_none() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let of_order = |action: &str| format!("{}{action}/", path_of(&order));
    let payment = json!({ "order": order["id"], "payment_method": "credit_card" });
    let payment = ada.client.post("/api/payments/", payment).await.expect(201);
    let path = format!("/api/payments/{}/process_payment/", text(&payment["id"]));
    ada.client.post(&path, Value::Null).await.expect(200);
    let client = &shop.vendor.client;
    client.change(&of_order("confirm_order"), Value::Null).await.expect(200);
    let soon = json!({ "estimated_delivery": "2027-01-01T12:00:00Z" });
    client.change(&path_of(&order), soon).await.expect(200);
    let shipment = json!({ "tracking_number": "X", "estimated_delivery": null });
    let shipped = client.change(&of_order("ship_order"), shipment).await.expect(200);
    assert_eq!(shipped["tracking_number"], "X");
    assert_eq!(shipped["estimated_delivery"], "2027-01-01T12:00:00.000000Z");
    client.change(&of_order("refund_order"), Value::Null).await.expect(200);
    let other = ada.order(&shop, &mug, 1).await;
    let path = format!("{}cancel_order/", path_of(&other));
    ada.client.change(&path, Value::Null).await.expect(200);
}

//! What clients hear when something is wrong.

use oms_tests::{Client, Shop};
use serde_json::json;

/// DynamoDB takes 2,048 bytes of one key and 1,024 of the other.
#[tokio::test]
async fn what_becomes_a_part_of_a_key_has_a_limit() {
    let shop = Shop::open().await;
    let (staff, long) = (&shop.staff.client, "u".repeat(3_000));
    for path in
        ["/api/orders/", "/api/orders/order_stats/", "/api/payments/payment_stats/", "/api/addresses/"]
    {
        let answer = staff.get(&format!("{path}?user={long}")).await;
        let told = json!(["Ensure this value has at most 255 characters."]);
        assert_eq!((answer.status, &answer.body["details"]["user"]), (400, &told), "{path}: {}", answer.text);
        assert_eq!(staff.get(&format!("{path}?user={}", &long[..255])).await.status, 200, "{path}");
    }
    let digits = "1".repeat(3_000);
    for search in [digits.clone(), format!("20261122-{digits}"), format!("1-{digits}"), long.clone()] {
        for path in ["/api/orders/", "/api/payments/", "/api/order-items/", "/api/products/", "/api/stores/"]
        {
            let answer = staff.get(&format!("{path}?search={search}")).await;
            assert!([200, 400].contains(&answer.status), "{path}: {} {}", answer.status, answer.text);
        }
    }
    let key = [("Idempotency-Key", "clé")];
    let answer =
        staff.send(reqwest::Method::POST, "/api/stores/", Some(json!({ "name": "Keys" })), &key).await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (400, &json!("invalid_idempotency_key")),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_stranger_is_asked_for_a_token_everywhere() {
    let stranger = Client::stranger();
    for path in
        ["/api/orders/", "/api/orders/my_orders/", "/api/payments/payment_stats/", "/api/notifications/"]
    {
        for client in [stranger.clone(), stranger.with_token("nonsense".into())] {
            let answer = client.get(path).await;
            assert_eq!((answer.status, answer.error()), (401, "Authentication required"), "{path}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
    }
}

#[tokio::test]
async fn unknown_paths_and_ids_are_not_found_in_our_shape() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    for (path, error) in [
        ("/api/nothing/", "Not found"),
        ("/nothing/", "Not found"),
        ("/api/orders/nonsense/", "Order not found"),
        ("/api/orders/0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000/", "Order not found"),
        ("/api/payments/0192aaaa-bbbb-7ccc-8ddd-eeeeffff8000/", "Payment not found"),
        ("/api/v9/orders/", "Invalid version in URL path."),
    ] {
        let answer = ada.client.get(path).await;
        assert_eq!((answer.status, answer.error()), (404, error), "{path}");
    }
    let answer = ada.client.patch("/api/orders/").await;
    assert_eq!((answer.status, answer.error()), (405, "Method \"PATCH\" not allowed."));
    assert!(answer.header("allow").contains("POST"));
}

#[tokio::test]
async fn all_that_is_wrong_with_an_order_is_said_at_once() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let (ada, bob) = (shop.customer().await, shop.customer().await);
    let answer = ada.client.post("/api/orders/", json!({ "payment_method": "gold", "store": "x" })).await;
    assert_eq!((answer.status, answer.error()), (400, "Validation failed"));
    assert_eq!(
        answer.body["details"],
        json!({
            "store": ["Must be a valid UUID."],
            "items": ["This field is required."],
            "payment_method": ["\"gold\" is not a valid choice."],
            "shipping_address": ["This field is required."],
        })
    );
    let mut body = ada.order_of(&shop, &mug, 1);
    body["items"] = json!([body["items"][0], { "product": mug.product, "quantity": 0 }]);
    let answer = ada.client.post("/api/orders/", body.clone()).await;
    let too_few = json!({ "quantity": ["Ensure this value is greater than or equal to 1."] });
    assert_eq!(answer.body["details"], json!({ "items": [{}, too_few] }));
    body["items"] = json!([]);
    let answer = ada.client.post("/api/orders/", body.clone()).await;
    let empty = json!({ "non_field_errors": ["This list may not be empty."] });
    assert_eq!(answer.body["details"], json!({ "items": empty }));

    let mut body = ada.order_of(&shop, &mug, 1);
    body["items"][0]["unit_price"] = json!("19.99");
    let answer = ada.client.post("/api/orders/", body.clone()).await;
    assert_eq!(answer.body["details"], json!({ "items": [{ "unit_price": ["The price is now 29.99."] }] }));
    body["items"][0]["unit_price"] = json!(29.99);
    ada.client.post("/api/orders/", body.clone()).await.expect(201);
    body["shipping_address"] = bob.address.clone();
    let answer = ada.client.post("/api/orders/", body).await;
    assert_eq!(answer.body["details"], json!({ "shipping_address": ["Address does not belong to you."] }));
    let answer = ada.buys(&shop, &mug, 100).await;
    assert_eq!((answer.status, answer.error()), (400, "Insufficient stock. Available: 9"));
}

#[tokio::test]
async fn what_is_wrong_with_one_line_is_told_among_all_of_them() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let mut body = ada.order_of(&shop, &mug, 1);
    let known = body["items"][0].clone();
    let id = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000";
    body["items"] = json!([{ "product": id, "quantity": 1 }, known, known]);
    let refused = ada.client.post("/api/orders/", body).await;
    let words = format!("Invalid pk \"{id}\" - object does not exist.");
    let details = json!({ "items": [{ "product": [words] }, {}, {}] });
    assert_eq!((refused.status, &refused.body["details"]), (400, &details));
}

//! Versions of a resource: `ETag`, `If-None-Match`, `If-Match`.

use futures::future::{join, join_all};
use oms_tests::Shop;
use oms_tests::shop::{Person, text};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn of_two_who_change_what_they_saw_one_does() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    for _ in 0..5 {
        let order = ada.order(&shop, &mug, 1).await;
        let path = format!("/api/orders/{}/", text(&order["id"]));
        let seen = ada.client.get(&path).await;
        let tag = seen.header("etag").to_owned();
        let headers = [("If-Match", tag.as_str())];
        let change =
            |notes: &str| ada.client.send(Method::PATCH, &path, Some(json!({ "notes": notes })), &headers);
        let mut statuses: Vec<_> =
            join_all([change("first"), change("second")]).await.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
}

#[tokio::test]
async fn a_stale_version_changes_nothing_anywhere() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let admin = Person::new("admin", Some("admin"));
    let order = ada.order(&shop, &mug, 2).await;
    let path = format!("/api/orders/{}/", text(&order["id"]));
    let item = format!("/api/order-items/{}/", text(&order["items"][0]["id"]));
    let stale = ada.client.get(&path).await.header("etag").to_owned();
    let stale_item = ada.client.get(&item).await.header("etag").to_owned();
    ada.client.change(&path, json!({ "notes": "Ring twice" })).await.expect(200);
    let now = ada.client.get(&path).await;
    assert_ne!(now.header("etag"), stale);

    for (method, path, body, tag) in [
        (Method::PATCH, path.clone(), Some(json!({ "notes": "x" })), &stale),
        (Method::PUT, path.clone(), Some(admin.order_of(&shop, &mug, 1)), &stale),
        (Method::DELETE, path.clone(), None, &stale),
        (Method::PATCH, format!("{path}confirm_order/"), None, &stale),
        (Method::PATCH, format!("{path}cancel_order/"), None, &stale),
        (Method::PATCH, item.clone(), Some(json!({ "quantity": 1 })), &stale_item),
        (Method::DELETE, item.clone(), None, &stale_item),
    ] {
        let answer = admin.client.send(method.clone(), &path, body, &[("If-Match", tag)]).await;
        assert_eq!(answer.status, 412, "{method} {path}: {}", answer.text);
        assert!(!answer.error().is_empty());
    }
    assert_eq!(ada.client.get(&path).await.body, now.body);

    let headers = [("If-Match", now.header("etag"))];
    let action = format!("{path}confirm_order/");
    shop.vendor.client.send(Method::PATCH, &action, None, &headers).await.expect(200);
    let any = [("If-Match", "*")];
    shop.vendor.client.send(Method::PATCH, &path, Some(json!({ "notes": "y" })), &any).await.expect(200);
}

#[tokio::test]
async fn what_a_client_has_already_is_not_sent_again() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 2).await;
    let payment = ada.pays(&order).await;
    for path in [
        format!("/api/orders/{}/", text(&order["id"])),
        format!("/api/orders/{}/history/", text(&order["id"])),
        format!("/api/order-items/{}/", text(&order["items"][0]["id"])),
        format!("/api/payments/{}/", text(&payment["id"])),
        format!("/api/products/{}/", text(&mug.product)),
        "/api/orders/".to_owned(),
        "/api/addresses/".to_owned(),
    ] {
        let first = ada.client.get(&path).await;
        let tag = first.header("etag").to_owned();
        assert!(!tag.is_empty(), "{path}");
        let again = ada.client.send(Method::GET, &path, None, &[("If-None-Match", &tag)]).await;
        // What the consumers do meanwhile may change a list, never a resource.
        if again.status != 304 {
            assert_ne!(again.text, first.text, "{path}");
        } else {
            assert_eq!((again.text.as_str(), again.header("etag")), ("", tag.as_str()));
        }
        let other = ada.client.send(Method::GET, &path, None, &[("If-None-Match", "\"other\"")]).await;
        assert_eq!(other.status, 200);
    }
}

#[tokio::test]
async fn a_count_based_on_a_stock_that_no_longer_is_is_held_back() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let product = format!("/api/products/{}/", text(&mug.product));
    let path = format!("{product}adjust_stock/");
    let tag = async || shop.vendor.client.get(&product).await.header("etag").to_owned();
    let adjust = async |body: Value, tag: &str| {
        shop.vendor.client.send(Method::POST, &path, Some(body), &[("If-Match", tag)]).await
    };
    let seen = tag().await;
    shop.vendor.client.post(&path, json!({ "variant": mug.variant, "delta": 7 })).await.expect(200);
    for body in [json!({ "variant": mug.variant, "stock": 1 }), json!({ "stock": 1 }), json!({ "delta": 1 })]
    {
        assert_eq!(adjust(body, &seen).await.status, 412);
    }
    assert_eq!(shop.stock(&mug).await, 17);

    let seen = tag().await;
    let count = || adjust(json!({ "variant": mug.variant, "stock": 1 }), &seen);
    let add = || adjust(json!({ "variant": mug.variant, "delta": 2 }), &seen);
    let (one, other) = join(count(), add()).await;
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "of two who name what they saw, one adjusts it");
    let (stock, now) = (shop.stock(&mug).await.as_i64().unwrap(), tag().await);
    assert!([1, 19].contains(&stock), "{stock}");
    let adjusted = adjust(json!({ "variant": mug.variant, "delta": -1 }), &now).await;
    assert_eq!(adjusted.expect(200)["variants"][0]["stock"], stock - 1);
    let adjusted = adjust(json!({ "variant": mug.variant, "delta": 3 }), "*").await;
    assert_eq!(adjusted.expect(200)["variants"][0]["stock"], stock + 2);
    let fewer = adjust(json!({ "variant": mug.variant, "delta": -30 }), "*").await;
    assert_eq!(fewer.error(), format!("Insufficient stock. Available: {}", stock + 2));
}

#[tokio::test]
async fn an_address_that_is_the_default_no_longer_is_not_what_was_seen() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let new = json!({
        "full_name": "Ada Lovelace", "address_line1": "12 St James's Square", "city": "London",
        "country": "GB", "is_default": true,
    });
    let made = ada.client.post("/api/addresses/", new.clone()).await.expect(201);
    let path = format!("/api/addresses/{}/", text(&made["id"]));
    let seen = ada.client.get(&path).await.header("etag").to_owned();
    ada.client.post("/api/addresses/", new.clone()).await.expect(201);
    let change = Some(json!({ "city": "Ockham" }));
    for (method, body) in [(Method::PATCH, change.clone()), (Method::PUT, Some(new)), (Method::DELETE, None)]
    {
        let answer = ada.client.send(method.clone(), &path, body, &[("If-Match", &seen)]).await;
        assert_eq!(answer.status, 412, "{method}: {}", answer.text);
    }
    let now = ada.client.get(&path).await;
    assert_eq!(now.body["is_default"], false);
    let changed = ada.client.send(Method::PATCH, &path, change, &[("If-Match", now.header("etag"))]).await;
    assert_eq!(changed.expect(200)["city"], "Ockham");
}

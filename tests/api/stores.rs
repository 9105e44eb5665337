//! What a store keeps for its orders' sake: its currency, its owner, and itself until they are
//! finished; and how many stores one may own.

use futures::future::join_all;
use oms_tests::shop::text;
use oms_tests::{Person, Shop, eventually};
use reqwest::Method;
use serde_json::{Value, json};

fn path_of(shop: &Shop) -> String {
    format!("/api/stores/{}/", text(&shop.store["id"]))
}

#[tokio::test]
async fn a_currency_is_fixed_once_there_is_a_product_and_stays_so_without_it() {
    let shop = Shop::open().await;
    let turn = async |currency: &str| {
        shop.vendor.client.change(&path_of(&shop), json!({ "currency": currency })).await
    };
    assert_eq!(turn("CHF").await.expect(200)["currency"], "CHF");
    let mug = shop.sells("Mug", 10).await;
    let words = json!({ "currency": ["The currency is fixed once the store has a product or an order."] });
    let refused = turn("JPY").await;
    assert_eq!((refused.status, &refused.body["details"]), (400, &words));
    assert_eq!(turn("CHF").await.expect(200)["currency"], "CHF", "the one that it has is no change");
    // In an order there may be a product that is no more.
    let product = format!("/api/products/{}/", text(&mug.product));
    shop.vendor.client.send(Method::DELETE, &product, None, &[]).await.expect(200);
    assert_eq!(turn("JPY").await.status, 400);
    let together = json!({ "currency": "JPY", "status": "inactive" });
    assert_eq!(shop.vendor.client.change(&path_of(&shop), together).await.body["details"], words);
}

#[tokio::test]
async fn a_product_does_not_move_to_a_store_of_another_currency() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    let mug = shop.sells("Mug", 10).await;
    let product = format!("/api/products/{}/", text(&mug.product));
    let to_other = json!({ "store": other.store["id"] });
    other.vendor.client.change(&path_of(&other), json!({ "currency": "JPY" })).await.expect(200);
    let refused = shop.staff.client.change(&product, to_other.clone()).await;
    assert_eq!(refused.body["details"], json!({ "store": ["The product is priced in USD."] }));
    other.vendor.client.change(&path_of(&other), json!({ "currency": "USD" })).await.expect(200);
    assert_eq!(shop.staff.client.change(&product, to_other).await.expect(200)["store"], other.store["id"]);
    for (of, count) in [(&shop, 0), (&other, 1)] {
        let list = format!("/api/products/?store={}", text(&of.store["id"]));
        assert_eq!(shop.staff.client.get(&list).await.expect(200)["count"], count);
    }
}

#[tokio::test]
async fn a_store_goes_once_its_orders_are_finished_and_its_owner_still_sees_them() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 2).await;
    ada.pays(&order).await;
    let delete = async || shop.vendor.client.send(Method::DELETE, &path_of(&shop), None, &[]).await;
    for action in ["confirm_order", "ship_order", "deliver_order"] {
        let refused = delete().await;
        assert_eq!((refused.status, &refused.body["code"]), (400, &json!("unfinished_orders")));
        assert_eq!(refused.error(), "A store with unfinished orders cannot be deleted");
        shop.does(action, &order).await.expect(200);
    }
    assert_eq!(shop.stock(&mug).await, 8, "nothing of it was deleted");
    delete().await.expect(200);
    assert_eq!(shop.staff.client.get(&path_of(&shop)).await.status, 404);
    assert_eq!(delete().await.status, 404);
    let listed = shop.staff.client.get("/api/stores/?page_size=100").await.expect(200);
    assert!(listed["results"].as_array().unwrap().iter().all(|one| one["id"] != shop.store["id"]));
    let refused = ada.buys(&shop, &mug, 1).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    let new = json!({ "store": shop.store["id"], "name": "Late", "base_price": 1 });
    assert_eq!(shop.vendor.client.post("/api/products/", new).await.status, 400);

    let path = format!("/api/orders/{}/", text(&order["id"]));
    assert_eq!(shop.vendor.client.get(&path).await.expect(200)["store_name"], "Mugs & More");
    let list = format!("/api/orders/?store={}", text(&shop.store["id"]));
    let list = async || shop.vendor.client.get(&list).await.expect(200);
    eventually(list, |list: &Value| list["count"] == 1).await;
    let stats = format!("/api/orders/order_stats/?store={}", text(&shop.store["id"]));
    let stats = async || shop.vendor.client.get(&stats).await.expect(200);
    eventually(stats, |stats: &Value| stats["delivered_orders"] == 1).await;
    // And still ends what has to end.
    assert_eq!(shop.does("refund_order", &order).await.expect(200)["status"], "refunded");
    let other = Person::new("vendor", Some("vendor"));
    assert_eq!(other.client.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_vendor_owns_twenty_stores_however_many_are_made_at_once() {
    let shop = Shop::open().await;
    let make = |_| shop.vendor.client.post("/api/stores/", json!({ "name": "Another" }));
    let answers = join_all((0..8).map(make)).await;
    let mut made: Vec<Value> = answers.into_iter().map(|answer| answer.expect(201)).collect();
    for _ in 0..8 {
        made.push(make(0).await.expect(201));
    }
    // Three places are left.
    let answers = join_all((0..6).map(make)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((refused.status, refused.error()), (400, "An owner may have at most 20 stores"));
    }
    let count = async || shop.vendor.client.get("/api/stores/?search=another").await.expect(200);
    eventually(count, |list: &Value| list["count"].as_u64() >= Some(19)).await;
    let given = format!("/api/stores/{}/", text(&made[0]["id"]));
    let other = Person::new("vendor", Some("vendor"));
    shop.staff.client.change(&given, json!({ "owner": other.id })).await.expect(200);
    let gone = format!("/api/stores/{}/", text(&made[1]["id"]));
    shop.vendor.client.send(Method::DELETE, &gone, None, &[]).await.expect(200);
    for _ in 0..2 {
        make(0).await.expect(201);
    }
    let back = shop.staff.client.change(&given, json!({ "owner": shop.vendor.id })).await;
    assert_eq!(back.error(), "An owner may have at most 20 stores");
}

#[tokio::test]
async fn an_order_that_staff_place_for_somebody_knows_them_from_their_own_orders() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let for_ada = async || {
        let mut body = ada.order_of(&shop, &mug, 1);
        body["user"] = json!(ada.id);
        shop.staff.client.post("/api/orders/", body).await.expect(201)
    };
    assert_eq!(for_ada().await["user_username"], json!(ada.id), "nobody knows her yet");
    let own = ada.order(&shop, &mug, 1).await;
    assert_ne!(own["user_username"], json!(ada.id));
    let known = eventually(for_ada, |order: &Value| order["user_username"] == own["user_username"]).await;
    for field in ["user", "user_email", "user_details"] {
        assert_eq!(known[field], own[field], "{field}");
    }
}

//! Order items as resources of their own.

use futures::future::join_all;
use oms_tests::shop::text;
use oms_tests::{Shop, eventually};
use serde_json::{Value, json};

fn path_of(item: &Value) -> String {
    format!("/api/order-items/{}/", text(&item["id"]))
}

#[tokio::test]
async fn an_item_is_added_changed_and_taken_out_with_its_stock_its_price_and_the_payment() {
    let shop = Shop::open().await;
    let (mug, cup) = (shop.sells("Mug", 10).await, shop.sells("Cup", 10).await);
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let pays = json!({ "order": order["id"], "payment_method": "credit_card" });
    ada.client.post("/api/payments/", pays).await.expect(201);
    let amounts = async || {
        let order = ada.client.get(&format!("/api/orders/{}/", text(&order["id"]))).await.expect(200);
        assert_eq!(order["payments"][0]["amount"], order["total_amount"]);
        (order["subtotal"].clone(), order["total_amount"].clone(), shop.stock(&cup).await)
    };

    let new = json!({ "order": order["id"], "product": cup.product, "variant": cup.variant, "quantity": 2 });
    let item = ada.client.post("/api/order-items/", new).await.expect(201);
    assert_eq!((&item["order"], &item["product_name"]), (&order["id"], &json!("Cup")));
    assert_eq!((&item["unit_price"], &item["total_price"]), (&json!("29.99"), &json!("59.98")));
    assert_eq!(amounts().await, (json!("89.97"), json!("108.97"), json!(8)));

    let changed = ada.client.change(&path_of(&item), json!({ "quantity": 5 })).await.expect(200);
    assert_eq!((&changed["id"], &changed["total_price"]), (&item["id"], &json!("149.95")));
    assert_eq!(amounts().await, (json!("179.94"), json!("207.93"), json!(5)));
    let whole =
        json!({ "order": order["id"], "product": cup.product, "variant": cup.variant, "quantity": 1 });
    ada.client.put(&path_of(&item), whole).await.expect(200);
    assert_eq!(amounts().await, (json!("59.98"), json!("75.98"), json!(9)));
    let refused = ada.client.change(&path_of(&item), json!({ "quantity": 100 })).await;
    assert_eq!((refused.status, refused.error()), (400, "Insufficient stock. Available: 9"));

    let by_order = format!("/api/order-items/by_order/?order_id={}", text(&order["id"]));
    let items = ada.client.get(&by_order).await.expect(200);
    assert_eq!(items.as_array().map(Vec::len), Some(2));
    let deleted = ada.client.delete(&path_of(&item)).await.expect(200);
    assert_eq!(deleted, json!({ "message": "Order item deleted successfully" }));
    assert_eq!(ada.client.get(&path_of(&item)).await.error(), "Order item not found");
    assert_eq!(amounts().await, (json!("29.99"), json!("42.99"), json!(10)));
    let last = ada.client.delete(&path_of(&order["items"][0])).await;
    assert_eq!((last.status, last.error()), (400, "The last item of an order cannot be deleted"));
}

#[tokio::test]
async fn items_belong_to_those_who_see_their_order() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    let mug = shop.sells("Mug", 10).await;
    let (ada, bob) = (shop.customer().await, shop.customer().await);
    let order = ada.order(&shop, &mug, 1).await;
    let item = &order["items"][0];
    let by_order = format!("/api/order-items/by_order/?order_id={}", text(&order["id"]));
    for stranger in [&bob, &other.vendor] {
        assert_eq!(stranger.client.get(&path_of(item)).await.error(), "Order item not found");
        assert_eq!(stranger.client.change(&path_of(item), json!({ "quantity": 2 })).await.status, 404);
        assert_eq!(stranger.client.delete(&path_of(item)).await.status, 404);
        assert_eq!(stranger.client.get(&by_order).await.error(), "Order not found");
        let new =
            json!({ "order": order["id"], "product": mug.product, "variant": mug.variant, "quantity": 1 });
        let refused = stranger.client.post("/api/order-items/", new).await;
        let unknown = format!("Invalid pk \"{}\" - object does not exist.", text(&order["id"]));
        assert_eq!(refused.body["details"], json!({ "order": [unknown] }));
    }
    for person in [&ada, &shop.vendor, &shop.staff] {
        assert_eq!(&person.client.get(&path_of(item)).await.expect(200), item);
        assert_eq!(person.client.get(&by_order).await.expect(200), json!([item]));
    }
    let missing = ada.client.get("/api/order-items/by_order/").await;
    assert_eq!((missing.status, missing.error()), (400, "order_id parameter is required"));
}

#[tokio::test]
async fn items_are_fixed_once_paid_or_confirmed() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let (paid, confirmed) = (ada.order(&shop, &mug, 1).await, ada.order(&shop, &mug, 1).await);
    ada.pays(&paid).await;
    shop.does("confirm_order", &confirmed).await.expect(200);
    for order in [&paid, &confirmed] {
        let item = &order["items"][0];
        let new =
            json!({ "order": order["id"], "product": mug.product, "variant": mug.variant, "quantity": 1 });
        for refused in [
            ada.client.change(&path_of(item), json!({ "quantity": 2 })).await,
            ada.client.post("/api/order-items/", new).await,
            ada.client.delete(&path_of(item)).await,
        ] {
            assert_eq!(
                (refused.status, refused.error()),
                (400, "Order items cannot be changed in the order's current status")
            );
        }
    }
    assert_eq!(shop.stock(&mug).await, 8);
}

#[tokio::test]
async fn of_ten_items_added_at_once_none_is_lost() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let new = json!({ "order": order["id"], "product": mug.product, "variant": mug.variant, "quantity": 2 });
    let answers = join_all((0..10).map(|_| ada.client.post("/api/order-items/", new.clone()))).await;
    let added = answers.iter().filter(|answer| answer.status == 201).count();
    assert!(added > 0);
    assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)));
    let seen = ada.client.get(&format!("/api/orders/{}/", text(&order["id"]))).await.expect(200);
    let items = seen["items"].as_array().expect("it has items");
    let pieces: u64 = items.iter().filter_map(|item| item["quantity"].as_u64()).sum();
    assert_eq!(pieces, 1 + 2 * added as u64);
    assert_eq!(shop.stock(&mug).await, 100 - pieces);
}

#[tokio::test]
async fn staff_and_the_vendor_see_who_bought_a_product() {
    let shop = Shop::open().await;
    let (mug, cup) = (shop.sells("Mug", 50).await, shop.sells("Tea Cup", 50).await);
    let (ada, bob) = (shop.customer().await, shop.customer().await);
    let mut bought = Vec::new();
    for (person, goods) in [(&ada, &mug), (&bob, &cup), (&bob, &mug), (&ada, &mug)] {
        let order = person.order(&shop, goods, 1).await;
        if goods.product == mug.product {
            bought.insert(0, order["items"][0]["id"].clone());
        }
    }
    let ids = |page: &Value| -> Vec<Value> {
        page["results"].as_array().into_iter().flatten().map(|item| item["id"].clone()).collect()
    };
    let (of_product, of_variant) = (text(&mug.product), text(&mug.variant));
    for query in [format!("product={of_product}"), format!("variant={of_variant}")] {
        for person in [&shop.staff, &shop.vendor] {
            let path = format!("/api/order-items/?{query}&page_size=2");
            let list = || async { person.client.get(&path).await.expect(200) };
            let page = eventually(list, |page: &Value| page["count"] == 3).await;
            assert_eq!(ids(&page), bought[..2], "{query}");
            let next = text(&page["next"]);
            let page = person.client.get(&next[next.find("/api/").expect("a link")..]).await.expect(200);
            assert_eq!(ids(&page), bought[2..], "{query}");
        }
        let own = ada.client.get(&format!("/api/order-items/?{query}")).await.expect(200);
        assert_eq!(own["count"], 2, "{query}");
    }
}

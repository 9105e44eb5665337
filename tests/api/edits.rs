//! PUT, PATCH and DELETE of orders: prices, stock, and who may write what.

use oms_tests::shop::{Person, text};
use oms_tests::{Goods, Shop, eventually};
use serde_json::{Value, json};

fn path_of(order: &Value) -> String {
    format!("/api/orders/{}/", text(&order["id"]))
}

async fn is_now_sold_at(shop: &Shop, goods: &Goods, price: &str) {
    let path = format!("/api/products/{}/", text(&goods.product));
    let product = shop.vendor.client.get(&path).await.expect(200);
    let variant = json!({ "id": goods.variant, "name": "Blue", "current_price": price });
    let body = json!({ "base_price": price, "current_price": price, "variants": [variant] });
    let changed = shop.vendor.client.change(&path, body).await.expect(200);
    assert_eq!(changed["variants"][0]["stock"], product["variants"][0]["stock"]);
}

#[tokio::test]
async fn a_pending_order_is_repriced_and_its_stock_and_payment_follow() {
    let shop = Shop::open().await;
    let (mug, cup) = (shop.sells("Mug", 10).await, shop.sells("Cup", 10).await);
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 2).await;
    let pays = json!({ "order": order["id"], "payment_method": "credit_card" });
    let payment = ada.client.post("/api/payments/", pays).await.expect(201);

    let items = json!([
        { "product": mug.product, "variant": mug.variant, "quantity": 1 },
        { "product": cup.product, "variant": cup.variant, "quantity": 3, "notes": "the thin ones" },
    ]);
    let body = json!({ "items": items, "shipping_method": "express", "notes": "Ring twice" });
    let edited = ada.client.change(&path_of(&order), body).await.expect(200);
    assert_eq!(edited["subtotal"], "119.96");
    assert_eq!(edited["tax_amount"], "12.00");
    assert_eq!((&edited["shipping_cost"], &edited["total_amount"]), (&json!("25.00"), &json!("156.96")));
    assert_eq!(
        (&edited["notes"], &edited["items"][1]["notes"]),
        (&json!("Ring twice"), &json!("the thin ones"))
    );
    assert_eq!(edited["payments"][0]["amount"], "156.96");
    assert_eq!((shop.stock(&mug).await, shop.stock(&cup).await), (json!(9), json!(7)));

    let too_many = json!({ "items": [{ "product": cup.product, "variant": cup.variant, "quantity": 11 }] });
    let refused = ada.client.change(&path_of(&order), too_many).await;
    assert_eq!((refused.status, refused.error()), (400, "Insufficient stock. Available: 7"));
    assert_eq!((shop.stock(&mug).await, shop.stock(&cup).await), (json!(9), json!(7)));
    let path = format!("/api/payments/{}/", text(&payment["id"]));
    assert_eq!(ada.client.get(&path).await.expect(200)["amount"], "156.96");
}

#[tokio::test]
async fn a_line_keeps_the_price_it_was_sold_at_and_a_new_one_has_todays() {
    let shop = Shop::open().await;
    let (mug, cup) = (shop.sells("Mug", 10).await, shop.sells("Cup", 10).await);
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    is_now_sold_at(&shop, &mug, "35.00").await;
    is_now_sold_at(&shop, &cup, "12.50").await;

    let mut body = ada.order_of(&shop, &mug, 2);
    body["items"] = json!([
        { "product": mug.product, "variant": mug.variant, "quantity": 2 },
        { "product": cup.product, "variant": cup.variant, "quantity": 1 },
    ]);
    let replaced = ada.client.put(&path_of(&order), body.clone()).await.expect(200);
    assert_eq!(replaced["items"][0]["unit_price"], "29.99");
    assert_eq!(replaced["items"][1]["unit_price"], "12.50");
    assert_eq!(replaced["subtotal"], "72.48");
    assert_eq!(replaced["items"][0]["id"], order["items"][0]["id"], "the line that was there stays itself");

    let another = ada.client.post("/api/orders/", ada.order_of(&shop, &mug, 1)).await.expect(201);
    assert_eq!(another["items"][0]["unit_price"], "35.00");
    body["items"] =
        json!([{ "product": cup.product, "variant": cup.variant, "quantity": 1, "unit_price": "1" }]);
    let refused = ada.client.put(&path_of(&another), body.clone()).await;
    assert_eq!(refused.body["details"], json!({ "items": [{ "unit_price": ["The price is now 12.50."] }] }));
    let overridden = shop.vendor.client.put(&path_of(&another), body).await.expect(200);
    assert_eq!(overridden["items"][0]["unit_price"], "1.00");
}

#[tokio::test]
async fn what_a_client_read_it_can_send_back() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 2).await;
    for (person, action) in [(&ada, None), (&shop.vendor, Some("confirm_order")), (&shop.staff, None)] {
        if let Some(action) = action {
            shop.does(action, &order).await.expect(200);
        }
        let mut read = person.client.get(&path_of(&order)).await.expect(200);
        let sent = person.client.put(&path_of(&order), read.clone()).await.expect(200);
        for changing in ["version", "updated_at"] {
            read[changing] = sent[changing].clone();
        }
        assert_eq!(sent, read);
    }
    assert_eq!(shop.stock(&mug).await, 8);
}

#[tokio::test]
async fn items_are_fixed_once_the_order_is_confirmed_and_the_store_always() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    let (mug, cup) = (shop.sells("Mug", 10).await, other.sells("Cup", 10).await);
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 2).await;

    let mixed = json!({ "items": [{ "product": cup.product, "variant": cup.variant, "quantity": 1 }] });
    let refused = ada.client.change(&path_of(&order), mixed).await;
    let words = "Product does not belong to the selected store.";
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains(words), "{}", refused.text);
    let stays = json!({ "store": ["An order cannot move to another store."] });
    for confirm in [true, false] {
        for person in [&ada, &shop.vendor, &shop.staff] {
            let there = ada.order_of(&other, &cup, 1);
            let refused = person.client.put(&path_of(&order), there.clone()).await;
            assert_eq!((refused.status, &refused.body["details"]), (400, &stays));
            let part = json!({ "store": other.store["id"], "items": there["items"], "status": "confirmed" });
            let refused = person.client.change(&path_of(&order), part).await;
            assert_ne!(refused.status, 200, "{}", refused.text);
        }
        assert_eq!((shop.stock(&mug).await, other.stock(&cup).await), (json!(8), json!(10)));
        if confirm {
            shop.does("confirm_order", &order).await.expect(200);
        }
    }
    let refused = ada.client.put(&path_of(&order), ada.order_of(&shop, &mug, 1)).await;
    assert_eq!(
        (refused.status, refused.error()),
        (400, "Order items cannot be changed in the order's current status")
    );
    ada.client.put(&path_of(&order), ada.order_of(&shop, &mug, 2)).await.expect(200);
    assert_eq!((shop.stock(&mug).await, other.stock(&cup).await), (json!(8), json!(10)));
}

#[tokio::test]
async fn only_those_who_run_an_order_discount_and_track_it() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 2).await;
    let body = json!({ "discount_amount": "10.00", "tracking_number": "1Z", "payment_reference": "INV-1" });
    let ignored = ada.client.change(&path_of(&order), body.clone()).await.expect(200);
    assert_eq!((&ignored["discount_amount"], &ignored["total_amount"]), (&json!("0.00"), &json!("75.98")));
    assert_eq!((&ignored["tracking_number"], &ignored["payment_reference"]), (&json!(""), &json!("")));

    let edited = shop.vendor.client.change(&path_of(&order), body).await.expect(200);
    // 10 % on 59.98 less 10.00, rounded half up.
    assert_eq!((&edited["tax_amount"], &edited["total_amount"]), (&json!("5.00"), &json!("64.98")));
    assert_eq!((&edited["tracking_number"], &edited["payment_reference"]), (&json!("1Z"), &json!("INV-1")));
    let too_much = shop.vendor.client.change(&path_of(&order), json!({ "discount_amount": "69.99" })).await;
    let words = json!({ "discount_amount": ["The discount exceeds the order: 69.98."] });
    assert_eq!((too_much.status, &too_much.body["details"]), (400, &words));
    let all =
        shop.vendor.client.change(&path_of(&order), json!({ "discount_amount": 69.98 })).await.expect(200);
    assert_eq!((&all["tax_amount"], &all["total_amount"]), (&json!("0.00"), &json!("0.00")));
}

#[tokio::test]
async fn a_status_is_written_by_the_rules_of_the_actions() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 2).await;
    let to = |person: &Person, status: &str| {
        let client = person.client.clone();
        let (path, body) = (path_of(&order), json!({ "status": status }));
        async move { client.change(&path, body).await }
    };
    assert_eq!(to(&ada, "pending").await.expect(200)["status"], "pending");
    assert_eq!(to(&ada, "confirmed").await.error(), "Insufficient permissions");
    assert_eq!(
        to(&shop.vendor, "delivered").await.error(),
        "Order cannot be delivered in its current status"
    );
    assert_eq!(to(&shop.vendor, "confirmed").await.expect(200)["status"], "confirmed");
    assert_eq!(
        to(&shop.vendor, "pending").await.error(),
        "Order cannot be moved to pending in its current status"
    );
    let refused = to(&shop.vendor, "lost").await;
    assert_eq!(refused.body["details"], json!({ "status": ["\"lost\" is not a valid choice."] }));
    assert_eq!(to(&ada, "cancelled").await.expect(200)["status"], "cancelled");
    assert_eq!(shop.stock(&mug).await, 10);
}

#[tokio::test]
async fn an_admin_deletes_an_order_out_of_every_list_and_count() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let admin = Person::new("admin", Some("admin"));
    let (order, kept) = (ada.order(&shop, &mug, 2).await, ada.order(&shop, &mug, 1).await);
    let stats = async || ada.client.get("/api/orders/order_stats/").await.expect(200);
    eventually(stats, |stats: &Value| stats["total_orders"] == 2).await;
    for person in [&ada, &shop.vendor, &shop.staff] {
        assert_eq!(person.client.delete(&path_of(&order)).await.error(), "Insufficient permissions");
    }
    let deleted = admin.client.delete(&path_of(&order)).await.expect(200);
    assert_eq!(deleted, json!({ "message": "Order deleted successfully" }));
    for path in [path_of(&order), format!("{}history/", path_of(&order))] {
        assert_eq!(ada.client.get(&path).await.error(), "Order not found");
    }
    assert_eq!(admin.client.delete(&path_of(&order)).await.status, 404);
    assert_eq!(shop.does("confirm_order", &order).await.status, 404);
    let item = format!("/api/order-items/{}/", text(&order["items"][0]["id"]));
    assert_eq!(ada.client.get(&item).await.error(), "Order item not found");

    let stats = eventually(stats, |stats: &Value| stats["total_orders"] == 1).await;
    assert_eq!(stats["orders_by_status"]["pending"], 1);
    let list = eventually(
        || async { ada.client.get("/api/orders/").await.expect(200) },
        |list: &Value| list["count"] == 1,
    )
    .await;
    assert_eq!(list["results"][0]["id"], kept["id"]);
    let record = admin.client.item(&format!("ORDER#{}", text(&order["id"])), "ORDER").await;
    assert!(
        record["log"]["L"].as_array().is_some_and(|log| log.len() == 2),
        "its change records stay: {record}"
    );
    let history = format!("{}history/", path_of(&order));
    for person in [&ada, &shop.vendor, &shop.staff] {
        assert_eq!(person.client.get(&history).await.error(), "Order not found");
    }
    let told = admin.client.get(&history).await.expect(200);
    assert_eq!((&told["count"], &told["results"][1]["by"]), (&json!(2), &json!(admin.id)), "{told}");
    assert_eq!(told["results"][1]["action"], "delete", "{told}");
}

#[tokio::test]
async fn every_version_can_be_seen_as_it_was_and_the_history_tells_what_changed() {
    let shop = Shop::open().await;
    let (mug, cup) = (shop.sells("Mug", 10).await, shop.sells("Cup", 10).await);
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let path = path_of(&order);
    let item = json!({ "order": order["id"], "product": cup.product, "variant": cup.variant, "quantity": 2 });
    let mut seen = vec![ada.client.get(&path).await.expect(200)];
    ada.client.post("/api/order-items/", item).await.expect(201);
    seen.push(ada.client.get(&path).await.expect(200));
    let body = json!({ "notes": "Ring twice", "discount_amount": "1.00" });
    seen.push(shop.vendor.client.change(&path, body).await.expect(200));
    ada.pays(&order).await;
    seen.push(ada.client.get(&path).await.expect(200));
    for action in ["confirm_order", "ship_order", "deliver_order"] {
        seen.push(shop.does(action, &order).await.expect(200));
    }
    let rating = json!({ "rating": 4, "comment": "Came early" });
    seen.push(ada.client.post(&format!("{path}rate_order/"), rating).await.expect(200));

    // What the caller may do depends on who asks and when, so all is read again by one person.
    let may = ["can_cancel", "can_refund"];
    for then in &seen {
        for at in [then["version"].to_string(), text(&then["updated_at"]).to_owned()] {
            let mut again = ada.client.get(&format!("{path}?as_of={at}")).await.expect(200);
            for field in may {
                again[field] = then[field].clone();
            }
            assert_eq!(&again, then, "as of {at}");
        }
    }
    for nothing in ["0", "1999-01-01T00:00:00Z"] {
        assert_eq!(ada.client.get(&format!("{path}?as_of={nothing}")).await.error(), "Order not found");
    }
    assert_eq!(ada.client.get(&format!("{path}?as_of=yesterday")).await.status, 400);

    let history = ada.client.get(&format!("{path}history/")).await.expect(200);
    let changes = history["results"].as_array().expect("a page");
    assert_eq!(json!(changes.len()), seen.last().expect("a version")["version"]);
    let versions: Vec<_> = changes.iter().map(|change| change["version"].clone()).collect();
    assert_eq!(versions, (1..=changes.len()).map(|n| json!(n)).collect::<Vec<_>>());
    let shipped = changes.iter().find(|change| change["action"] == "ship").expect("it was shipped");
    assert_eq!(shipped["by"], json!(shop.vendor.id));
    assert_eq!(shipped["changes"]["status"], json!({ "from": "confirmed", "to": "shipped" }));
}

#[tokio::test]
async fn the_customer_rates_what_arrived_once() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let path = format!("{}rate_order/", path_of(&order));
    let rate = |stars: Value| ada.client.post(&path, json!({ "rating": stars }));
    assert_eq!(rate(json!(5)).await.error(), "Order cannot be rated in its current status");
    for action in ["confirm_order", "ship_order", "deliver_order"] {
        shop.does(action, &order).await.expect(200);
    }
    for (stars, words) in [
        (json!(0), "Ensure this value is greater than or equal to 1."),
        (json!(6), "Ensure this value is less than or equal to 5."),
        (json!("many"), "A valid integer is required."),
    ] {
        assert_eq!(rate(stars).await.body["details"], json!({ "rating": [words] }));
    }
    assert_eq!(shop.staff.client.post(&path, json!({ "rating": 5 })).await.status, 403);
    rate(json!(4)).await.expect(200);
    assert_eq!(rate(json!(5)).await.error(), "Order has already been rated");
    let stats = eventually(
        || async { ada.client.get("/api/orders/order_stats/").await.expect(200) },
        |stats: &Value| stats["customer_satisfaction"]["count"] == 1,
    )
    .await;
    assert_eq!(stats["customer_satisfaction"]["average"], json!(4.0), "{stats}");
}

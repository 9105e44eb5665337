//! Whoever changed something sees it in what they read next.

use oms_tests::shop::{Person, text};
use oms_tests::{Goods, Shop, eventually};
use reqwest::Method;
use serde_json::{Value, json};

/// How many orders are placed and moved, each step with a look at the statistics.
const ORDERS: u64 = 5;

#[tokio::test]
async fn statistics_have_each_change_as_soon_as_it_is_made() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let of_store = format!("/api/orders/order_stats/?store={}", text(&shop.store["id"]));
    for n in 1..=ORDERS {
        let order = ada.order(&shop, &mug, 2).await;
        let mine = ada.client.get("/api/orders/order_stats/").await.expect(200);
        assert_eq!((&mine["total_orders"], &mine["pending_orders"]), (&json!(n), &json!(1)), "order {n}");
        assert_eq!(mine["recent_orders"][0]["id"], order["id"]);
        assert_eq!(sum(&mine["orders_by_day"]), n);
        assert_eq!(ada.client.get("/api/orders/my_orders/").await.expect(200)["count"], n);

        ada.pays(&order).await;
        let paid = ada.client.get("/api/payments/payment_stats/").await.expect(200);
        assert_eq!((&paid["completed_payments"], &paid["total_payments"]), (&json!(n), &json!(n)));

        shop.does("confirm_order", &order).await.expect(200);
        shop.does("ship_order", &order).await.expect(200);
        let sold = shop.vendor.client.get(&of_store).await.expect(200);
        assert_eq!((&sold["total_orders"], &sold["shipped_orders"]), (&json!(n), &json!(n)), "order {n}");
        assert_eq!(sold["status_transition_times"]["confirmed→shipped"]["count"], n);
        let abroad = shop.staff.client.get(&format!("{of_store}&tz=Asia/Kathmandu")).await.expect(200);
        assert_eq!((&abroad["shipped_orders"], sum(&abroad["orders_by_day"])), (&json!(n), n));
        assert_eq!(abroad["total_revenue"], sold["total_revenue"]);
    }
}

#[tokio::test]
async fn statistics_read_while_they_change_are_never_ahead_nor_behind() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let reading = async {
        let mut seen = Vec::new();
        for _ in 0..30 {
            let stats = ada.client.get("/api/orders/order_stats/").await.expect(200);
            seen.push(stats["total_orders"].as_u64().unwrap_or_default());
        }
        seen
    };
    let placing = async {
        for _ in 0..ORDERS {
            ada.order(&shop, &mug, 1).await;
        }
    };
    let (seen, ()) = tokio::join!(reading, placing);
    assert!(seen.iter().all(|count| *count <= ORDERS), "{seen:?}");
    assert!(seen.is_sorted(), "{seen:?}");
    let last = ada.client.get("/api/orders/order_stats/").await.expect(200);
    assert_eq!(last["total_orders"], ORDERS);
}

fn sum(map: &Value) -> u64 {
    map.as_object().expect("a map").values().filter_map(Value::as_u64).sum()
}

#[tokio::test]
async fn statistics_are_kept_until_anybody_changes_what_they_are_made_of() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let (ada, bob) = (shop.customer().await, shop.customer().await);
    let of_store = format!("/api/orders/order_stats/?store={}", text(&shop.store["id"]));
    let order = ada.order(&shop, &mug, 1).await;
    let made = shop.vendor.client.get(&of_store).await;
    assert_eq!(made.header("x-cache"), "miss", "what has just changed is not kept");
    assert_eq!(made.header("cache-control"), "private, max-age=0, must-revalidate");
    // Until what changed has settled; then each of the functions' processes keeps it.
    let kept = || async { shop.vendor.client.get(&of_store).await };
    let kept = eventually(kept, |answer| answer.header("x-cache") == "hit").await;
    assert_eq!(kept.body, made.body);
    // One to see that the store is theirs, one for all that shows that the answer still holds.
    let cost = kept.header("x-consumed-capacity");
    assert!(cost.ends_with("trips=2"), "{cost}");
    let tag = kept.header("etag").to_owned();
    let same = shop.vendor.client.send(Method::GET, &of_store, None, &[("If-None-Match", &tag)]).await;
    assert_eq!((same.status, same.text.as_str()), (304, ""));

    bob.order(&shop, &mug, 1).await;
    for n in 0..8 {
        let seen = shop.vendor.client.get(&of_store).await;
        assert_eq!(seen.body["total_orders"], 2);
        assert!(n > 0 || seen.header("x-cache") == "miss", "what is answered is another answer");
    }
    shop.does("confirm_order", &order).await.expect(200);
    for _ in 0..8 {
        let seen = shop.vendor.client.get(&of_store).await.expect(200);
        assert_eq!((&seen["confirmed_orders"], &seen["pending_orders"]), (&json!(1), &json!(1)));
    }
    let others = ada.client.get(&of_store).await.expect(200);
    assert_eq!(others["total_orders"], 1, "a customer's ?store= is ignored, and their answer another one");
}

#[tokio::test]
async fn my_orders_are_kept_until_anybody_changes_them() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let first = ada.order(&shop, &mug, 1).await;
    let mine = "/api/orders/my_orders/?page_size=5";
    let made = ada.client.get(mine).await;
    assert_eq!((made.header("x-cache"), &made.body["count"]), ("miss", &json!(1)));
    assert_eq!(made.header("cache-control"), "private, max-age=0, must-revalidate");
    let kept = eventually(|| ada.client.get(mine), |answer| answer.header("x-cache") == "hit").await;
    assert_eq!(kept.body, made.body);
    // The trail and the counters, in one trip, without a page.
    assert_eq!(kept.header("x-consumed-capacity"), "rcu=2;wcu=0;trips=1");
    let tag = kept.header("etag").to_owned();
    let same = ada.client.send(Method::GET, mine, None, &[("If-None-Match", &tag)]).await;
    assert_eq!((same.status, same.text.as_str()), (304, ""));

    let second = ada.order(&shop, &mug, 1).await;
    for _ in 0..8 {
        let seen = ada.client.get(mine).await;
        assert_eq!((seen.header("x-cache"), &seen.body["count"]), ("miss", &json!(2)));
        assert_eq!(seen.body["results"][0]["id"], second["id"]);
    }
    let path = format!("/api/orders/{}/", text(&first["id"]));
    eventually(|| ada.client.get(mine), |answer| answer.header("x-cache") == "hit").await;
    // What others do shows as soon as the consumer has it, also where it changes no count.
    let tracking = json!({ "tracking_number": "1Z999" });
    shop.staff.client.send(Method::PATCH, &path, Some(tracking), &[]).await.expect(200);
    let shows = |seen: &Value| seen["results"][1]["tracking_number"] == "1Z999";
    eventually(|| async { ada.client.get(mine).await.expect(200) }, shows).await;
}

#[tokio::test]
async fn a_new_order_shows_even_where_the_index_does_not_have_it_yet() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    ada.order(&shop, &mug, 1).await;
    let order = ada.order(&shop, &mug, 1).await;
    let late = json!({
        "Key": { "pk": { "S": format!("ORDER#{}", text(&order["id"])) }, "sk": { "S": "ORDER" } },
        "UpdateExpression": "REMOVE list_user",
    });
    ada.client.dynamodb("UpdateItem", late).await;
    for path in ["/api/orders/my_orders/", "/api/orders/my_orders/?ordering=-total_amount&status=pending"] {
        let seen = ada.client.get(path).await.expect(200);
        assert_eq!((&seen["count"], &seen["results"][0]["id"]), (&json!(2), &order["id"]), "{path}");
    }
    let stats = ada.client.get("/api/orders/order_stats/").await.expect(200);
    assert_eq!((&stats["total_orders"], &stats["recent_orders"][0]["id"]), (&json!(2), &order["id"]));
}

/// Takes an item out of some indexes, as if they did not have it yet.
async fn hide(shop: &Shop, (pk, sk): (String, &str), lists: &str) {
    let late = json!({
        "Key": { "pk": { "S": pk }, "sk": { "S": sk } },
        "UpdateExpression": format!("REMOVE {lists}"),
    });
    shop.staff.client.dynamodb("UpdateItem", late).await;
}

/// Writes what an index would still say of an item that it has not followed, and its key: an entry
/// of something else that is in it.
async fn leave_stale(shop: &Shop, mut was: Value) -> Value {
    was["sk"] = json!({ "S": "STALE" });
    shop.staff.client.put_item(&was).await;
    json!({ "Key": { "pk": was["pk"], "sk": was["sk"] } })
}

/// The names on a list, of as many entries as it counts.
async fn names(person: &Person, path: &str) -> Vec<Value> {
    let page = person.client.get(path).await.expect(200);
    let shown: Vec<Value> =
        page["results"].as_array().into_iter().flatten().map(|one| one["name"].clone()).collect();
    assert_eq!(page["count"], shown.len(), "{path}: {shown:?}");
    shown
}

#[tokio::test]
async fn products_show_as_they_were_just_made_changed_and_deleted_also_where_indexes_say_otherwise() {
    let shop = Shop::open().await;
    let (mug, cup) = (shop.sells("Mug", 5).await, shop.sells("Cup", 5).await);
    let of_store = format!("/api/products/?store={}", text(&shop.store["id"]));
    let key = |goods: &Goods| (format!("PRODUCT#{}", text(&goods.product)), "PRODUCT");
    hide(&shop, key(&cup), "list_store, list_all").await;
    for (more, seen) in [("", json!(["Cup", "Mug"])), ("&search=cup", json!(["Cup"]))] {
        let path = format!("{of_store}{more}");
        assert_eq!(json!(names(&shop.vendor, &path).await), seen, "{more}");
    }
    assert_eq!(names(&shop.staff, &of_store).await.len(), 1, "who changed nothing sees what the index has");

    let path = |goods: &Goods| format!("/api/products/{}/", text(&goods.product));
    let old = shop.staff.client.item(&key(&mug).0, "PRODUCT").await;
    shop.vendor.client.change(&path(&mug), json!({ "status": "draft", "name": "Jug" })).await.expect(200);
    hide(&shop, key(&mug), "list_store, list_all").await;
    let drafts = names(&shop.vendor, "/api/products/?status=draft").await;
    assert_eq!(
        (drafts, names(&shop.vendor, &format!("{of_store}&status=draft")).await.len()),
        (vec![json!("Jug")], 1)
    );
    let stale = leave_stale(&shop, old).await;
    for more in ["&status=active", "&status=active&ordering=name"] {
        assert_eq!(names(&shop.vendor, &format!("{of_store}{more}")).await, ["Cup"], "{more}");
    }
    shop.vendor.client.delete(&path(&mug)).await.expect(200);
    for more in ["", "&ordering=name"] {
        assert_eq!(names(&shop.vendor, &format!("{of_store}{more}")).await, ["Cup"], "{more}");
    }
    shop.staff.client.dynamodb("DeleteItem", stale).await;
}

#[tokio::test]
async fn stores_show_as_they_were_just_made_changed_and_deleted_also_where_indexes_say_otherwise() {
    let shop = Shop::open().await;
    let name = format!("Store {}", shop.vendor.id);
    let vendor = &shop.vendor;
    let new = json!({ "name": name, "status": "inactive" });
    let store = vendor.client.post("/api/stores/", new).await.expect(201);
    let (path, pk) =
        (format!("/api/stores/{}/", text(&store["id"])), format!("STORE#{}", text(&store["id"])));
    let old = shop.staff.client.item(&pk, "STORE").await;
    hide(&shop, (pk.clone(), "STORE"), "list_user, list_all").await;
    let searched = format!("/api/stores/?search={}", vendor.id);
    for list in ["/api/stores/?status=inactive", &searched] {
        assert_eq!(names(vendor, list).await, [name.as_str()], "{list}");
    }
    assert!(names(&shop.staff, &searched).await.is_empty(), "who changed nothing sees what the index has");

    vendor.client.change(&path, json!({ "status": "active" })).await.expect(200);
    hide(&shop, (pk, "STORE"), "list_user, list_all").await;
    let stale = leave_stale(&shop, old).await;
    assert!(names(vendor, "/api/stores/?status=inactive").await.is_empty());
    assert_eq!(names(vendor, &searched).await, [name.as_str()]);
    let newest = vendor.client.get("/api/stores/?page_size=50").await.expect(200);
    let newest = newest["results"].as_array().expect("a page").clone();
    assert_eq!(newest.iter().filter(|one| one["id"] == store["id"]).count(), 1);
    vendor.client.delete(&path).await.expect(200);
    assert!(names(vendor, &searched).await.is_empty());
    shop.staff.client.dynamodb("DeleteItem", stale).await;
}

#[tokio::test]
async fn staff_find_an_address_that_they_have_just_made_for_somebody_and_order_to_it() {
    let shop = Shop::open().await;
    let (mug, ada) = (shop.sells("Mug", 5).await, shop.customer().await);
    let new = json!({
        "full_name": "Ada Lovelace", "address_line1": "12 St James's Square", "city": "London",
        "postal_code": "SW1Y 4JH", "country": "GB", "user": ada.id,
    });
    let staff = &shop.staff.client;
    let address = staff.post("/api/addresses/", new).await.expect(201);
    let path = format!("/api/addresses/{}/", text(&address["id"]));
    let key = (format!("USER#{}", ada.id), format!("ADDRESS#{}", text(&address["id"])));
    hide(&shop, (key.0.clone(), &key.1), "list_all").await;
    assert_eq!(staff.get(&path).await.expect(200)["user"], json!(ada.id));
    let onlooker = Person::new("staff", Some("staff"));
    assert_eq!(onlooker.client.get(&path).await.status, 404, "who made nothing sees what the index has");
    let mut order = ada.order_of(&shop, &mug, 1);
    (order["user"], order["shipping_address"]) = (json!(ada.id), address["id"].clone());
    staff.post("/api/orders/", order).await.expect(201);
    staff.change(&path, json!({ "city": "Bath" })).await.expect(200);
    hide(&shop, (key.0, &key.1), "list_all").await;
    staff.delete(&path).await.expect(200);
    assert_eq!(staff.get(&path).await.status, 404);
}

#[tokio::test]
async fn the_lines_of_a_product_have_what_their_reader_has_just_ordered_and_taken_out() {
    let shop = Shop::open().await;
    let (mug, cup) = (shop.sells("Mug", 50).await, shop.sells("Cup", 50).await);
    let ada = shop.customer().await;
    let of_mug = format!("/api/order-items/?product={}", text(&mug.product));
    for n in 1..=5 {
        let mut order = ada.order_of(&shop, &cup, 1);
        order["user"] = json!(ada.id);
        let order = shop.staff.client.post("/api/orders/", order).await.expect(201);
        let new =
            json!({ "order": order["id"], "product": mug.product, "variant": mug.variant, "quantity": n });
        let item = shop.staff.client.post("/api/order-items/", new).await.expect(201);
        for more in ["", "&search=mug", "&ordering=-quantity"] {
            let seen = shop.staff.client.get(&format!("{of_mug}{more}")).await.expect(200);
            assert_eq!(
                (&seen["count"], &seen["results"][0]["id"]),
                (&json!(n.min(3)), &item["id"]),
                "{more}"
            );
        }
        if n > 2 {
            shop.staff.client.delete(&format!("/api/order-items/{}/", text(&item["id"]))).await.expect(200);
            assert_eq!(shop.staff.client.get(&of_mug).await.expect(200)["count"], 2);
        }
    }
}

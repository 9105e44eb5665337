//! Whoever changed something sees it in what they read next.

use oms_tests::shop::text;
use oms_tests::{Shop, eventually};
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

//! Whoever changed something sees it in what they read next, also where the consumer of the stream
//! does nothing at all.

use http::Method;
use jiff::{SignedDuration, Timestamp};
use oms_domain::tally::Scope;
use oms_domain::{Decimal, Order, OrderId, Status, UserId};
use oms_harness::{Answer, Harness, OrderGenerator, Shop};
use oms_workspace::tokens::User;
use serde_json::{Value, json};
use std::time::Duration;

/// A harness with a shop whose customer has placed so many orders, all counted; the oldest first.
async fn shop_with(orders: usize) -> (Harness, Shop, Vec<OrderId>) {
    let harness = Harness::set_up().unwrap();
    let shop = Shop::open(&harness).await.unwrap();
    let mut placed = Vec::new();
    for _ in 0..orders {
        let order = shop.order(&harness).await.unwrap().id().unwrap().parse().unwrap();
        harness.follow(order).await.unwrap();
        placed.push(order);
    }
    (harness, shop, placed)
}

async fn reads(harness: &Harness, token: &str, path: &str) -> Value {
    let answer = harness.get(token, path).await.unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

async fn does(harness: &Harness, token: &str, what: &str, order: OrderId) -> Answer {
    let path = format!("/api/orders/{order}/{what}/");
    let answer = harness.send(Method::PATCH, token, &path, None).await.unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer
}

#[tokio::test]
async fn staff_see_what_they_did_to_an_order_that_is_not_among_the_newest() {
    let (harness, shop, placed) = shop_with(12).await;
    does(&harness, &shop.staff, "confirm_order", placed[0]).await;
    does(&harness, &shop.staff, "ship_order", placed[0]).await;
    does(&harness, &shop.staff, "confirm_order", placed[1]).await;
    let of = |stats: &Value| {
        let count = |name: &str| stats[format!("{name}_orders")].as_u64().unwrap();
        [count("total"), count("pending"), count("confirmed"), count("shipped")]
    };
    for path in ["/api/orders/order_stats/", "/api/orders/order_stats/?tz=Asia/Kathmandu"] {
        let answer = harness.get(&shop.staff, path).await.unwrap();
        assert_eq!(of(&answer.body), [12, 10, 1, 1], "{path}");
        assert_eq!(answer.body["status_transition_times"]["pending→confirmed"]["count"], 2, "{path}");
        let month = answer.body["revenue_by_month"].as_object().unwrap().values().next_back().unwrap();
        assert_eq!(answer.body["total_revenue"], *month, "{path}");
    }
    for order in &placed[..2] {
        harness.follow(*order).await.unwrap();
    }
    for token in [&shop.staff, &shop.customer] {
        assert_eq!(of(&reads(&harness, token, "/api/orders/order_stats/").await), [12, 10, 1, 1]);
    }
    assert_eq!(harness.app.verify_scope(&Scope::All, 100).await.unwrap().differences, []);
}

/// Longer than the consumer is asked about anything that was done.
const LATE: Duration = Duration::from_secs(11);

#[tokio::test]
async fn lists_show_what_their_reader_did_however_late_the_consumer_is() {
    let (harness, shop, placed) = shop_with(25).await;
    let body = json!({ "order": placed[0], "payment_method": "credit_card" });
    let payment = harness.send(Method::POST, &shop.customer, "/api/payments/", Some(body)).await.unwrap();
    does(&harness, &shop.staff, "confirm_order", placed[1]).await;
    tokio::time::sleep(LATE).await;
    let shows = async |token: &str, path: &str, id: &Value| {
        let page = reads(&harness, token, path).await;
        assert_eq!((&page["count"], &page["results"][0]["id"]), (&json!(1), id), "{path}: {page}");
    };
    for _ in 0..2 {
        shows(&shop.customer, "/api/payments/", &payment.body["id"]).await;
        shows(&shop.staff, "/api/orders/?status=confirmed", &json!(placed[1])).await;
    }
    // Once it has caught up, its rows are read, and nothing else is asked.
    for order in &placed[..2] {
        harness.follow(*order).await.unwrap();
    }
    shows(&shop.customer, "/api/payments/", &payment.body["id"]).await;
    shows(&shop.staff, "/api/orders/?status=confirmed", &json!(placed[1])).await;
    let first = harness.get(&shop.staff, "/api/orders/?status=confirmed").await.unwrap().capacity;
    let again = harness.get(&shop.staff, "/api/orders/?status=confirmed").await.unwrap().capacity;
    assert_eq!(first, again);
}

#[tokio::test]
async fn customers_see_their_own_changes_in_lists_and_statistics_before_anything_counts_them() {
    let (harness, shop, placed) = shop_with(12).await;
    let (ada, mine) = (&shop.customer, "/api/orders/my_orders/");
    let new = shop.order(&harness).await.unwrap().id().unwrap().to_owned();
    let seen = reads(&harness, ada, mine).await;
    assert_eq!((&seen["count"], &seen["results"][0]["id"]), (&json!(13), &json!(new)));
    let stats = reads(&harness, ada, "/api/orders/order_stats/").await;
    assert_eq!(stats["total_orders"], 13);
    assert_eq!(stats["recent_orders"][0]["id"], json!(new), "{}", stats["recent_orders"]);

    let body = json!({ "order": placed[0], "payment_method": "credit_card" });
    let payment = harness.send(Method::POST, ada, "/api/payments/", Some(body)).await.unwrap();
    let process = format!("/api/payments/{}/process_payment/", payment.id().unwrap());
    assert_eq!(harness.send(Method::POST, ada, &process, Some(json!({}))).await.unwrap().status, 200);
    let stats = reads(&harness, ada, "/api/payments/payment_stats/").await;
    assert_eq!((&stats["total_payments"], &stats["completed_payments"]), (&json!(1), &json!(1)));

    does(&harness, ada, "cancel_order", placed[1]).await;
    for (query, count, first) in [
        ("?status=cancelled", 1, Some(placed[1])),
        ("?status=pending", 12, None),
        ("?payment_status=paid", 1, Some(placed[0])),
        ("?payment_method=credit_card&page_size=5", 13, None),
        ("?page=2&page_size=7", 13, None),
    ] {
        let seen = reads(&harness, ada, &format!("{mine}{query}")).await;
        assert_eq!(seen["count"], count, "{query}");
        if let Some(first) = first {
            assert_eq!(seen["results"][0]["id"], first.to_string(), "{query}");
        }
    }
    let stats = reads(&harness, ada, "/api/orders/order_stats/").await;
    assert_eq!((&stats["cancelled_orders"], &stats["pending_orders"]), (&json!(1), &json!(12)));
}

/// All pages of some lists, in pages of several sizes: which orders they show, and what they count.
async fn turned(harness: &Harness, token: &str, queries: &[String]) -> Vec<(String, Value)> {
    let mut seen = Vec::new();
    for query in queries {
        for size in [1, 3, 100] {
            for number in 1.. {
                let path = format!("{query}&page_size={size}&page={number}");
                let page = reads(harness, token, &path).await;
                let ids: Vec<&Value> =
                    page["results"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
                seen.push((path, json!([page["count"], ids])));
                if page["next"].is_null() {
                    break;
                }
            }
        }
    }
    seen
}

/// A reader changes something, and turns all pages before anything of it is counted, and after.
async fn turns_the_same_pages(harness: &Harness, token: &str, changed: &[Value], since: Timestamp) {
    let last = &changed[changed.len() - 1];
    let mut queries: Vec<String> = [
        "ordering=-created_at",
        "ordering=created_at",
        "ordering=total_amount",
        "ordering=status",
        "status=pending",
        "status=confirmed",
        "payment_status=pending",
        "payment_method=credit_card",
        "payment_method=credit_card&status__in=pending,cancelled",
        "total_amount__gte=10&total_amount__lte=80",
        "search=ord-2",
    ]
    .map(|query| format!("/api/orders/?{query}"))
    .into();
    queries.push(format!("/api/orders/?created_at__gte={since}"));
    queries.push(format!("/api/orders/?created_at__gte={since}&status=confirmed"));
    queries.push(format!("/api/orders/?search={}", last["order_number"].as_str().unwrap()));
    queries.push("/api/orders/recent_orders/?ordering=-created_at".to_owned());
    queries.push("/api/order-items/?ordering=-created_at".to_owned());
    let before = turned(harness, token, &queries).await;
    for order in changed {
        harness.follow(order["id"].as_str().unwrap().parse().unwrap()).await.unwrap();
    }
    let after = turned(harness, token, &queries).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after);
    }
    assert_eq!(before.len(), after.len());
}

#[tokio::test]
async fn whatever_page_a_reader_turns_to_it_is_as_if_all_that_they_did_were_counted() {
    let (harness, shop, placed) = shop_with(7).await;
    let since = harness.app.now() - SignedDuration::from_hours(1);
    let send = async |method: Method, token: &str, path: &str, body: Value| {
        let answer = harness.send(method, token, path, Some(body)).await.unwrap();
        assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.body);
        answer.body
    };

    let new = shop.order(&harness).await.unwrap().body;
    let cancelled = does(&harness, &shop.customer, "cancel_order", placed[3]).await.body;
    turns_the_same_pages(&harness, &shop.customer, &[cancelled, new], since).await;

    let confirmed = does(&harness, &shop.staff, "confirm_order", placed[1]).await.body;
    let shipped = json!({ "tracking_number": "1Z999AA10123456784" });
    send(Method::PATCH, &shop.staff, &format!("/api/orders/{}/confirm_order/", placed[2]), json!({})).await;
    let shipped =
        send(Method::PATCH, &shop.staff, &format!("/api/orders/{}/ship_order/", placed[2]), shipped).await;
    turns_the_same_pages(&harness, &shop.staff, &[confirmed, shipped], since).await;

    // A vendor with a store of their own, who orders elsewhere and runs an order of a customer.
    let vendor = harness.token(&User::new("seller", Some("vendor"))).unwrap();
    let store = send(Method::POST, &vendor, "/api/stores/", json!({ "name": "Jugs" })).await;
    let jug =
        json!({ "store": store["id"], "name": "Jug", "base_price": "7.00", "status": "active", "stock": 99 });
    let jug = send(Method::POST, &vendor, "/api/products/", jug).await;
    let address = json!({
        "full_name": "Bob", "address_line1": "1 High Street", "city": "Leeds", "postal_code": "LS1 1AA",
        "country": "GB",
    });
    let address = send(Method::POST, &vendor, "/api/addresses/", address).await;
    let theirs = json!({ "store": store["id"], "items": [{ "product": jug["id"], "quantity": 1 }] });
    let mut sold = shop.new_order();
    sold.as_object_mut().unwrap().extend(theirs.as_object().unwrap().clone());
    let mut orders = Vec::new();
    for _ in 0..3 {
        let order = send(Method::POST, &shop.customer, "/api/orders/", sold.clone()).await;
        harness.follow(order["id"].as_str().unwrap().parse().unwrap()).await.unwrap();
        orders.push(order);
    }
    let path = format!("/api/orders/{}/confirm_order/", orders[1]["id"].as_str().unwrap());
    let mut changed = vec![send(Method::PATCH, &vendor, &path, json!({})).await];
    let mut bought = shop.new_order();
    bought["shipping_address"] = address["id"].clone();
    for _ in 0..3 {
        changed.push(send(Method::POST, &vendor, "/api/orders/", bought.clone()).await);
    }
    turns_the_same_pages(&harness, &vendor, &changed, since).await;
}

#[tokio::test]
async fn what_an_admin_deleted_is_gone_from_their_statistics_at_once() {
    let (harness, _, placed) = shop_with(3).await;
    let admin = harness.token(&User::new("admin", Some("admin"))).unwrap();
    let path = format!("/api/orders/{}/", placed[2]);
    assert_eq!(harness.send(Method::DELETE, &admin, &path, None).await.unwrap().status, 200);
    let stats = reads(&harness, &admin, "/api/orders/order_stats/").await;
    assert_eq!((&stats["total_orders"], &stats["recent_orders"][0]["id"]), (&json!(2), &json!(placed[1])));
}

#[tokio::test]
async fn of_more_changes_than_a_trail_has_steps_the_last_ones_show() {
    let (harness, shop, placed) = shop_with(20).await;
    for order in &placed {
        does(&harness, &shop.staff, "confirm_order", *order).await;
    }
    let stats = reads(&harness, &shop.staff, "/api/orders/order_stats/").await;
    let confirmed = stats["confirmed_orders"].as_u64().unwrap();
    assert!((16..=20).contains(&confirmed), "{confirmed}");
    assert_eq!(stats["total_orders"], 20);
}

/// Others have taken the places in which the counters tell of the orders that one has changed.
#[tokio::test]
async fn what_somebody_busy_did_some_seconds_ago_costs_a_look_at_its_watermarks_once() {
    let (harness, shop, _) = shop_with(0).await;
    let every = SignedDuration::from_mins(10);
    let since = harness.app.now() - every * 400;
    let generator = OrderGenerator::new(5, 2, since, every);
    let orders: Vec<Order> = (0..300).map(|number| generator.order(number).unwrap()).collect();
    for order in &orders {
        harness.save(None, order).await.unwrap();
    }
    harness.apply(orders.clone()).await.unwrap();
    let pending = orders.iter().filter(|order| order.status == Status::Pending).map(|order| order.id);
    let changed: Vec<OrderId> = pending.take(16).collect();
    assert_eq!(changed.len(), 16);
    for order in &changed {
        does(&harness, &shop.staff, "confirm_order", *order).await;
        harness.follow(*order).await.unwrap();
    }
    let others: Vec<Order> = (300..360).map(|number| generator.order(number).unwrap()).collect();
    for order in &others {
        harness.save(None, order).await.unwrap();
    }
    harness.apply(others).await.unwrap();
    let of = |answer: &Answer, name: &str| answer.body[name].as_u64().unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let read = async || {
        let answer = harness.get(&shop.staff, "/api/orders/order_stats/").await.unwrap();
        assert_eq!(of(&answer, "total_orders"), 360);
        answer
    };
    let units = |answer: &Answer| {
        let units = answer.capacity.split(';').find_map(|part| part.strip_prefix("rcu=")).unwrap();
        units.parse::<Decimal>().unwrap()
    };
    let first = read().await;
    assert!(units(&first) <= Decimal::from(11) && !first.is_kept, "{}", first.capacity);
    assert!(first.capacity.ends_with("trips=2"), "{}", first.capacity);
    let second = read().await;
    assert!(units(&second) <= Decimal::from(3) && second.is_kept, "{}", second.capacity);
    assert!(second.capacity.ends_with("trips=1"), "{}", second.capacity);

    // One more is read as it is, and shows at once.
    does(&harness, &shop.staff, "ship_order", changed[0]).await;
    let third = read().await;
    let confirmed = of(&second, "confirmed_orders") - of(&third, "confirmed_orders");
    let shipped = of(&third, "shipped_orders") - of(&second, "shipped_orders");
    assert_eq!((confirmed, shipped), (1, 1));
    assert!(third.capacity.ends_with("trips=2"), "{}", third.capacity);
}

#[tokio::test]
async fn a_trail_tells_of_which_products_its_orders_have_just_moved_stock() {
    let (harness, shop, placed) = shop_with(1).await;
    let (ada, now) = (UserId(User::new("buyer", None).id().to_string()), harness.app.now());
    let moved = async |by: &UserId, at: Timestamp| {
        let within = SignedDuration::from_secs(60);
        harness.app.table().stock_moved(by, at, within).await.unwrap().len()
    };
    does(&harness, &shop.staff, "confirm_order", placed[0]).await;
    assert_eq!(moved(&ada, now).await, 3);
    assert_eq!(moved(&ada, now + SignedDuration::from_mins(2)).await, 0, "long ago");
    let boss = UserId(User::new("boss", Some("staff")).id().to_string());
    assert_eq!(moved(&boss, now).await, 0, "confirming an order moves nothing");
}

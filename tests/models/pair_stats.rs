//! The statistics of a user's orders of one store, which are added up from the orders, against
//! those of all the user's orders, which are counted: those of all stores add up to them.

use http::Method;
use oms_domain::{Decimal, OrderId};
use oms_harness::SeededRng;
use oms_harness::Shop;
use oms_harness::{Answer, Harness};
use oms_workspace::tokens::User;
use serde_json::{Map, Value, json};

/// How many orders the user places.
const ORDERS: usize = 24;
/// What does not add up: means, rates, and lists of the newest.
const NO_SUMS: [&str; 6] = [
    "average_order_value",
    "average_payment_amount",
    "average_seconds",
    "average",
    "success_rate",
    "recent_payments",
];

async fn done(harness: &Harness, method: Method, token: &str, path: &str, body: Value) -> Answer {
    let answer = harness.send(method, token, path, Some(body)).await.unwrap();
    assert!(answer.status < 300, "{path}: {} {}", answer.status, answer.body);
    answer
}

/// Places an order and lets some of what can happen to it happen.
async fn live(harness: &Harness, shop: &Shop, rng: &mut SeededRng) -> OrderId {
    let id: OrderId = shop.order(harness).await.unwrap().id().unwrap().parse().unwrap();
    let act = async |token: &str, what: &str| {
        done(harness, Method::PATCH, token, &format!("/api/orders/{id}/{what}/"), json!({})).await;
    };
    if rng.below(2) == 0 {
        let new = json!({ "order": id, "payment_method": "credit_card" });
        let payment = done(harness, Method::POST, &shop.customer, "/api/payments/", new).await;
        let payment = payment.id().unwrap().to_owned();
        if rng.below(3) > 0 {
            let path = format!("/api/payments/{payment}/process_payment/");
            done(harness, Method::POST, &shop.customer, &path, json!({})).await;
        }
        if rng.below(3) == 0 {
            let path = format!("/api/payments/{payment}/refund_payment/");
            // Refused where it was not paid, which is as good.
            let part = Some(json!({ "amount": "1.00" }));
            harness.send(Method::POST, &shop.staff, &path, part).await.unwrap();
        }
    }
    let far = rng.below(5);
    for action in ["confirm_order", "ship_order", "deliver_order"].iter().take(far as usize) {
        act(&shop.staff, action).await;
    }
    if far < 3 && rng.below(3) == 0 {
        act(&shop.staff, "cancel_order").await;
    }
    if far > 3 {
        let path = format!("/api/orders/{id}/rate_order/");
        done(harness, Method::POST, &shop.customer, &path, json!({ "rating": 1 + rng.below(5) })).await;
    }
    id
}

async fn read(harness: &Harness, token: &str, path: &str) -> Value {
    let answer = harness.get(token, path).await.unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

/// Two statistics as those of both together, but for what does not add up.
fn sum(a: &Value, b: &Value) -> Value {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let names = a.keys().chain(b.keys()).filter(|name| !NO_SUMS.contains(&name.as_str()));
            let of = |map: &Map<String, Value>, name: &String| map.get(name).cloned().unwrap_or_default();
            names.map(|name| (name.clone(), sum(&of(a, name), &of(b, name)))).collect()
        }
        (Value::Array(a), Value::Array(b)) => {
            let mut all = [a.clone(), b.clone()].concat();
            all.sort_by_key(|one| std::cmp::Reverse((one["created_at"].to_string(), one["id"].to_string())));
            all.truncate(10);
            Value::from(all)
        }
        (one, Value::Null) | (Value::Null, one) => match one {
            Value::Object(_) => sum(one, &json!({})),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                one.clone()
            }
        },
        (Value::String(a), Value::String(b)) => {
            let amount = |text: &String| text.parse::<Decimal>().unwrap();
            (amount(a) + amount(b)).to_string().into()
        }
        (a, b) => json!(a.as_u64().unwrap() + b.as_u64().unwrap()),
    }
}

#[tokio::test]
async fn what_a_user_bought_at_each_store_adds_up_to_all_they_bought() {
    let harness = Harness::set_up().unwrap();
    let shops = [Shop::open(&harness).await.unwrap(), Shop::open(&harness).await.unwrap()];
    let empty = Shop::open(&harness).await.unwrap();
    let (ada, boss) = (&shops[0].customer, &shops[0].staff);
    let buyer = User::new("buyer", None).id().to_string();
    let rng = &mut SeededRng::new(18);
    for number in 1..=ORDERS {
        let shop = &shops[rng.below(2) as usize];
        let order = live(&harness, shop, rng).await;
        // The last changes are counted by nobody yet.
        if number <= ORDERS - 3 {
            harness.follow(order).await.unwrap();
        }
    }
    for (path, zone) in [
        ("/api/orders/order_stats/", ""),
        ("/api/orders/order_stats/", "&tz=Asia/Kathmandu"),
        ("/api/payments/payment_stats/", ""),
    ] {
        let all = read(&harness, ada, &format!("{path}?x{zone}")).await;
        assert_eq!(all, read(&harness, ada, &format!("{path}?user={buyer}{zone}")).await, "one's own id");
        let mut of_stores = Vec::new();
        for shop in shops.iter().chain([&empty]) {
            let store = shop.store.as_str().unwrap();
            let own = read(&harness, ada, &format!("{path}?store={store}{zone}")).await;
            let same = read(&harness, boss, &format!("{path}?user={buyer}&store={store}{zone}")).await;
            assert_eq!(own, same, "{path} {zone}");
            of_stores.push(own);
        }
        let both = sum(&sum(&of_stores[0], &of_stores[1]), &of_stores[2]);
        assert_eq!(both, sum(&all, &json!({})), "{path} {zone}");
        assert!(of_stores[..2].iter().all(|one| *one != of_stores[2]), "{path} {zone}");
    }
    let verify = format!(
        "/api/orders/order_stats/?user={buyer}&store={}&verify=true",
        shops[0].store.as_str().unwrap()
    );
    let admin = harness.token(&User::new("admin", Some("admin"))).unwrap();
    let verified = read(&harness, &admin, &verify).await;
    assert_eq!((&verified["drift"], &verified["orders_verified"]), (&json!(0), &verified["total_orders"]));
}

#[tokio::test]
async fn nobody_is_answered_with_figures_of_something_else() {
    let harness = Harness::set_up().unwrap();
    let shop = Shop::open(&harness).await.unwrap();
    let vendor = harness.token(&User::new("vendor", Some("vendor"))).unwrap();
    for token in [&shop.customer, &vendor] {
        for path in ["/api/orders/order_stats/", "/api/payments/payment_stats/"] {
            for query in ["?user=somebody", "?user=somebody&store=0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000"] {
                assert_eq!(
                    harness.get(token, &format!("{path}{query}")).await.unwrap().status,
                    403,
                    "{query}"
                );
            }
            assert_eq!(harness.get(token, &format!("{path}?store=x")).await.unwrap().status, 400);
        }
        assert_eq!(harness.get(token, "/api/orders/order_stats/?verify=true").await.unwrap().status, 403);
    }
    assert_eq!(harness.get(&shop.staff, "/api/orders/order_stats/?verify=1").await.unwrap().status, 403);
}

//! A consumer dies every second while orders are placed and moved. It would disturb every other
//! test, so it runs alone: `cargo test -p oms-tests --test api -- --ignored chaos`, with
//! `CHAOS_ORDERS` orders (300).

use futures::StreamExt;
use oms_tests::shop::text;
use oms_tests::{Client, Mailbox, Person, Shop, eventually_within, stack};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What happens to each order, and the event that tells it.
const WAY: [(&str, &str); 3] = [
    ("confirm_order", "order.confirmed"),
    ("ship_order", "order.shipped"),
    ("deliver_order", "order.delivered"),
];
/// How many orders are on their way at the same time.
const AT_ONCE: usize = 8;
/// How often a request is repeated that fails.
const REPEATS: usize = 5;
/// How many requests have been sent, and how many of them were repeats.
static SENT: AtomicUsize = AtomicUsize::new(0);
static REPEATED: AtomicUsize = AtomicUsize::new(0);

/// Asks until it is answered, as clients do: under one key, so that nothing is done twice.
async fn surely(client: &Client, method: Method, path: &str, body: Option<Value>) -> Value {
    let key = format!("chaos-{}", SENT.fetch_add(1, Ordering::Relaxed));
    for _ in 0..REPEATS {
        let answer = client.send(method.clone(), path, body.clone(), &[("Idempotency-Key", &key)]).await;
        if answer.status < 300 {
            return answer.body;
        }
        assert!(answer.status == 409 || answer.status >= 500, "{method} {path}: {}", answer.text);
        eprintln!("{method} {path}, {}: {}", answer.status, answer.text);
        REPEATED.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("{method} {path} was never answered");
}

#[tokio::test]
#[ignore = "kills the consumers of all tests"]
async fn chaos_loses_no_count_and_no_event() {
    let orders: usize = std::env::var("CHAOS_ORDERS").ok().and_then(|n| n.parse().ok()).unwrap_or(300);
    let shop = Shop::open().await;
    let store = text(&shop.store["id"]).to_owned();
    let mailbox = Mailbox::of_store(&store).await;
    let mug = shop.sells("Mug", u32::try_from(orders).expect("a stock")).await;
    let ada = shop.customer().await;
    let admin = Person::new("admin", Some("admin"));

    let killing = tokio::spawn(async {
        // In turn, so that each has lived long enough to be started again.
        for consumer in ["stats-aggregator", "notification-publisher"].into_iter().cycle() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            stack().kill(consumer);
        }
    });
    let lives = futures::stream::iter(0..orders).map(|_| async {
        let new = ada.order_of(&shop, &mug, 1);
        let order = surely(&ada.client, Method::POST, "/api/orders/", Some(new)).await;
        let id = text(&order["id"]);
        for (action, _) in WAY {
            surely(&shop.vendor.client, Method::PATCH, &format!("/api/orders/{id}/{action}/"), None).await;
        }
        id.to_owned()
    });
    let placed: HashSet<String> = lives.buffer_unordered(AT_ONCE).collect().await;
    killing.abort();
    let (sent, repeated) = (SENT.load(Ordering::Relaxed), REPEATED.load(Ordering::Relaxed));
    eprintln!("{orders} orders were placed and moved by {sent} requests, {repeated} of them repeated");

    let path = format!("/api/orders/order_stats/?store={store}&verify=true");
    let patience = Duration::from_secs(120 + orders as u64 / 10);
    let stats = eventually_within(
        patience,
        || async { admin.client.get(&path).await.expect(200) },
        |stats: &Value| stats["delivered_orders"] == orders && stats["orders_behind"] == 0,
    )
    .await;
    assert_eq!((&stats["drift"], &stats["orders_verified"]), (&json!(0), &json!(orders)), "{stats}");

    let events = mailbox.receive_within(patience, orders * WAY.len()).await;
    let mut told: HashMap<(String, String), HashSet<String>> = HashMap::new();
    for event in &events {
        let what = (text(&event["order"]["id"]).to_owned(), text(&event["event_type"]).to_owned());
        told.entry(what).or_default().insert(text(&event["event_id"]).to_owned());
    }
    eprintln!("{} events, {} of them repeats", events.len(), events.len() - orders * WAY.len());
    assert_eq!(told.len(), orders * WAY.len());
    for ((order, event), ids) in told {
        assert!(placed.contains(&order), "{order}");
        assert!(WAY.iter().any(|(_, known)| *known == event), "{event}");
        assert_eq!(ids.len(), 1, "{event} of {order} has one id, however often it is told");
    }
}

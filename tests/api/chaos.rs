//! A consumer dies every second while orders are placed and moved. It would disturb every other
//! test, so it runs alone: `cargo test -p oms-tests --test api -- --ignored chaos`, with
//! `CHAOS_ORDERS` orders (300).

use futures::StreamExt;
use oms_tests::shop::{Goods, text};
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
/// How many orders a store gets at most: as many as one request verifies at ease.
const OF_STORE: usize = 1_000;
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
    let mut stores = Vec::new();
    for first in (0..orders).step_by(OF_STORE) {
        stores.push(Store::open(OF_STORE.min(orders - first)).await);
    }
    let admin = Person::new("admin", Some("admin"));

    let killing = tokio::spawn(async {
        // In turn, so that each has lived long enough to be started again.
        for consumer in ["stats-aggregator", "notification-publisher"].into_iter().cycle() {
            tokio::time::sleep(Duration::from_secs(1)).await;
            stack().kill(consumer);
        }
    });
    let wanted = stores.iter().flat_map(|store| std::iter::repeat_n(store, store.orders));
    let lives = futures::stream::iter(wanted).map(Store::sell);
    let placed: HashSet<String> = lives.buffer_unordered(AT_ONCE).collect().await;
    killing.abort();
    let (sent, repeated) = (SENT.load(Ordering::Relaxed), REPEATED.load(Ordering::Relaxed));
    eprintln!("{orders} orders were placed and moved by {sent} requests, {repeated} of them repeated");

    for store in &stores {
        store.judge(&admin, &placed, orders).await;
    }
}

/// A store, who buys there, and who hears of it.
struct Store {
    shop: Shop,
    mug: Goods,
    ada: Person,
    mailbox: Mailbox,
    orders: usize,
}

impl Store {
    async fn open(orders: usize) -> Self {
        let shop = Shop::open().await;
        let mailbox = Mailbox::of_store(text(&shop.store["id"])).await;
        let mug = shop.sells("Mug", u32::try_from(orders).expect("a stock")).await;
        let ada = shop.customer().await;
        Self { shop, mug, ada, mailbox, orders }
    }

    /// Places an order and moves it on to its end; its id.
    async fn sell(&self) -> String {
        let new = self.ada.order_of(&self.shop, &self.mug, 1);
        let order = surely(&self.ada.client, Method::POST, "/api/orders/", Some(new)).await;
        let id = text(&order["id"]);
        for (action, _) in WAY {
            let path = format!("/api/orders/{id}/{action}/");
            surely(&self.shop.vendor.client, Method::PATCH, &path, None).await;
        }
        id.to_owned()
    }

    /// Everything is counted, and everything told. Of `all` orders the consumers may still have
    /// some to do.
    async fn judge(&self, admin: &Person, placed: &HashSet<String>, all: usize) {
        let store = text(&self.shop.store["id"]);
        let patience = Duration::from_secs(120 + all as u64 / 10);
        let stats = async |query: &str| {
            let path = format!("/api/orders/order_stats/?store={store}{query}");
            admin.client.get(&path).await.expect(200)
        };
        eventually_within(patience, || stats(""), |stats| stats["delivered_orders"] == self.orders).await;
        let verified = stats("&verify=true").await;
        let found = ["drift", "orders_behind", "orders_verified"].map(|name| &verified[name]);
        assert_eq!(found, [&json!(0), &json!(0), &json!(self.orders)], "{verified}");

        let expected = self.orders * WAY.len();
        let events = self.mailbox.receive_within(patience, expected).await;
        let mut told: HashMap<(String, String), HashSet<String>> = HashMap::new();
        for event in &events {
            let what = (text(&event["order"]["id"]).to_owned(), text(&event["event_type"]).to_owned());
            told.entry(what).or_default().insert(text(&event["event_id"]).to_owned());
        }
        eprintln!(
            "{} orders: drift 0, {} events, {} of them repeats",
            self.orders,
            events.len(),
            events.len() - expected
        );
        assert_eq!(told.len(), expected);
        for ((order, event), ids) in told {
            assert!(placed.contains(&order), "{order}");
            assert!(WAY.iter().any(|(_, known)| *known == event), "{event}");
            assert_eq!(ids.len(), 1, "{event} of {order} has one id, however often it is told");
        }
    }
}

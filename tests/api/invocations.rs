//! The events of `events/`, as `cargo lambda invoke` and `sam local invoke` send them.

use crate::operator::orderctl;
use oms_domain::order_events::EventType;
use oms_tests::events::{event, filled, function_of, names};
use oms_tests::shop::text;
use oms_tests::stack::WEBHOOK_SECRET;
use oms_tests::{Client, Function, Mailbox, OwnTable, Person, stack};
use oms_workspace::tokens::User;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How an event is answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    /// As a request: with this status, and with this in its body.
    Http(u16, &'static str),
    /// As a batch: each of its records was worked off.
    WorkedOff,
}
use Expected::{Http, WorkedOff};

/// Each event with its answer.
pub(crate) const EVENTS: [(&str, Expected); 44] = [
    ("catalog/addresses", Http(200, r#""results":"#)),
    ("catalog/export", Http(404, r#""error":"User not found""#)),
    ("catalog/products", Http(200, r#""results":"#)),
    ("catalog/stores", Http(200, r#""results":"#)),
    ("docs/console", Http(200, "<!doctype html>")),
    ("docs/health", Http(200, r#""gateway":"#)),
    ("docs/page", Http(200, "<!doctype html>")),
    ("docs/schema", Http(200, r#""openapi": "3.1"#)),
    ("docs/unknown-path", Http(404, r#""error":"Not found""#)),
    ("job-worker/bulk-update", WorkedOff),
    ("job-worker/erase-person", WorkedOff),
    ("job-worker/expire-unpaid", WorkedOff),
    ("job-worker/settle-payment", WorkedOff),
    ("job-worker/start-bulk-update", WorkedOff),
    ("notification-publisher/erasure-made", WorkedOff),
    ("notification-publisher/job-changed", WorkedOff),
    ("notification-publisher/job-expired", WorkedOff),
    ("notification-publisher/job-made", WorkedOff),
    ("notification-publisher/order-changed", WorkedOff),
    ("notification-publisher/order-deleted", WorkedOff),
    ("notification-publisher/order-placed", WorkedOff),
    ("notification-publisher/order-removed", WorkedOff),
    ("notification-publisher/store-changed", WorkedOff),
    ("notification-publisher/store-deleted", WorkedOff),
    ("notification-publisher/store-made", WorkedOff),
    ("notification-publisher/store-removed", WorkedOff),
    ("notifications/list", Http(200, r#""results":"#)),
    // Its body is in Base64. Staff are told nothing, so nothing is marked.
    ("notifications/mark-all-read", Http(200, r#""updated_count":0"#)),
    ("notifications/subscriptions", Http(200, r#""results":"#)),
    ("order-items/list", Http(200, r#""results":"#)),
    ("orders/list", Http(200, r#""results":"#)),
    ("orders/my-orders", Http(200, r#""results":"#)),
    ("orders/order-stats", Http(200, r#""orders_by_month":"#)),
    ("orders/recent-orders", Http(200, r#""results":"#)),
    ("orders/system", Http(200, r#""consumers":"#)),
    ("orders/unknown-order", Http(404, r#""error":"Order not found""#)),
    ("payments/list", Http(200, r#""results":"#)),
    ("payments/payment-stats", Http(200, r#""total_payments":"#)),
    ("payments/webhook", Http(200, r#""received":true"#)),
    ("stats-aggregator/order-changed", WorkedOff),
    ("stats-aggregator/order-deleted", WorkedOff),
    ("stats-aggregator/order-placed", WorkedOff),
    ("stats-aggregator/order-removed", WorkedOff),
    ("stats-aggregator/window-ended", WorkedOff),
];

/// The customer whose orders stand in the events, and nobody else's.
const CUSTOMER: &str = "rosa.lind";
/// How long their token lives.
const LIFETIME_S: i64 = 3_600;

#[test]
fn every_event_has_its_answer_listed() {
    assert_eq!(names(), EVENTS.map(|(name, _)| name.to_owned()));
}

#[tokio::test]
async fn every_event_is_answered_as_it_is_listed() {
    let client = Client::stranger();
    for (name, expected) in EVENTS {
        let event = filled(name, |token| stack().setting(token).to_owned(), Some(WEBHOOK_SECRET));
        check(name, expected, &client.invoke(function_of(name), &event).await);
    }
}

/// Fails where an answer is not the expected one.
#[track_caller]
pub(crate) fn check(name: &str, expected: Expected, answer: &Value) {
    match expected {
        Http(status, words) => {
            let body = answer["body"].as_str().unwrap_or_default();
            let is_readable = answer["isBase64Encoded"] == false;
            assert!(
                is_readable && answer["statusCode"] == status && body.contains(words),
                "{name}: {answer}"
            );
        }
        WorkedOff => assert_eq!(answer["batchItemFailures"], json!([]), "{name}"),
    }
}

/// The events of a function.
fn events_of(function: &str) -> impl Iterator<Item = &'static str> {
    EVENTS.into_iter().map(|(name, _)| name).filter(move |name| function_of(name) == function)
}

#[tokio::test]
async fn statistics_and_lists_are_as_before() {
    let before = figures().await;
    let client = Client::stranger();
    for name in
        ["stats-aggregator", "notification-publisher", "job-worker"].map(events_of).into_iter().flatten()
    {
        for _ in 0..2 {
            check(name, WorkedOff, &client.invoke(function_of(name), &event(name)).await);
        }
    }
    assert_eq!(figures().await, before);
}

/// What the events' customer sees, and what an admin sees of that customer and of the events'
/// store.
async fn figures() -> Vec<Value> {
    let user = User::new(CUSTOMER, None);
    let customer = Client::stranger().with_token(stack().token(&user, LIFETIME_S));
    let admin = Person::new("admin", Some("admin")).client;
    let mut figures = Vec::new();
    for path in ["orders/my_orders/", "order-items/", "payments/", "notifications/"] {
        let list = customer.get(&format!("/api/{path}")).await.expect(200);
        assert_eq!(list["count"], 0, "{path}: {list}");
        figures.push(list);
    }
    for of in [format!("user={}", user.id()), format!("store={}", store())] {
        let stats = admin.get(&format!("/api/orders/order_stats/?{of}&verify=true")).await.expect(200);
        assert_eq!((&stats["total_orders"], &stats["drift"]), (&json!(0), &json!(0)), "{of}: {stats}");
        figures.push(stats);
    }
    figures
}

/// The store whose orders stand in the events.
fn store() -> String {
    let made = event("notification-publisher/store-made");
    let pk = text(&made["Records"][0]["dynamodb"]["Keys"]["pk"]["S"]);
    pk.trim_start_matches("STORE#").to_owned()
}

/// Invokes a process of a consumer with all its events, some first, each of them twice.
async fn work_off(function: &mut Function, of: &str, first: &[&'static str]) {
    let rest = events_of(of).filter(|name| !first.contains(name));
    for name in first.iter().copied().chain(rest) {
        for _ in 0..2 {
            check(name, WorkedOff, &function.invoke(event(name)).await.expect("it stays alive"));
        }
    }
}

#[tokio::test]
async fn the_aggregator_counts_nothing_of_its_events() {
    let table = OwnTable::create().await;
    let mut aggregator = Function::start("stats-aggregator", &[("TABLE_NAME", &table.name)]).await;
    work_off(&mut aggregator, "stats-aggregator", &[]).await;
    assert_eq!(table.count("APPLIED#stats").await, 3, "each order has been looked at");
    assert_eq!(figures_in(&table.items().await), BTreeSet::new());
    let (said, status) = orderctl(&table.name, stack().setting("DYNAMODB_URL"), &["verify"]).await;
    assert_eq!(status, Some(0), "{said}");
}

#[tokio::test]
async fn the_first_half_of_an_event_would_count() {
    let table = OwnTable::create().await;
    let mut aggregator = Function::start("stats-aggregator", &[("TABLE_NAME", &table.name)]).await;
    let mut placed = event("stats-aggregator/order-placed");
    placed["Records"].as_array_mut().expect("records").truncate(1);
    check("its first record", WorkedOff, &aggregator.invoke(placed).await.expect("it stays alive"));
    assert!(figures_in(&table.items().await).len() > 20);
    let (said, status) = orderctl(&table.name, stack().setting("DYNAMODB_URL"), &["verify"]).await;
    assert_ne!(status, Some(0), "{said}");
}

/// What of some items is counted or listed anywhere: all attributes but keys, watermarks and
/// stamps.
fn figures_in(items: &[Value]) -> BTreeSet<String> {
    let mut figures = BTreeSet::new();
    for item in items {
        let (pk, sk) = (text(&item["pk"]["S"]), text(&item["sk"]["S"]));
        let attributes = item.as_object().expect("an item has attributes").keys();
        let is_figure = |name: &str| match pk.split('#').next() {
            Some("ORDER") => !["pk", "sk", "version"].contains(&name) && !sk.starts_with("APPLIED#"),
            // The stamp; which orders are known in which version; up to where the stream is
            // counted; and how many orders were ever looked at.
            Some("COUNTERS") => {
                !["pk", "sk", "z"].contains(&name)
                    && !name.starts_with(['#', '='])
                    && (name, sk) != ("k", "BY_STATUS")
            }
            _ => true,
        };
        figures.extend(attributes.filter(|name| is_figure(name)).map(|name| format!("{pk} {sk} {name}")));
    }
    figures
}

#[tokio::test]
async fn the_publisher_tells_of_its_events_only_who_asks_to_hear_of_every_order() {
    let mailbox = Mailbox::of_all(&store()).await;
    let table = OwnTable::create().await;
    let mut publisher = Function::start("notification-publisher", &[("TABLE_NAME", &table.name)]).await;
    let first = ["order-placed", "order-changed", "order-deleted"];
    let first = first.map(|name| events_of("notification-publisher").find(|event| event.ends_with(name)));
    work_off(&mut publisher, "notification-publisher", &first.map(|name| name.expect("its event"))).await;

    let told: BTreeSet<String> =
        mailbox.receive(2).await.iter().map(|event| text(&event["event_type"]).to_owned()).collect();
    assert_eq!(told, BTreeSet::from(["order.created", "order.deleted"].map(str::to_owned)));
    assert!(EventType::by_default().iter().all(|event| !told.contains(event.as_str())));
    let keys = table.items().await.iter().map(|item| text(&item["sk"]["S"]).to_owned()).collect::<Vec<_>>();
    assert_eq!(keys, ["APPLIED#publisher"], "no notification");
    let lines = publisher.log_lines();
    let handed_over = lines.iter().filter(|line| line.contains("a store has changed hands")).count();
    assert_eq!(handed_over, 4, "a new owner and a deletion, twice: {lines:#?}");
}

//! Every write of every command gets through, and its answer is lost, once each. The SDK makes the
//! write again and meets what it has written; the caller is answered as if nothing had been.

mod consumers;

use crate::operations::{OPERATIONS, Operation, document, operations};
use futures::StreamExt;
use oms_openapi::SAMPLES;
use oms_tests::world::Stage::{Confirmed, Paid, Payable, Placed, Shipped, TwoItems};
use oms_tests::world::Who::{Admin, Owner, Staff, Vendor};
use oms_tests::world::{Stage, Who, World};
use oms_tests::{Answer, Function, Ledger, Proxy, blurred, different_lines, stack};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;
use tokio::sync::Mutex;

/// How many commands are at it at the same time.
const AT_ONCE: usize = 6;

/// A command beyond the document's example.
type Special = (&'static str, Who, Stage, fn() -> Value, Option<&'static str>);

const NO_KEY: Option<&str> = None;
const KEY: Option<&str> = Some("lost");

/// Commands that decide on what is there and do not take it back if asked twice, and some with a
/// key.
const SPECIAL: &[Special] = &[
    ("payments_refund_payment", Vendor, Paid, || json!({ "amount": "10.00" }), NO_KEY),
    ("payments_refund_payment", Vendor, Paid, || json!({ "amount": "10.00" }), KEY),
    ("payments_create", Owner, Placed, declined, NO_KEY),
    ("payments_create", Owner, Placed, declined, KEY),
    ("payments_process_payment", Owner, Payable, || json!({}), KEY),
    ("orders_partial_update", Vendor, Placed, || json!({ "status": "confirmed" }), NO_KEY),
    ("orders_partial_update", Vendor, Paid, || json!({ "status": "cancelled" }), NO_KEY),
    ("orders_partial_update", Owner, Placed, || json!({ "notes": "Ring twice" }), KEY),
    ("orders_confirm_order", Vendor, Placed, || json!({}), KEY),
    ("orders_ship_order", Vendor, Confirmed, || json!({}), NO_KEY),
    ("orders_cancel_order", Owner, Paid, || json!({ "reason": "Too late" }), NO_KEY),
    ("orders_cancel_order", Vendor, Paid, || json!({ "reason": "Sold out" }), KEY),
    ("orders_refund_order", Vendor, Shipped, || json!({ "restock": true }), KEY),
    ("orders_bulk_update_status", Vendor, Paid, in_bulk, NO_KEY),
    ("order_items_partial_update", Owner, TwoItems, || json!({ "quantity": 3 }), KEY),
    ("products_adjust_stock", Vendor, Placed, || json!({ "delta": 5 }), NO_KEY),
    ("products_adjust_stock", Vendor, Placed, || json!({ "delta": -5 }), KEY),
    ("stores_partial_update", Staff, Placed, || json!({ "name": "Jugs" }), KEY),
    ("addresses_partial_update", Owner, Placed, || json!({ "is_default": true }), NO_KEY),
];

fn order() -> &'static str {
    SAMPLES.iter().find(|(kind, _)| *kind == "order").expect("the document has a sample order").1
}

fn declined() -> Value {
    json!({ "order": order(), "payment_method": "credit_card", "payment_details": { "token": "tok_decline" } })
}

fn in_bulk() -> Value {
    json!({ "order_ids": [order()], "status": "cancelled" })
}

/// The functions of the API, each behind a proxy that loses answers.
struct Lossy(HashMap<&'static str, Mutex<(Function, Proxy)>>);

impl Lossy {
    async fn start() -> Self {
        let mut functions = HashMap::new();
        for name in ["orders", "order-items", "payments", "catalog", "notifications"] {
            let proxy = Proxy::before(stack().setting("DYNAMODB_URL")).await;
            let function = Function::start(name, &[("AWS_ENDPOINT_URL_DYNAMODB", &proxy.url)]).await;
            functions.insert(name, Mutex::new((function, proxy)));
        }
        Self(functions)
    }

    /// Sends a command; its status and body, and how many answers of the table were lost over it.
    async fn send(
        &self,
        command: &Operation,
        world: &World,
        who: Who,
        key: Option<&str>,
    ) -> (u16, Value, usize) {
        let path = world.with_ids(&command.path);
        let group = path.split('/').nth(2).expect("a path has a group");
        let name = if self.0.contains_key(group) { group } else { "catalog" };
        let (function, proxy) = &mut *self.0[name].lock().await;
        let client = world.who(who);
        let key: Vec<_> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
        proxy.lose_answers_to_writes();
        let body = command.body_in(world);
        let answer = function.send(command.method.as_str(), client.token(), &path, body.as_ref(), &key).await;
        let (status, body) = answer.expect("nobody kills it");
        (status, body, proxy.lost())
    }
}

#[tokio::test]
async fn a_command_whose_writes_lose_their_answers_comes_out_as_any_other() {
    let all = operations(&document().await);
    let lossy = Lossy::start().await;
    let find = |id: &str| all.iter().find(|one| one.id == id).unwrap_or_else(|| panic!("no {id}")).clone();
    let examples = OPERATIONS.iter().filter_map(|(id, who, _, stage)| {
        let operation = find(id);
        (operation.method != Method::GET).then_some((operation, *who, *stage, NO_KEY))
    });
    let special = SPECIAL.iter().map(|(id, who, stage, body, key)| {
        let mut operation = find(id);
        operation.body = Some(body());
        (operation, *who, *stage, *key)
    });
    let commands: Vec<_> = examples.chain(special).collect();
    let total = commands.len();
    let outcomes = commands.into_iter().map(|(command, who, stage, key)| {
        let lossy = &lossy;
        async move { outcome(lossy, &command, who, stage, key).await.err() }
    });
    let wrong: Vec<_> = futures::stream::iter(outcomes).buffer_unordered(AT_ONCE).collect().await;
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {total} commands:\n{}", wrong.len(), wrong.join("\n"));
}

/// Does a command in one world as it should be, and in another with lost answers.
async fn outcome(
    lossy: &Lossy,
    command: &Operation,
    who: Who,
    stage: Stage,
    key: Option<&str>,
) -> Result<(), String> {
    let name = format!("{} {} by {who:?} at {stage:?}, key {key:?}", command.id, json!(command.body));
    let (plain, other) = futures::join!(World::at(stage), World::at(stage));
    let keys: Vec<_> = key.map(|key| ("Idempotency-Key", key)).into_iter().collect();
    let expected: Answer = command.sent(&plain, &plain.who(who), &keys).await;
    let (status, body, lost) = lossy.send(command, &other, who, key).await;
    if lost == 0 {
        return Err(format!("{name}: no answer was lost"));
    }
    // Each is told of URLs at the address that it asked.
    let body = blurred(&body).replace("https://api.example.com", stack().setting("API_URL"));
    let lines = different_lines(&body, &blurred(&expected.body));
    if status != expected.status || !lines.is_empty() {
        return Err(format!("{name}: {status}, not {}\n{lines}", expected.status));
    }
    let both = || async { (state(&plain).await, state(&other).await) };
    let (expected, found) = eventually_same(both).await;
    if expected != found {
        return Err(format!("{name}: left\n{}", different_lines(&found, &expected)));
    }
    let [expected, found] = [plain.id("order"), other.id("order")].map(|order| json!(order));
    let (expected, found) = (Ledger::of(&expected).await, Ledger::of(&found).await);
    if expected == found {
        Ok(())
    } else {
        Err(format!("{name}: the gateway has {found:?}, not {expected:?}"))
    }
}

/// What two worlds are like, once they are alike or have had the time to be.
async fn eventually_same<F: Future<Output = (String, String)>>(both: impl Fn() -> F) -> (String, String) {
    for _ in 0..100 {
        let (expected, found) = both().await;
        if expected == found {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    both().await
}

/// What the API shows of a world.
async fn state(world: &World) -> String {
    let (owner, vendor, admin) = (world.who(Owner), world.who(Vendor), world.who(Admin));
    let order = world.id("order");
    let mut seen = serde_json::Map::new();
    for (client, path) in [
        (&admin, format!("/api/orders/{order}/")),
        (&admin, format!("/api/orders/{order}/history/")),
        (&owner, "/api/orders/my_orders/".to_owned()),
        (&owner, "/api/addresses/".to_owned()),
        (&owner, "/api/notifications/".to_owned()),
        (&owner, "/api/orders/order_stats/".to_owned()),
        (&owner, "/api/payments/payment_stats/".to_owned()),
        (&vendor, format!("/api/products/?store={}", world.id("store"))),
        (&vendor, format!("/api/stores/{}/", world.id("store"))),
        (&vendor, "/api/notifications/subscriptions/".to_owned()),
    ] {
        let mut answer = client.get(&path).await;
        // How long an order stood where it stood is another matter each time,
        let transitions = answer.body["status_transition_times"].as_object_mut().into_iter().flatten();
        transitions.for_each(|(_, transition)| transition["average_seconds"] = Value::Null);
        // and whoever hears a gateway's answer first writes down what follows from it.
        let changes = answer.body["results"].as_array_mut().into_iter().flatten();
        changes
            .filter(|change| {
                ["finish_payment", "finish_refund", "refund"]
                    .contains(&change["action"].as_str().unwrap_or(""))
            })
            .for_each(|change| change["by"] = Value::Null);
        seen.insert(path, json!([answer.status, answer.body]));
    }
    blurred(&Value::Object(seen))
}

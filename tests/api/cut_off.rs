//! Requests with an `Idempotency-Key` that take several steps, cut off between any two of them: the
//! repeat ends what was begun, and answers what is true.

use futures::StreamExt;
use futures::future::join_all;
use oms_tests::shop::text;
use oms_tests::{
    Answer, Cut, Function, Goods, Ledger, Person, Proxy, Shop, eventually, eventually_within, stack,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

/// What the functions that are killed may take: so long a repeat is told to wait.
const SHORT: Duration = Duration::from_secs(12);
/// More steps than any of the requests has, but for bulk updates.
const STEPS: usize = 9;
/// How many processes run at the same time.
const AT_ONCE: usize = 6;
const BULK: &str = "/api/orders/bulk_update_status/";

/// A request with a key.
#[derive(Clone, Debug)]
struct Asked {
    function: &'static str,
    method: Method,
    path: String,
    body: Value,
    key: String,
}

impl Asked {
    fn new(function: &'static str, method: Method, path: String, body: Value) -> Self {
        Self { function, method, path, body, key: uuid::Uuid::new_v4().to_string() }
    }

    /// Made of a process that is killed over it.
    async fn cut_off(&self, who: &Person, cut: Cut) {
        let proxy = Proxy::before(stack().setting("DYNAMODB_URL")).await;
        let mut function = Function::start(self.function, &[("AWS_ENDPOINT_URL_DYNAMODB", &proxy.url)]).await;
        function.may_take(SHORT);
        proxy.cut(Some(cut), Some(function.killer()));
        let headers = [("idempotency-key", self.key.as_str())];
        function.send(self.method.as_str(), who.client.token(), &self.path, Some(&self.body), &headers).await;
    }

    async fn made(&self, who: &Person) -> Answer {
        let headers = [("Idempotency-Key", self.key.as_str())];
        who.client.send(self.method.clone(), &self.path, Some(self.body.clone()), &headers).await
    }

    /// Made again until it is no longer said to be running; and the answer to one more repeat is
    /// the same.
    async fn repeated(&self, who: &Person) -> Answer {
        let ended = |answer: &Answer| answer.status != 409;
        let answer = eventually_within(5 * SHORT, || self.made(who), ended).await;
        let again = self.made(who).await;
        assert_eq!((again.status, &again.body), (answer.status, &answer.body), "{self:?}");
        assert_eq!(again.header("idempotent-replayed"), "true", "{self:?}");
        answer
    }
}

fn cuts(steps: impl Iterator<Item = usize>) -> impl Iterator<Item = Cut> {
    steps.flat_map(|step| [Cut::Before(step), Cut::After(step)])
}

/// A new order of 42.99, with a payment that has a token.
async fn payment_of(ada: &Person, shop: &Shop, mug: &Goods, token: &str) -> (Value, Value) {
    let order = ada.order(shop, mug, 1).await;
    let new = json!({
        "order": order["id"], "payment_method": "credit_card", "payment_details": { "token": token },
    });
    let payment = ada.client.post("/api/payments/", new).await.expect(201);
    (order, payment)
}

fn process(payment: &Value) -> Asked {
    let path = format!("/api/payments/{}/process_payment/", text(&payment["id"]));
    Asked::new("payments", Method::POST, path, json!({}))
}

#[tokio::test]
async fn a_payment_is_ended_by_its_repeat_and_charged_once() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let tokens = [("tok_approve", 200), ("tok_decline", 402)];
    let runs = cuts(0..STEPS).flat_map(|cut| tokens.map(|token| (cut, token)));
    let runs = runs.filter(|(cut, (_, status))| *status == 200 || matches!(cut, Cut::After(_)));
    let runs = runs.map(async |(cut, (token, status))| {
        let (order, payment) = payment_of(&ada, &shop, &mug, token).await;
        let asked = process(&payment);
        asked.cut_off(&ada, cut).await;
        let answer = asked.repeated(&ada).await;
        assert_eq!(answer.status, status, "{cut:?}: {}", answer.text);
        let charges = if status == 200 { vec![4299] } else { vec![] };
        if status == 200 {
            assert_eq!((&answer.body["id"], &answer.body["status"]), (&payment["id"], &json!("paid")));
        } else {
            assert_eq!(answer.body["details"]["decline_code"], "generic_decline", "{cut:?}");
        }
        assert_eq!(Ledger::of(&order["id"]).await, Ledger { charges, refunds: vec![] }, "{cut:?}");
    });
    futures::stream::iter(runs).buffered(AT_ONCE).collect::<Vec<()>>().await;
}

#[tokio::test]
async fn a_refund_and_a_cancellation_are_ended_by_their_repeats_and_paid_back_once() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let runs = cuts(0..STEPS).flat_map(|cut| [(cut, true), (cut, false)]);
    let runs = runs.filter(|(cut, cancels)| *cancels == matches!(cut, Cut::After(_)));
    let runs = runs.map(async |(cut, cancels)| {
        let order = ada.order(&shop, &mug, 1).await;
        let payment = ada.pays(&order).await;
        let asked = if cancels {
            let path = format!("/api/orders/{}/cancel_order/", text(&order["id"]));
            Asked::new("orders", Method::PATCH, path, json!({ "reason": "Ordered by mistake" }))
        } else {
            let path = format!("/api/payments/{}/refund_payment/", text(&payment["id"]));
            Asked::new("payments", Method::POST, path, json!({ "amount": "10.00" }))
        };
        asked.cut_off(&shop.vendor, cut).await;
        let answer = asked.repeated(&shop.vendor).await;
        assert_eq!(answer.status, 200, "{cut:?}: {}", answer.text);
        let refunds = if cancels {
            assert_eq!((&answer.body["id"], &answer.body["status"]), (&order["id"], &json!("cancelled")));
            assert_eq!(answer.body["payment_status"], "refunded", "{cut:?}");
            vec![4299]
        } else {
            assert_eq!(
                (&answer.body["id"], &answer.body["refunded_amount"]),
                (&payment["id"], &json!("10.00"))
            );
            assert_eq!(answer.body["refunds"].as_array().map(Vec::len), Some(1), "{cut:?}");
            vec![1000]
        };
        assert_eq!(Ledger::of(&order["id"]).await, Ledger { charges: vec![4299], refunds }, "{cut:?}");
    });
    futures::stream::iter(runs).buffered(AT_ONCE).collect::<Vec<()>>().await;
}

fn bulk(orders: &[Value], status: &str) -> Asked {
    let ids: Vec<&Value> = orders.iter().map(|order| &order["id"]).collect();
    Asked::new("orders", Method::POST, BULK.to_owned(), json!({ "order_ids": ids, "status": status }))
}

async fn paid_orders(ada: &Person, shop: &Shop, mug: &Goods, count: usize) -> Vec<Value> {
    let placing = (0..count).map(async |_| {
        let order = ada.order(shop, mug, 1).await;
        ada.pays(&order).await;
        order
    });
    futures::stream::iter(placing).buffered(16).collect().await
}

/// All orders are cancelled, and each is paid back once.
async fn check_cancelled(ada: &Person, orders: &[Value]) {
    let checks = orders.iter().map(async |order| {
        let path = format!("/api/orders/{}/", text(&order["id"]));
        let get = || async { ada.client.get(&path).await.expect(200) };
        let order = eventually(get, |order: &Value| order["payment_status"] == "refunded").await;
        assert_eq!(order["status"], "cancelled");
        let once = Ledger { charges: vec![4299], refunds: vec![4299] };
        assert_eq!(Ledger::of(&order["id"]).await, once);
    });
    futures::stream::iter(checks).buffered(8).collect::<Vec<()>>().await;
}

/// The page of a job, once it has ended.
async fn finished(who: &Person, accepted: &Value) -> Value {
    let path = format!("{BULK}{}/", text(&accepted["job"]));
    let get = || async { who.client.get(&path).await.expect(200) };
    let patience = Duration::from_secs(120);
    eventually_within(patience, get, |page: &Value| page["status"] == "finished").await
}

#[tokio::test]
async fn a_bulk_update_is_ended_by_its_job_and_its_repeat_never_shows_a_single_order() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let runs = cuts((0..32).step_by(5)).map(async |cut| {
        let orders = paid_orders(&ada, &shop, &mug, 3).await;
        let asked = bulk(&orders, "cancelled");
        asked.cut_off(&shop.vendor, cut).await;
        let answer = asked.repeated(&shop.vendor).await;
        let told = match answer.status {
            200 => answer.body,
            202 => finished(&shop.vendor, &answer.body).await,
            _ => panic!("{cut:?}: {}", answer.text),
        };
        assert_eq!((&told["updated_count"], &told["failed"]), (&json!(3), &json!([])), "{cut:?}: {told}");
        check_cancelled(&ada, &orders).await;
    });
    futures::stream::iter(runs).buffered(AT_ONCE).collect::<Vec<()>>().await;
}

/// How many orders a slow gateway is asked about: more than it answers one after the other while a
/// request may take, and few, because the worker that settles them settles those of other tests as
/// well.
const SLOW_ORDERS: usize = 12;
/// Some more than the 25 that a bulk update moves side by side.
const MORE_THAN_AT_ONCE: usize = 28;

/// Makes the simulated gateway slow about the refunds of some orders, as `tok_slow` does.
async fn slow_down(shop: &Shop, orders: &[Value]) {
    let slowing = orders.iter().map(async |order| {
        let id: uuid::Uuid = text(&order["id"]).parse().expect("an id");
        let payment = uuid::Uuid::from_u128(id.as_u128() | 0x8000);
        let key = json!({ "pk": { "S": format!("GATEWAY#SIMULATED#{payment}") }, "sk": { "S": "CHARGE" } });
        let update = json!({
            "Key": key, "UpdateExpression": "SET script = :slow", "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": { ":slow": { "S": "slow" } },
        });
        shop.staff.client.dynamodb("UpdateItem", update).await;
    });
    futures::stream::iter(slowing).buffered(8).collect::<Vec<()>>().await;
}

#[tokio::test]
async fn what_a_bulk_update_has_no_time_for_goes_on_as_a_job() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 200).await;
    let ada = shop.customer().await;
    let mut function = Function::start("orders", &[]).await;
    // For asking the gateway less is left than it takes: of those that come after the first ones
    // nothing is begun.
    function.may_take(Duration::from_secs(6));
    for key in [Some("with a key"), None] {
        let orders = paid_orders(&ada, &shop, &mug, MORE_THAN_AT_ONCE).await;
        slow_down(&shop, &orders).await;
        let mut asked = bulk(&orders, "cancelled");
        let headers = key.map(|key| ("idempotency-key", key));
        let headers: Vec<_> = headers.into_iter().collect();
        let token = shop.vendor.client.token();
        let answer = function.send("POST", token, BULK, Some(&asked.body), &headers).await;
        let (status, accepted) = answer.expect("the function lives");
        assert_eq!(status, 202, "{accepted}");
        if let Some(key) = key {
            asked.key = key.to_owned();
            assert_eq!(asked.repeated(&shop.vendor).await.body, accepted);
        }
        let page = finished(&shop.vendor, &accepted).await;
        assert_eq!(
            (&page["total"], &page["updated_count"]),
            (&json!(MORE_THAN_AT_ONCE), &json!(MORE_THAN_AT_ONCE)),
            "{page}"
        );
        check_cancelled(&ada, &orders).await;
    }
}

#[tokio::test]
async fn with_a_key_orders_are_moved_side_by_side_too() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let orders = paid_orders(&ada, &shop, &mug, SLOW_ORDERS).await;
    slow_down(&shop, &orders).await;
    let asked = bulk(&orders, "cancelled");
    let answer = asked.made(&shop.vendor).await;
    assert_eq!((answer.status, &answer.body["updated_count"]), (200, &json!(SLOW_ORDERS)), "{}", answer.text);
    assert_eq!(asked.repeated(&shop.vendor).await.body, answer.body);
    check_cancelled(&ada, &orders).await;
}

#[tokio::test]
async fn two_requests_with_one_key_race_and_are_answered_alike() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let races = (0..50).map(async |number| {
        let (order, payment) = payment_of(&ada, &shop, &mug, "tok_approve").await;
        let path = format!("/api/orders/{}/confirm_order/", text(&order["id"]));
        let confirm = Asked::new("orders", Method::PATCH, path, json!({}));
        let (asked, who) = if number % 2 == 0 { (confirm, &shop.vendor) } else { (process(&payment), &ada) };
        let answers = join_all([asked.made(who), asked.made(who)]).await;
        let told: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 409).collect();
        let fresh = told.iter().filter(|answer| answer.header("idempotent-replayed").is_empty());
        assert_eq!(fresh.count(), 1, "{answers:?}");
        assert!(told.iter().all(|one| one.status == 200 && one.body == told[0].body), "{answers:?}");
        let history = format!("/api/orders/{}/history/", text(&order["id"]));
        let history = shop.vendor.client.get(&history).await.expect(200);
        let steps = if number % 2 == 0 { 3 } else { 4 };
        assert_eq!(history["results"].as_array().map(Vec::len), Some(steps), "{history}");
    });
    futures::stream::iter(races).buffered(8).collect::<Vec<()>>().await;
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_whatever_has_become_of_it_since() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let admin = Person::new("admin", Some("admin"));
    let place = Asked::new("orders", Method::POST, "/api/orders/".to_owned(), ada.order_of(&shop, &mug, 1));
    let placed = place.made(&ada).await;
    let order = &placed.body;
    let path = format!("/api/orders/{}/", text(&order["id"]));
    let item = json!({ "order": order["id"], "product": mug.product, "variant": mug.variant, "quantity": 2 });
    let item = Asked::new("order-items", Method::POST, "/api/order-items/".to_owned(), item);
    let pay = json!({ "order": order["id"], "payment_method": "credit_card" });
    let pay = Asked::new("payments", Method::POST, "/api/payments/".to_owned(), pay);
    let note = Asked::new("orders", Method::PATCH, path.clone(), json!({ "notes": "By the back door" }));
    let confirm = Asked::new("orders", Method::PATCH, format!("{path}confirm_order/"), json!({}));
    let mut first = vec![(&place, &ada, placed.clone())];
    for (asked, who) in [(&item, &ada), (&pay, &ada), (&note, &ada), (&confirm, &shop.vendor)] {
        first.push((asked, who, asked.made(who).await));
    }
    for (asked, _, answer) in &first {
        assert!([200, 201].contains(&answer.status), "{asked:?}: {}", answer.text);
    }
    let check = async || {
        for (asked, who, answer) in &first {
            let again = asked.made(who).await;
            assert_eq!((again.status, &again.body), (answer.status, &answer.body), "{asked:?}");
            assert_eq!(again.header("idempotent-replayed"), "true");
        }
    };
    // Its vendor loses the store, and with it the sight of the order.
    let store = format!("/api/stores/{}/", text(&shop.store["id"]));
    shop.staff
        .client
        .send(Method::PATCH, &store, Some(json!({ "owner": shop.staff.id })), &[])
        .await
        .expect(200);
    assert_eq!(shop.vendor.client.get(&path).await.status, 404);
    check().await;
    admin.client.delete(&path).await.expect(200);
    assert_eq!(ada.client.get(&path).await.status, 404);
    check().await;
}

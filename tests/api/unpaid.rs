//! Orders that nobody pays: called off when their time has run out, and only so many a customer.

use futures::future::join_all;
use oms_tests::shop::text;
use oms_tests::stack::WEBHOOK_SECRET;
use oms_tests::{Cut, Function, Goods, Person, Proxy, Shop, eventually, eventually_within, send_job, stack};
use serde_json::{Value, json};
use std::time::Duration;

/// A minute for the orders' time to run out, and what the queue and a busy machine take beyond.
const PATIENCE: Duration = Duration::from_secs(150);

/// A shop whose customers have a minute to pay.
async fn impatient_shop() -> Shop {
    let shop = Shop::open().await;
    let path = format!("/api/stores/{}/", text(&shop.store["id"]));
    let changed = shop.vendor.client.change(&path, json!({ "expire_unpaid_minutes": 1 })).await.expect(200);
    assert_eq!(
        (&changed["expire_unpaid_minutes"], &changed["expire_unpaid_manual_minutes"]),
        (&json!(1), &Value::Null)
    );
    shop
}

async fn seen(person: &Person, order: &Value) -> Value {
    person.client.get(&format!("/api/orders/{}/", text(&order["id"]))).await.expect(200)
}

/// The order once it has been called off.
async fn called_off(person: &Person, order: &Value) -> Value {
    eventually_within(PATIENCE, || seen(person, order), |order| order["status"] == "cancelled").await
}

async fn pending_payment(person: &Person, order: &Value, method: &str) -> Value {
    let new = json!({
        "order": order["id"], "payment_method": method, "payment_details": { "token": "pm_card_visa" },
    });
    person.client.post("/api/payments/", new).await.expect(201)
}

/// A function whose gateway never answers.
async fn payments_without_a_gateway() -> Function {
    let environment = [
        ("PAYMENT_GATEWAY", "stripe"),
        ("STRIPE_SECRET_KEY", "sk_test_nobody"),
        ("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ("STRIPE_API_URL", "http://127.0.0.1:9"),
    ];
    Function::start("payments", &environment).await
}

fn expiry_of(order: &Value) -> Value {
    json!({ "job": "expire_unpaid", "order": order["id"], "at": "2026-01-01T00:00:00Z" })
}

#[tokio::test]
async fn what_nobody_pays_in_time_is_called_off_and_what_is_paid_or_under_way_or_cash_is_not() {
    let shop = impatient_shop().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let forgotten = ada.order(&shop, &mug, 2).await;
    let begun = ada.order(&shop, &mug, 3).await;
    let waiting = pending_payment(&ada, &begun, "credit_card").await;
    let declined = ada.order(&shop, &mug, 4).await;
    assert_eq!(ada.pays_with(&declined, "tok_decline").await.status, 402);
    let under_way = ada.order(&shop, &mug, 5).await;
    let sent = pending_payment(&ada, &under_way, "credit_card").await;
    let process = format!("/api/payments/{}/process_payment/", text(&sent["id"]));
    let mut silent = payments_without_a_gateway().await;
    let (status, _) = silent.request(ada.client.token(), &process, &json!({})).await.expect("it lives");
    assert_eq!(status, 202);
    let paid = ada.order(&shop, &mug, 1).await;
    ada.pays(&paid).await;
    let mut by_transfer = ada.order_of(&shop, &mug, 1);
    by_transfer["payment_method"] = json!("bank_transfer");
    let by_transfer = ada.client.post("/api/orders/", by_transfer).await.expect(201);
    let at_the_door = ada.order(&shop, &mug, 1).await;
    pending_payment(&ada, &at_the_door, "cash_on_delivery").await;

    for order in [&forgotten, &begun, &declined] {
        let order = called_off(&ada, order).await;
        let history =
            ada.client.get(&format!("/api/orders/{}/history/", text(&order["id"]))).await.expect(200);
        let last = history["results"].as_array().and_then(|changes| changes.last()).expect("a change");
        assert_eq!((&last["by"], &last["reason"]), (&json!("system"), &json!("Not paid in time.")));
    }
    assert_eq!(seen(&ada, &begun).await["payments"][0]["status"], "cancelled");
    let late = format!("/api/payments/{}/process_payment/", text(&waiting["id"]));
    assert_eq!(
        ada.client.post(&late, json!({})).await.error(),
        "Payment cannot be processed with current status"
    );
    for (order, payment_status) in
        [(&under_way, "pending"), (&paid, "paid"), (&by_transfer, "pending"), (&at_the_door, "pending")]
    {
        let order = seen(&ada, order).await;
        assert_eq!((&order["status"], &order["payment_status"]), (&json!("pending"), &json!(payment_status)));
    }
    assert_eq!(shop.stock(&mug).await, 100 - 5 - 1 - 1 - 1);
    let told = || async {
        ada.client.get("/api/notifications/?notification_type=order_cancelled").await.expect(200)
    };
    eventually(told, |list: &Value| list["count"] == 3).await;

    // The money that was under way does not come: the order's time is over.
    let object =
        json!({ "id": "pi_1", "status": "requires_payment_method", "metadata": { "payment": sent["id"] } });
    let event = json!({ "type": "payment_intent.payment_failed", "data": { "object": object } });
    crate::stripe::tell(&event).await.expect(200);
    called_off(&ada, &under_way).await;
    eventually(|| shop.stock(&mug), |stock| *stock == 100 - 1 - 1 - 1).await;

    // A message that comes again finds nothing to do.
    let before = seen(&ada, &forgotten).await;
    send_job(&expiry_of(&forgotten)).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(seen(&ada, &forgotten).await, before);
}

/// Has a worker do a job; whether it lived to say that it did.
async fn does(worker: &mut Function, job: &Value) -> bool {
    let event = json!({ "Records": [{ "messageId": "1", "body": job.to_string() }] });
    let answer = worker.invoke(event).await;
    assert!(answer.as_ref().is_none_or(|answer| answer["batchItemFailures"] == json!([])), "{answer:?}");
    answer.is_some()
}

#[tokio::test]
async fn a_message_that_is_early_waits_and_many_at_once_call_an_order_off_once() {
    let shop = impatient_shop().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 3).await;
    let job = expiry_of(&order);
    let proxy = Proxy::before(stack().setting("DYNAMODB_URL")).await;
    let dying = Function::start("job-worker", &[("AWS_ENDPOINT_URL_DYNAMODB", &proxy.url)]).await;
    let mut workers = vec![dying];
    for _ in 0..2 {
        workers.push(Function::start("job-worker", &[]).await);
    }
    for worker in &mut workers {
        assert!(does(worker, &job).await);
    }
    assert_eq!(seen(&ada, &order).await["version"], 1, "its time has not come");
    let placed: jiff::Timestamp = text(&order["created_at"]).parse().expect("a time");
    let due = placed + jiff::SignedDuration::from_mins(1);
    let wait = due.duration_since(jiff::Timestamp::now());
    tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
    // One of them dies with the order saved and nothing said.
    proxy.cut(Some(Cut::After(1)), Some(workers[0].killer()));
    join_all(workers.iter_mut().map(|worker| does(worker, &job))).await;
    let order = called_off(&ada, &order).await;
    assert_eq!((&order["version"], shop.stock(&mug).await), (&json!(2), json!(10)));
}

/// A function that lets each customer have so many unpaid orders.
async fn orders_with_a_limit(limit: &str) -> Function {
    Function::start("orders", &[("MAX_UNPAID_ORDERS", limit)]).await
}

async fn places(function: &mut Function, who: &Person, shop: &Shop, mug: &Goods) -> (u16, Value) {
    let body = who.order_of(shop, mug, 1);
    function.request(who.client.token(), "/api/orders/", &body).await.expect("it lives")
}

#[tokio::test]
async fn a_customer_with_too_many_unpaid_orders_is_told_to_pay_one_first() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let mut function = orders_with_a_limit("3").await;
    let mut made = Vec::new();
    for _ in 0..3 {
        let (status, order) = places(&mut function, &ada, &shop, &mug).await;
        assert_eq!(status, 201, "{order}");
        made.push(order);
    }
    let answer = function
        .answer("POST", ada.client.token(), "/api/orders/", Some(&ada.order_of(&shop, &mug, 1)), &[])
        .await;
    let answer = answer.expect("it lives");
    assert_eq!((&answer["statusCode"], &answer["headers"]["retry-after"]), (&json!(429), &json!("60")));
    let body: Value = serde_json::from_str(text(&answer["body"])).expect("JSON");
    assert_eq!(
        (&body["error"], &body["code"]),
        (
            &json!("You have 3 unpaid orders: pay or cancel one of them first."),
            &json!("too_many_unpaid_orders")
        )
    );
    assert_eq!(shop.stock(&mug).await, 97);

    // Whoever pays one, or calls one off, may place another at once.
    ada.pays(&made[0]).await;
    assert_eq!(places(&mut function, &ada, &shop, &mug).await.0, 201);
    assert_eq!(places(&mut function, &ada, &shop, &mug).await.0, 429);
    let path = format!("/api/orders/{}/cancel_order/", text(&made[1]["id"]));
    ada.client.patch(&path).await.expect(200);
    assert_eq!(places(&mut function, &ada, &shop, &mug).await.0, 201);
    assert_eq!(places(&mut function, &ada, &shop, &mug).await.0, 429);

    // Others are not concerned, and staff place for her as many as it takes.
    let bob = shop.customer().await;
    assert_eq!(places(&mut function, &bob, &shop, &mug).await.0, 201);
    let mut for_ada = ada.order_of(&shop, &mug, 1);
    for_ada["user"] = json!(ada.id);
    let placed = function.request(shop.staff.client.token(), "/api/orders/", &for_ada).await;
    assert_eq!(placed.expect("it lives").0, 201);
}

#[tokio::test]
async fn a_customer_who_sends_many_orders_at_once_gets_no_more_than_the_limit() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 1_000).await;
    let ada = shop.customer().await;
    let mut functions = Vec::new();
    for _ in 0..4 {
        functions.push(orders_with_a_limit("7").await);
    }
    let answers = join_all(functions.iter_mut().map(|function| async {
        let mut answers = Vec::new();
        for _ in 0..25 {
            answers.push(places(function, &ada, &shop, &mug).await.0);
        }
        answers
    }));
    let answers: Vec<u16> = answers.await.into_iter().flatten().collect();
    let of = |status: u16| answers.iter().filter(|answer| **answer == status).count();
    assert_eq!((of(201), of(201) + of(429) + of(409)), (7, 100), "{answers:?}");
    assert_eq!(shop.stock(&mug).await, 993);
    // Nothing is left on its way: what is counted is the limit, and one that is paid makes room for
    // one.
    let mine = || async { ada.client.get("/api/orders/my_orders/?status=pending").await.expect(200) };
    let mine = eventually(mine, |list: &Value| list["count"] == 7).await;
    ada.pays(&mine["results"][0]).await;
    assert_eq!(places(&mut functions[0], &ada, &shop, &mug).await.0, 201);
    assert_eq!(places(&mut functions[1], &ada, &shop, &mug).await.0, 429);
}

#[tokio::test]
async fn an_order_that_is_counted_stays_within_the_budget_of_every_order() {
    let shop = Shop::open().await;
    let ada = shop.customer().await;
    let mut body = ada.order_of(&shop, &shop.sells("Mug", 100).await, 2);
    for name in ["Jug", "Teapot"] {
        let goods = shop.sells(name, 100).await;
        let more = json!({ "product": goods.product, "variant": goods.variant, "quantity": 2 });
        body["items"].as_array_mut().expect("a list").push(more);
    }
    let mut function = orders_with_a_limit("50").await;
    for key in ["", "budget"] {
        let header = [("idempotency-key", key)];
        let headers = if key.is_empty() { &[][..] } else { &header[..] };
        let answer = function.answer("POST", ada.client.token(), "/api/orders/", Some(&body), headers).await;
        let answer = answer.expect("it lives");
        assert_eq!(answer["statusCode"], 201, "{answer}");
        let told = text(&answer["headers"]["x-consumed-capacity"]).to_owned();
        let of = |name: &str| -> f64 {
            let part = told.split(';').filter_map(|part| part.split_once('='));
            part.into_iter()
                .find(|(key, _)| *key == name)
                .and_then(|(_, value)| value.parse().ok())
                .expect("told")
        };
        eprintln!("create with a limit {key:10} {told}");
        // The store, the products, the address; with the key one more, and the two that are counted
        // by.
        assert!(of("rcu") <= 8.0 && of("wcu") <= 20.0 && of("trips") <= 4.0, "{told}");
    }
}

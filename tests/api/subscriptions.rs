//! Who hears of events, and of nothing else.

mod topic;

use oms_tests::shop::text;
use oms_tests::{Answer, Client, Goods, Hook, Mailbox, Person, Shop, eventually, mails_to, stack};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const PATH: &str = "/api/notifications/subscriptions/";

fn address(name: &str) -> String {
    format!("{name}-{}@shop.example.com", uuid::Uuid::new_v4().simple())
}

fn path_of(subscription: &Value) -> String {
    format!("{PATH}{}/", text(&subscription["id"]))
}

async fn subscribe(
    person: &Person,
    protocol: &str,
    endpoint: &str,
    events: &[&str],
    store: &Value,
) -> Answer {
    let body = json!({ "protocol": protocol, "endpoint": endpoint, "event_types": events, "store": store });
    person.client.post(PATH, body).await
}

/// Agrees as a server does: by the link that it was sent.
async fn agree(hook: &Hook) {
    let asked = eventually(
        || async { hook.received() },
        |posted: &Vec<Value>| posted.iter().any(|one| one["Type"] == "SubscriptionConfirmation"),
    )
    .await;
    let link = text(&asked[0]["SubscribeURL"]);
    let answer = Client::stranger().bare().get(link).send().await.expect("SNS answers");
    assert!(answer.status().is_success());
}

async fn with_goods() -> (Shop, Goods, Person) {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    (shop, mug, ada)
}

#[tokio::test]
async fn a_vendors_mail_and_server_hear_what_they_asked_for_and_nothing_else() {
    let ((shop, mug, ada), (other, jug, _)) = (with_goods().await, with_goods().await);
    let (store, mail, hook) = (&shop.store["id"], address("mail"), Hook::open());
    let everything = Mailbox::of_store(text(store)).await;
    let mailed = subscribe(&shop.vendor, "email", &mail, &["order.shipped", "order.cancelled"], store)
        .await
        .expect(201);
    assert_eq!(mailed["status"], "confirmed", "the local stack takes a mail address's word");
    let hooked = subscribe(&shop.vendor, "https", &hook.url, &["order.confirmed"], store).await.expect(201);
    assert_eq!(hooked["status"], "pending");

    let early = ada.order(&shop, &mug, 1).await;
    shop.does("confirm_order", &early).await.expect(200);
    everything.receive(1).await;
    assert_eq!(shop.vendor.client.get(&path_of(&hooked)).await.expect(200)["status"], "pending");
    agree(&hook).await;
    let seen = shop.vendor.client.get(&path_of(&hooked)).await.expect(200);
    assert_eq!(seen["status"], "confirmed");

    let order = ada.order(&shop, &mug, 2).await;
    ada.pays(&order).await;
    shop.does("confirm_order", &order).await.expect(200);
    let ship = format!("/api/orders/{}/ship_order/", text(&order["id"]));
    let parcel = json!({ "tracking_number": "https://carrier.example/1Z999" });
    shop.vendor.client.send(Method::PATCH, &ship, Some(parcel), &[]).await.expect(200);
    let elsewhere = ada.order(&other, &jug, 1).await;
    for action in ["confirm_order", "ship_order"] {
        other.does(action, &elsewhere).await.expect(200);
    }
    everything.receive(3).await;

    let mails = eventually(|| mails_to(&mail), |mails| !mails.is_empty()).await;
    let [(subject, body)] = &mails[..] else { panic!("{mails:?}") };
    let number = text(&order["order_number"]);
    assert_eq!(*subject, format!("Order shipped: {number}"));
    for part in [
        format!("Order {number} has been shipped.\n"),
        "Mugs & More, for ".to_owned(),
        "  2 x Mug (Blue)     USD 59.98\n".to_owned(),
        "  Total              USD 75.98\n".to_owned(),
        "Payment: Credit Card, Paid\n".to_owned(),
        "Tracking: https://carrier.example/1Z999\n".to_owned(),
    ] {
        assert!(body.contains(&part), "{part:?} is not in:\n{body}");
    }
    let events = eventually(|| async { hook.events() }, |events: &Vec<Value>| !events.is_empty()).await;
    let heard: std::collections::HashSet<_> =
        events.iter().map(|event| (text(&event["order"]["id"]), text(&event["event_type"]))).collect();
    assert_eq!(heard, [(text(&order["id"]), "order.confirmed")].into());
    assert_eq!(events[0]["change"], json!({ "from": "pending", "to": "confirmed" }));
}

#[tokio::test]
async fn what_is_heard_changes_and_ends() {
    let (shop, mug, ada) = with_goods().await;
    let (store, mail) = (&shop.store["id"], address("changed"));
    let everything = Mailbox::of_store(text(store)).await;
    let made = subscribe(&shop.vendor, "email", &mail, &["order.delivered"], store).await;
    let tag = made.header("etag").to_owned();
    let made = made.expect(201);
    let path = path_of(&made);
    let change = |events: Value, headers: Vec<(&'static str, String)>| {
        let (client, path) = (shop.vendor.client.clone(), path.clone());
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            client.send(Method::PATCH, &path, Some(json!({ "event_types": events })), &headers).await
        }
    };
    let changed = change(json!(["order.confirmed"]), vec![("If-Match", tag.clone())]).await.expect(200);
    assert_eq!(changed["event_types"], json!(["order.confirmed"]));
    change(json!(["order.shipped"]), vec![("If-Match", tag)]).await.expect(412);

    let order = ada.order(&shop, &mug, 1).await;
    shop.does("confirm_order", &order).await.expect(200);
    everything.receive(1).await;
    let mails = eventually(|| mails_to(&mail), |mails| !mails.is_empty()).await;
    assert!(mails.iter().all(|(subject, _)| subject.starts_with("Order confirmed: ")), "{mails:?}");

    let gone = shop.vendor.client.send(Method::DELETE, &path, None, &[]).await.expect(200);
    assert_eq!(gone["message"], "Subscription deleted successfully");
    assert_eq!(shop.vendor.client.get(&path).await.error(), "Subscription not found");
    let order = ada.order(&shop, &mug, 1).await;
    shop.does("confirm_order", &order).await.expect(200);
    everything.receive(1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(mails_to(&mail).await.len(), mails.len());
    // The endpoint is free again.
    subscribe(&shop.vendor, "email", &mail, &["order.delivered"], store).await.expect(201);
}

#[tokio::test]
async fn an_endpoint_is_subscribed_once_however_often_it_is_asked_for() {
    let shop = Shop::open().await;
    let (store, mail) = (&shop.store["id"], address("once"));
    let body =
        json!({ "protocol": "email", "endpoint": mail, "event_types": ["payment.paid"], "store": store });
    let keyed = || {
        let key = [("Idempotency-Key", "subscribe-once")];
        let (client, body) = (shop.vendor.client.clone(), body.clone());
        async move { client.send(Method::POST, PATH, Some(body), &key).await }
    };
    let first = keyed().await;
    let again = keyed().await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &first.body));
    let unkeyed = shop.vendor.client.post(PATH, body.clone()).await.expect(400);
    assert_eq!(unkeyed["details"], json!({ "endpoint": ["This endpoint is already subscribed."] }));

    let racers = address("racers");
    let body =
        json!({ "protocol": "email", "endpoint": racers, "event_types": ["payment.paid"], "store": store });
    let answers =
        futures::future::join_all((0..6).map(|_| shop.vendor.client.post(PATH, body.clone()))).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert!(!made.is_empty() && answers.iter().all(|answer| [201, 400, 409].contains(&answer.status)));
    let all = shop.vendor.client.get(PATH).await.expect(200);
    let ours = all["results"].as_array().unwrap().iter().filter(|one| one["endpoint"] == racers.as_str());
    assert_eq!((ours.count(), &all["count"]), (1, &json!(2)));
}

#[tokio::test]
async fn a_store_has_room_for_twenty_also_for_those_that_come_from_another() {
    let shop = Shop::open().await;
    let store = &shop.store["id"];
    let other = shop.vendor.client.post("/api/stores/", json!({ "name": "Plates" })).await.expect(201);
    let subscribe_at = async |n: usize, store: &Value| {
        let mail = address(&format!("room-{n}"));
        subscribe(&shop.vendor, "email", &mail, &["order.confirmed"], store).await.expect(201)
    };
    let mut made = Vec::new();
    for n in 0..20 {
        made.push(subscribe_at(n, store).await);
    }
    made.push(subscribe_at(20, &other["id"]).await);
    let moves = path_of(&made[20]);
    let moved = Some(json!({ "store": store }));
    let refused = shop.vendor.client.send(Method::PATCH, &moves, moved.clone(), &[]).await.expect(400);
    assert_eq!(refused["code"], "too_many_subscriptions");
    let path = path_of(&made[0]);
    let same = Some(json!({ "store": store, "event_types": ["order.shipped"] }));
    shop.vendor.client.send(Method::PATCH, &path, same, &[]).await.expect(200);
    shop.vendor.client.send(Method::DELETE, &path, None, &[]).await.expect(200);
    shop.vendor.client.send(Method::PATCH, &moves, moved, &[]).await.expect(200);
    // The topic has room for two hundred together.
    for one in made.iter().skip(1) {
        shop.vendor.client.send(Method::DELETE, &path_of(one), None, &[]).await.expect(200);
    }
}

#[tokio::test]
async fn what_was_cut_off_before_the_topic_knew_is_made_good_when_it_is_looked_at() {
    let (shop, mug, ada) = with_goods().await;
    let (store, mail) = (&shop.store["id"], address("cut-off"));
    let made = subscribe(&shop.vendor, "email", &mail, &["order.confirmed"], store).await.expect(201);
    // As it would be if the function had died before it told the topic.
    let sk = format!("SUBSCRIPTION#{}", text(&made["id"]));
    let mut item = shop.vendor.client.item("TOPIC#SUBSCRIPTIONS", &sk).await;
    let arn = item["arn"]["S"].clone();
    let form = [("Action", "Unsubscribe"), ("Version", "2010-03-31"), ("SubscriptionArn", text(&arn))];
    let answer = Client::stranger().bare().post(stack().setting("SNS_URL")).form(&form).send().await;
    assert!(answer.expect("SNS answers").status().is_success());
    let seen = shop.vendor.client.get(&path_of(&made)).await.expect(200);
    assert_eq!(seen["status"], "unsubscribed");

    item["applied"] = json!({ "N": "0" });
    item.as_object_mut().unwrap().remove("arn");
    shop.vendor.client.put_item(&item).await;
    let healed = shop.vendor.client.get(&path_of(&made)).await.expect(200);
    assert_eq!(healed["status"], "confirmed");
    let order = ada.order(&shop, &mug, 1).await;
    shop.does("confirm_order", &order).await.expect(200);
    eventually(|| mails_to(&mail), |mails| mails.len() == 1).await;

    // A repeat of the creation goes on from there as well, also with another wish.
    shop.vendor.client.put_item(&item).await;
    let again = subscribe(&shop.vendor, "email", &mail, &["order.shipped"], store).await.expect(201);
    assert_eq!((&again["id"], &again["event_types"]), (&made["id"], &json!(["order.shipped"])));
    shop.does("ship_order", &order).await.expect(200);
    eventually(
        || mails_to(&mail),
        |mails| mails.iter().any(|(subject, _)| subject.starts_with("Order shipped")),
    )
    .await;
}

#[tokio::test]
async fn staff_manage_all_vendors_their_stores_and_customers_none() {
    let (shop, other) = (Shop::open().await, Shop::open().await);
    let (store, events) = (&shop.store["id"], &["order.cancelled"][..]);
    let customer = Person::new("customer", None);
    let refused = subscribe(&customer, "email", &address("c"), events, store).await;
    assert_eq!((refused.status, refused.error()), (403, "Insufficient permissions"));
    assert_eq!(customer.client.get(PATH).await.status, 403);
    assert_eq!(Client::stranger().get(PATH).await.status, 401);

    let foreign = subscribe(&other.vendor, "email", &address("f"), events, store).await.expect(400);
    let pk = format!("Invalid pk \"{}\" - object does not exist.", text(store));
    assert_eq!(foreign["details"], json!({ "store": [pk] }));
    let all = subscribe(&other.vendor, "email", &address("a"), events, &Value::Null).await.expect(400);
    assert_eq!(all["details"], json!({ "store": ["This field is required."] }));

    let own = subscribe(&shop.vendor, "email", &address("own"), events, store).await.expect(201);
    let of_all = subscribe(&shop.staff, "email", &address("all"), events, &Value::Null).await.expect(201);
    assert_eq!(of_all["store"], Value::Null);
    let listed = shop.vendor.client.get(PATH).await.expect(200);
    assert_eq!((&listed["count"], &listed["results"]), (&json!(1), &json!([own])));
    for hidden in [(&other.vendor, &own), (&shop.vendor, &of_all)] {
        let (person, path) = (hidden.0, path_of(hidden.1));
        assert_eq!(person.client.get(&path).await.status, 404);
        assert_eq!(person.client.send(Method::PATCH, &path, Some(json!({})), &[]).await.status, 404);
        assert_eq!(person.client.send(Method::DELETE, &path, None, &[]).await.status, 404);
    }
    assert_eq!(shop.staff.client.get(&path_of(&own)).await.expect(200), own);
    for made in [&own, &of_all] {
        shop.staff.client.send(Method::DELETE, &path_of(made), None, &[]).await.expect(200);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_subscription_is_told_all_at_once() {
    let shop = Shop::open().await;
    let wrong =
        shop.vendor.client.post(PATH, json!({ "protocol": "fax", "event_types": "all" })).await.expect(400);
    assert_eq!(
        wrong["details"],
        json!({
            "protocol": ["\"fax\" is not a valid choice."],
            "endpoint": ["This field is required."],
            "event_types": ["Expected a list of items but got type \"str\"."],
        })
    );
    let events = &["order.nope", "order.shipped"];
    let wrong = subscribe(&shop.vendor, "https", "https://10.0.0.1/", events, &json!("x")).await.expect(400);
    assert_eq!(
        wrong["details"],
        json!({
            "endpoint": ["The URL must lead to a public address."],
            "event_types": { "0": ["\"order.nope\" is not a valid choice."] },
            "store": ["Must be a valid UUID."],
        })
    );
    let store = &shop.store["id"];
    for (protocol, endpoint) in [
        ("email", "not a mail address"),
        ("https", "http://example.com/"),
        ("https", "https://169.254.169.254/latest/meta-data/"),
        ("sqs", "https://sqs.us-east-1.amazonaws.com/123456789012/orders"),
    ] {
        let refused =
            subscribe(&shop.vendor, protocol, endpoint, &["order.shipped"], store).await.expect(400);
        assert!(refused["details"]["endpoint"].is_array(), "{protocol} {endpoint}: {refused}");
    }
    for person in [&shop.vendor, &shop.staff] {
        let refused = subscribe(person, "sms", "+14155550123", &["order.shipped"], store).await.expect(400);
        assert_eq!(refused["details"], json!({ "protocol": ["\"sms\" is not a valid choice."] }));
    }
    let hook = Hook::open();
    let twice = &["order.shipped", "order.shipped"];
    let made = subscribe(&shop.vendor, "https", &hook.url, twice, store).await.expect(201);
    assert_eq!(made["event_types"], json!(["order.shipped"]));
    let moved = json!({ "protocol": "email", "endpoint": address("moved"), "event_types": ["order.shipped"], "store": store });
    let fixed = shop.vendor.client.send(Method::PUT, &path_of(&made), Some(moved), &[]).await.expect(400);
    let fixed_text = json!(["This cannot be changed: make another subscription."]);
    assert_eq!(fixed["details"], json!({ "protocol": fixed_text, "endpoint": fixed_text }));
    let same =
        shop.vendor.client.send(Method::PUT, &path_of(&made), Some(made.clone()), &[]).await.expect(200);
    assert_eq!(same, made);
}

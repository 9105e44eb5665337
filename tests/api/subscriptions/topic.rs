//! What the topic has besides what the API keeps: subscriptions by hand, of owners that were, more
//! than there may be, and of a topic that is out of reach.

use super::{PATH, address, path_of, subscribe, with_goods};
use oms_tests::shop::text;
use oms_tests::{Client, Mailbox, Person, Shop, eventually, stack};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;

/// Does something at the topic as its operator does, by hand.
async fn by_hand(action: &str, parameters: &[(&str, &str)]) -> String {
    let form = [("Action", action), ("Version", "2010-03-31"), ("TopicArn", stack().setting("TOPIC_ARN"))];
    let form: Vec<_> = form.iter().chain(parameters).collect();
    let answer = Client::stranger().bare().post(stack().setting("SNS_URL")).form(&form).send().await;
    let answer = answer.expect("SNS answers");
    assert!(answer.status().is_success());
    answer.text().await.expect("a text")
}

#[tokio::test]
async fn only_staff_take_over_what_the_operator_has_subscribed_by_hand() {
    let shop = Shop::open().await;
    let (store, mail) = (&shop.store["id"], address("by-hand"));
    let filter = r#"{"event_type":["order.deleted"]}"#;
    let attributes = [("Attributes.entry.1.key", "FilterPolicy"), ("Attributes.entry.1.value", filter)];
    let endpoint = [("Protocol", "email"), ("Endpoint", mail.as_str())];
    by_hand("Subscribe", &[&endpoint[..], &attributes[..]].concat()).await;

    for _ in 0..2 {
        let refused = subscribe(&shop.vendor, "email", &mail, &["order.shipped"], store).await.expect(400);
        assert_eq!(refused["details"], json!({ "endpoint": ["This endpoint is already subscribed."] }));
        assert_eq!(shop.vendor.client.get(PATH).await.expect(200)["count"], 0, "it has left no record");
    }
    let adopted = subscribe(&shop.staff, "email", &mail, &["order.shipped"], store).await.expect(201);
    assert_eq!(adopted["event_types"], json!(["order.shipped"]));
}

#[tokio::test]
async fn the_subscriptions_of_a_store_end_when_it_changes_hands() {
    let (sold, closed) = (Shop::open().await, Shop::open().await);
    let other = Person::new("vendor", Some("vendor"));
    let mut ended = Vec::new();
    for shop in [&sold, &closed] {
        for name in ["one", "two"] {
            let mail = address(name);
            let made = subscribe(&shop.vendor, "email", &mail, &["order.shipped"], &shop.store["id"]).await;
            ended.push((mail, path_of(&made.expect(201))));
        }
    }
    let store = |shop: &Shop| format!("/api/stores/{}/", text(&shop.store["id"]));
    sold.vendor.client.change(&store(&sold), json!({ "name": "Sold" })).await.expect(200);
    assert_eq!(sold.vendor.client.get(PATH).await.expect(200)["count"], 2, "another name is no other owner");
    sold.staff.client.change(&store(&sold), json!({ "owner": other.id })).await.expect(200);
    closed.vendor.client.send(Method::DELETE, &store(&closed), None, &[]).await.expect(200);
    let mail = address("new");
    let kept = subscribe(&other, "email", &mail, &["order.shipped"], &sold.store["id"]).await.expect(201);
    for (mail, path) in &ended {
        eventually(|| sold.staff.client.get(path), |answer| answer.status == 404).await;
        assert!(!is_at_the_topic(mail).await, "{mail}");
    }
    assert_eq!(other.client.get(&path_of(&kept)).await.expect(200)["status"], "confirmed");
    assert!(is_at_the_topic(&mail).await);
}

/// Whether the topic lists an endpoint.
async fn is_at_the_topic(endpoint: &str) -> bool {
    let mut next = String::new();
    for _ in 0..50 {
        let parameters = [("NextToken", next.as_str())];
        let given = if next.is_empty() { &[][..] } else { &parameters[..] };
        let listed = by_hand("ListSubscriptionsByTopic", given).await;
        if listed.contains(endpoint) {
            return true;
        }
        let token = listed.split("<NextToken>").nth(1).and_then(|rest| rest.split("</NextToken>").next());
        match token.filter(|token| !token.is_empty()) {
            Some(token) => next = token.to_owned(),
            None => return false,
        }
    }
    panic!("the topic's list does not end")
}

#[tokio::test]
async fn a_store_has_twenty_subscriptions_and_no_more() {
    let shop = Shop::open().await;
    let store = &shop.store["id"];
    for _ in 0..20 {
        subscribe(&shop.vendor, "email", &address("many"), &["order.shipped"], store).await.expect(201);
    }
    let full = subscribe(&shop.vendor, "email", &address("many"), &["order.shipped"], store).await;
    assert_eq!((full.status, &full.body["code"]), (400, &json!("too_many_subscriptions")));
    let page = shop.vendor.client.get(&format!("{PATH}?page_size=50")).await.expect(200);
    for made in page["results"].as_array().unwrap() {
        shop.vendor.client.send(Method::DELETE, &path_of(made), None, &[]).await.expect(200);
    }
    assert_eq!(shop.vendor.client.get(PATH).await.expect(200)["count"], 0);
}

#[tokio::test]
async fn a_topic_that_is_out_of_reach_delays_and_loses_nothing() {
    let (shop, mug, ada) = with_goods().await;
    let mailbox = Mailbox::of_store(text(&shop.store["id"])).await;
    let order = ada.order(&shop, &mug, 1).await;
    let ministack = pid_of_ministack();
    signal(&ministack, "STOP");
    for action in ["confirm_order", "process_order", "ship_order", "deliver_order"] {
        // What is asked for is done, whether anybody can be told of it or not.
        let done = shop.does(action, &order).await;
        if done.status != 200 {
            signal(&ministack, "CONT");
        }
        done.expect(200);
    }
    tokio::time::sleep(Duration::from_secs(7)).await;
    signal(&ministack, "CONT");
    let events = mailbox.receive(4).await;
    let mut versions: Vec<_> = events.iter().filter_map(|event| event["version"].as_u64()).collect();
    versions.sort_unstable();
    versions.dedup();
    assert_eq!(versions, [2, 3, 4, 5]);
    let told = eventually(
        || async { ada.client.get("/api/notifications/").await.expect(200) },
        |page: &Value| page["count"] == 4,
    );
    told.await;
}

/// The process that is the local SNS.
fn pid_of_ministack() -> String {
    let port = stack().setting("SNS_URL").rsplit(':').next().unwrap_or_default();
    let mark = format!("GATEWAY_PORT={port}");
    let mut processes = std::fs::read_dir("/proc").expect("Linux tells its processes").flatten();
    let is_ours = |process: &std::fs::DirEntry| {
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    };
    let found = processes.find(is_ours);
    found.expect("ministack runs").file_name().to_string_lossy().into_owned()
}

fn signal(pid: &str, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), pid]).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill -{name} {pid}");
}

#[tokio::test]
async fn a_subscription_that_names_no_events_hears_what_users_are_told_of() {
    let shop = Shop::open().await;
    let told = json!([
        "order.confirmed",
        "order.processing",
        "order.shipped",
        "order.out_for_delivery",
        "order.delivered",
        "order.cancelled",
        "order.refunded",
        "payment.paid",
        "payment.failed",
        "payment.refunded",
    ]);
    let endpoint = address("names-none");
    let new = json!({ "protocol": "email", "endpoint": endpoint, "store": shop.store["id"] });
    let made = shop.vendor.client.post(PATH, new.clone()).await.expect(201);
    assert_eq!(made["event_types"], told);
    let named = json!(["payment.refund_failed", "payment.disputed", "order.created", "order.deleted"]);
    let change = async |events: &Value| {
        let body = json!({ "event_types": events });
        shop.vendor.client.change(&path_of(&made), body).await.expect(200)["event_types"].clone()
    };
    assert_eq!(change(&named).await, named);
    assert_eq!(change(&json!([])).await, told);
    change(&named).await;
    let put = shop.vendor.client.put(&path_of(&made), new).await.expect(200);
    assert_eq!(put["event_types"], told);
    shop.vendor.client.delete(&path_of(&made)).await.expect(200);
}

//! Erasing a person and handing them what is kept of them: a marker stands in every field that they
//! and others may write about them, in the whole table, and afterwards nowhere.

mod story;

use crate::operator::{orderctl, orderctl_with};
use jiff::{SignedDuration, Timestamp};
use oms_tests::shop::text;
use oms_tests::{Client, Ledger, OwnQueue, Person, Proxy, Shop, eventually, stack};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use story::Story;

const INDEXES: [&str; 8] =
    ["by-user", "by-store", "by-all", "by-status", "by-facets", "by-methods", "by-payment", "by-total"];
/// How many pages of a scan are read at most.
const MAX_PAGES: usize = 500;

/// Where a text stands, in whatever form: of the table and of each index, by key.
async fn places_of(marker: &str) -> Vec<String> {
    let client = Client::stranger();
    let mut found = Vec::new();
    for index in [None].into_iter().chain(INDEXES.map(Some)) {
        let mut start = Value::Null;
        for _ in 0..MAX_PAGES {
            let mut scan = json!({});
            if let Some(index) = index {
                scan["IndexName"] = index.into();
            }
            if !start.is_null() {
                scan["ExclusiveStartKey"] = start;
            }
            let page = client.dynamodb("Scan", scan).await;
            let items = page["Items"].as_array().cloned().unwrap_or_default();
            let marked = items.iter().filter(|item| item.to_string().to_lowercase().contains(marker));
            found.extend(
                marked.map(|item| format!("{} {} {}", index.unwrap_or("table"), item["pk"], item["sk"])),
            );
            start = page["LastEvaluatedKey"].clone();
            if start.is_null() {
                break;
            }
        }
    }
    found
}

fn admin() -> Person {
    Person::new("admin", Some("admin"))
}

async fn erasure_of(admin: &Person, person: &Person) -> Value {
    let path = format!("/api/users/{}/erase/", person.id);
    let accepted = admin.client.post(&path, json!({})).await.expect(202);
    let api = stack().setting("API_URL");
    let path = text(&accepted["status_url"]).strip_prefix(api).expect("a link to the API").to_owned();
    let ended = ended(admin, &path).await;
    assert_eq!((&ended["job"], &ended["user"]), (&accepted["job"], &json!(person.id)));
    assert_eq!(ended["by"], admin.id);
    ended
}

async fn ended(admin: &Person, path: &str) -> Value {
    let ask = || async { admin.client.get(path).await.expect(200) };
    eventually(ask, |job: &Value| job["status"] != "pending").await
}

#[tokio::test]
async fn an_erasure_that_has_stood_still_goes_on_when_it_is_looked_at() {
    let (admin, client) = (admin(), Client::stranger());
    let ada = Shop::open().await.customer().await;
    let first = erasure_of(&admin, &ada).await;
    // As if its message had got lost two hours ago.
    let key = |sk: &str| json!({ "pk": { "S": format!("JOB#{}", text(&first["job"])) }, "sk": { "S": sk } });
    let two_hours_ago = Timestamp::now() - SignedDuration::from_hours(2);
    let then = json!({
        "Key": key("JOB"),
        "UpdateExpression": "SET created_at = :then",
        "ExpressionAttributeValues": { ":then": { "S": two_hours_ago.to_string() } },
    });
    client.dynamodb("UpdateItem", then).await;
    // Whatever that started has found nothing to do by then.
    tokio::time::sleep(Duration::from_secs(2)).await;
    client.dynamodb("DeleteItem", json!({ "Key": key("RESULT#00000") })).await;
    let path = format!("/api/users/{}/erase/{}/", ada.id, text(&first["job"]));
    assert_eq!(admin.client.get(&path).await.expect(200)["status"], "pending");
    assert_eq!(ended(&admin, &path).await["status"], "finished");
}

/// Every page of an export, put together.
async fn exported(reader: &Person, person: &Person, page_size: usize) -> Value {
    let mut path = format!("/api/users/{}/export/?page_size={page_size}", person.id);
    let mut whole = json!({ "addresses": [], "subscriptions": [], "notifications": [], "orders": [] });
    for _ in 0..100 {
        let page = reader.client.get(&path).await.expect(200);
        if whole["profile"].is_null() {
            whole["profile"] = page["profile"].clone();
        }
        for (name, entries) in whole.as_object_mut().expect("a map") {
            let more = page[name].as_array().cloned().unwrap_or_default();
            entries.as_array_mut().into_iter().for_each(|entries| entries.extend(more.clone()));
        }
        let Some(next) = page["next"].as_str() else { return whole };
        path = next.strip_prefix(stack().setting("API_URL")).expect("a link to the API").to_owned();
    }
    panic!("the export does not end");
}

#[tokio::test]
async fn a_marker_in_every_field_is_nowhere_once_its_person_is_erased() {
    let story = Story::told().await;
    let (admin, ada, marker) = (admin(), &story.ada, story.marker.as_str());
    let before = places_of(marker).await;
    for part in ["LOG#", "ADDRESS#", "NOTIFICATION#", "SUBSCRIPTION#", "IDEMPOTENCY#", "ROW#ALL", "by-user"] {
        let is_there = before.iter().any(|place| place.contains(part));
        // What notifications say is ours; they go because they are about the person.
        assert!(is_there || part == "NOTIFICATION#", "{part} holds no marker: {before:?}");
    }
    refused_while_unfinished(&story, &admin).await;
    let (figures, orders, ledgers) =
        (story.figures().await, story.orders(&admin).await, story.ledgers().await);

    let ended = erasure_of(&admin, ada).await;
    assert_eq!((&ended["status"], &ended["unfinished"]), (&json!("finished"), &json!([])), "{ended}");
    assert_eq!(ended["orders"], story.count() + 1, "with the one that stood in the way: {ended}");
    let left = eventually(|| places_of(marker), Vec::is_empty).await;
    assert!(left.is_empty(), "{left:?}");
    assert!(places_of(&story.phone).await.is_empty());
    let failures = OwnQueue { url: stack().setting("FAILURE_QUEUE_URL").to_owned() };
    assert!(!json!(failures.look().await).to_string().to_lowercase().contains(marker));

    eventually(|| story.orders(&admin), |now| *now == orders).await;
    assert_eq!(story.ledgers().await, ledgers);
    eventually(|| story.figures(), |now| *now == figures).await;
    let path = format!("/api/orders/order_stats/?user={}&verify=true", ada.id);
    let verified = admin.client.get(&path).await.expect(200);
    assert_eq!(verified["drift"], 0, "{verified}");
    nobody_is_shown_it(&story, &admin).await;
    erased_twice(&story, &admin).await;
}

/// Orders that are under way stand in the way, and nothing happens at all.
async fn refused_while_unfinished(story: &Story, admin: &Person) {
    let ada = &story.ada;
    let open = story.place().await;
    let places = places_of(&story.marker).await.len();
    let refused = admin.client.post(&format!("/api/users/{}/erase/", ada.id), json!({})).await;
    assert_eq!(
        (refused.status, &refused.body["code"]),
        (409, &json!("orders_unfinished")),
        "{}",
        refused.text
    );
    assert_eq!(refused.body["details"], json!({ "orders": [open["id"]] }));
    assert!(places_of(&story.marker).await.len() >= places);
    let cancel = format!("/api/orders/{}/cancel_order/", text(&open["id"]));
    ada.client.change(&cancel, json!({ "reason": story.marker })).await.expect(200);
    story.counted(story.count()).await;
}

/// What each answer says of the person and of their orders.
async fn nobody_is_shown_it(story: &Story, admin: &Person) {
    let order = format!("/api/orders/{}/", text(&story.delivered));
    let shown = admin.client.get(&order).await.expect(200);
    assert_eq!((&shown["user_username"], &shown["user_email"]), (&json!("[erased]"), &json!("")));
    assert_eq!(shown["shipping_address_details"]["country"], "GB");
    assert!(shown.get("erased_at").is_none());
    let mut paths = vec![
        order.clone(),
        format!("{order}history/?page_size=100"),
        format!("/api/orders/{}/history/", text(&story.deleted)),
        "/api/payments/".to_owned(),
        format!("/api/users/{}/export/?page_size=100", story.ada.id),
    ];
    paths.extend((1..=70).step_by(23).map(|version| format!("{order}?as_of={version}")));
    for path in paths {
        let answer = admin.client.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert!(!answer.text.to_lowercase().contains(&story.marker), "{path}: {}", answer.text);
    }
    for path in ["/api/orders/my_orders/", "/api/addresses/", "/api/notifications/"] {
        let list = story.ada.client.get(path).await;
        assert!(!list.text.to_lowercase().contains(&story.marker), "{path}: {}", list.text);
    }
    let history = admin.client.get(&format!("{order}history/?page=last&page_size=1")).await.expect(200);
    let change = &history["results"][0];
    assert_eq!((&change["action"], &change["by"]), (&json!("erase"), &json!(admin.id)));
    assert_eq!((&change["changes"], &change["reason"]), (&json!({}), &json!("")));
    let edit = admin.client.change(&order, json!({ "notes": "Is she still there?" })).await;
    assert_eq!((edit.status, &edit.body["code"]), (400, &json!("order_erased")), "{}", edit.text);
}

/// The second time changes nothing; and money still goes back, for a reason that nobody keeps.
async fn erased_twice(story: &Story, admin: &Person) {
    let order = format!("/api/orders/{}/", text(&story.delivered));
    let version = admin.client.get(&order).await.expect(200)["version"].clone();
    assert_eq!(erasure_of(admin, &story.ada).await["status"], "finished");
    assert_eq!(admin.client.get(&order).await.expect(200)["version"], version);

    let path = format!("/api/payments/{}/refund_payment/", text(&story.payment));
    let refund = json!({ "amount": "7.00", "reason": format!("{} is sorry", story.marker) });
    story.shop.vendor.client.post(&path, refund).await.expect(200);
    let now = admin.client.get(&order).await.expect(200);
    let ledger = Ledger::of(&story.delivered).await;
    assert_eq!((ledger.refunds.clone(), &ledger), (vec![500, 700], &Ledger::as_told(&now)));
    assert_eq!(places_of(&story.marker).await, Vec::<String>::new());
    let nobody = admin.client.post("/api/users/nobody/erase/", json!({})).await;
    assert_eq!((nobody.status, nobody.error()), (404, "User not found"));
}

#[tokio::test]
async fn an_export_holds_all_of_it_in_pages_of_any_size() {
    let story = Story::told().await;
    let ada = &story.ada;
    let whole = exported(ada, ada, 100).await;
    assert_eq!(whole["profile"]["id"], ada.id);
    let count = |name: &str| whole[name].as_array().map_or(0, Vec::len);
    assert_eq!((count("addresses"), count("subscriptions")), (3, 1));
    assert_eq!(count("orders"), story.count());
    assert!(count("notifications") >= 5);
    let of = |id: &Value| {
        let orders = whole["orders"].as_array().expect("orders");
        orders.iter().find(|one| one["order"]["id"] == *id).expect("the order is exported").clone()
    };
    let delivered = of(&story.delivered);
    assert_eq!(delivered["order"]["payments"].as_array().map(Vec::len), Some(2));
    let history = delivered["history"].as_array().expect("a history");
    assert_eq!(history.len(), delivered["order"]["version"].as_u64().expect("a version") as usize);
    assert!(of(&story.deleted)["deleted_at"].is_string() && delivered["deleted_at"].is_null());
    let marked = whole.to_string().to_lowercase();
    assert!(marked.matches(&story.marker).count() > 100);
    assert_eq!(exported(&admin(), ada, 1).await, whole);
    let path = format!("/api/users/{}/export/", ada.id);
    for (who, status) in [(&story.shop.vendor, 404), (&story.shop.staff, 403)] {
        assert_eq!(who.client.get(&path).await.status, status);
    }
    for page in ["?page=2", "?page=last", "?cursor=x"] {
        assert_eq!(ada.client.get(&format!("{path}{page}")).await.status, 404, "{page}");
    }
}

/// An operator's erasure that may write once each time, until it has come to its end.
#[tokio::test]
async fn an_erasure_that_is_cut_off_after_every_write_comes_to_its_end() {
    let story = Story::told().await;
    let (table, dynamodb) = (stack().setting("TABLE_NAME"), stack().setting("DYNAMODB_URL"));
    let (sns, topic) = (stack().setting("SQS_URL"), stack().setting("TOPIC_ARN"));
    let environment = [("AWS_ENDPOINT_URL_SNS", sns), ("TOPIC_ARN", topic)];
    let user = story.ada.id.as_str();
    let (said, status) = orderctl(table, dynamodb, &["erase", user, "--dry-run"]).await;
    let told = format!("{0} of {0} orders", story.count());
    assert!(status == Some(0) && said.contains(&told) && said.contains("3 addresses"), "{said}");
    let proxy = Proxy::before(dynamodb).await;
    let denied = "com.amazon.coral.service#AccessDeniedException";
    let mut tries = 0;
    loop {
        let writes = AtomicUsize::new(0);
        proxy.play(Arc::new(move |operation, _| {
            let is_write = ["PutItem", "TransactWriteItems"].contains(&operation);
            let is_over = is_write && writes.fetch_add(1, Ordering::Relaxed) > 0;
            is_over.then(|| (400, json!({ "__type": denied, "Message": "no more" })))
        }));
        let arguments = ["erase", user];
        let (said, status) = orderctl_with(&environment, table, &proxy.url, &arguments).await;
        tries += 1;
        if status == Some(0) {
            assert!(said.contains("is erased"), "{said}");
            break;
        }
        assert!(tries < 100, "it does not come to its end: {said}");
    }
    assert!(tries > story.count(), "{tries}");
    let left = eventually(|| places_of(&story.marker), Vec::is_empty).await;
    assert!(left.is_empty());
    let (said, status) = orderctl(table, dynamodb, &["erase", user, "--dry-run"]).await;
    assert!(status == Some(0) && said.contains("0 of ") && said.contains("0 notifications"), "{said}");
    let (said, status) = orderctl(table, dynamodb, &["erase", "nobody"]).await;
    assert_eq!((said.as_str(), status), ("nothing is kept of a user with the id nobody\n", Some(1)));
}

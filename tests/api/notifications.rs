//! What a user is told, and what they have read of it.

use oms_tests::shop::text;
use oms_tests::{Person, Shop, eventually};
use reqwest::Method;
use serde_json::{Value, json};

/// A customer whose order was paid, confirmed and shipped: three notifications.
async fn told() -> (Person, Value) {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    ada.pays(&order).await;
    shop.does("confirm_order", &order).await.expect(200);
    shop.does("ship_order", &order).await.expect(200);
    counted(&ada, "", 3).await;
    (ada, order)
}

/// The list, once it has so many.
async fn counted(person: &Person, filter: &str, count: u64) -> Value {
    let path = format!("/api/notifications/{filter}");
    eventually(|| async { person.client.get(&path).await.expect(200) }, |page| page["count"] == count).await
}

fn kinds(page: &Value) -> Vec<&str> {
    let results = page["results"].as_array().expect("a page has results");
    results.iter().map(|one| text(&one["notification_type"])).collect()
}

async fn marks(person: &Person, id: &Value, is_read: Value, headers: &[(&str, &str)]) -> oms_tests::Answer {
    let path = format!("/api/notifications/{}/", text(id));
    person.client.send(Method::PATCH, &path, Some(json!({ "is_read": is_read })), headers).await
}

#[tokio::test]
async fn what_is_read_is_counted_and_listed_apart() {
    let (ada, order) = told().await;
    let all = counted(&ada, "", 3).await;
    assert_eq!(kinds(&all), ["shipping_update", "order_status_update", "payment_success"]);
    let shipped = &all["results"][0];
    assert_eq!(shipped["order"], order["id"]);
    assert_eq!(shipped["is_read"], false);

    let read = marks(&ada, &shipped["id"], json!(true), &[]).await.expect(200);
    let mut expected = shipped.clone();
    expected["is_read"] = json!(true);
    assert_eq!(read, expected);
    assert_eq!(counted(&ada, "?is_read=true", 1).await["results"], json!([expected]));
    assert_eq!(kinds(&counted(&ada, "?is_read=False", 2).await), ["order_status_update", "payment_success"]);
    let paid = counted(&ada, "?is_read=false&notification_type=payment_success", 1).await;
    assert_eq!(kinds(&paid), ["payment_success"]);
    assert_eq!(kinds(&counted(&ada, "?notification_type=refund_processed", 0).await), [""; 0]);
    // As django-filter reads a boolean.
    counted(&ada, "?is_read=perhaps", 3).await;
    let nonsense = ada.client.get("/api/notifications/?notification_type=nope").await;
    let text = "Select a valid choice. nope is not one of the available choices.";
    assert_eq!(nonsense.expect(400)["details"], json!({ "notification_type": [text] }));
}

#[tokio::test]
async fn marking_all_is_one_write_and_does_not_touch_what_comes_later() {
    let (ada, order) = told().await;
    let all = ada.client.post("/api/notifications/mark_all_read/", json!({})).await;
    assert!(all.header("x-consumed-capacity").ends_with("trips=2"), "{}", all.header("x-consumed-capacity"));
    let expected = json!({ "message": "Marked 3 notifications as read", "updated_count": 3 });
    assert_eq!(all.expect(200), expected);
    let again = ada.client.post("/api/notifications/mark_all_read/", Value::Null).await.expect(200);
    assert_eq!(again["updated_count"], 0);
    assert_eq!(kinds(&counted(&ada, "?is_read=false", 0).await), [""; 0]);
    let page = counted(&ada, "?is_read=true", 3).await;

    // One of them is marked as not read again, and one more comes in.
    marks(&ada, &page["results"][2]["id"], json!("false"), &[]).await.expect(200);
    let staff = Person::new("staff", Some("staff"));
    staff.client.patch(&format!("/api/orders/{}/deliver_order/", text(&order["id"]))).await.expect(200);
    assert_eq!(kinds(&counted(&ada, "?is_read=false", 2).await), ["order_delivered", "payment_success"]);
    counted(&ada, "?is_read=true", 2).await;
    let all = ada.client.post("/api/notifications/mark_all_read/", json!({})).await.expect(200);
    assert_eq!(all["updated_count"], 2);
}

#[tokio::test]
async fn marks_that_race_are_counted_once() {
    let (ada, _) = told().await;
    let all = counted(&ada, "", 3).await;
    let ids: Vec<&Value> = all["results"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    let one_by_one = (0..12).map(|n| marks(&ada, ids[n % 3], json!(n % 2 == 0), &[]));
    let at_once = (0..2).map(|_| ada.client.post("/api/notifications/mark_all_read/", json!({})));
    let (singles, alls) =
        tokio::join!(futures::future::join_all(one_by_one), futures::future::join_all(at_once));
    for answer in singles.iter().chain(&alls) {
        assert!([200, 409].contains(&answer.status), "{}", answer.text);
    }
    let list = counted(&ada, "", 3).await;
    let unread = list["results"].as_array().unwrap().iter().filter(|one| one["is_read"] == false).count();
    counted(&ada, "?is_read=false", unread as u64).await;
    counted(&ada, "?is_read=true", 3 - unread as u64).await;
}

#[tokio::test]
async fn a_mark_is_checked_and_conditional() {
    let (ada, _) = told().await;
    let page = counted(&ada, "", 3).await;
    let id = &page["results"][0]["id"];
    let path = format!("/api/notifications/{}/", text(id));
    let seen = ada.client.get(&path).await;
    assert_eq!(seen.body, page["results"][0]);
    let tag = seen.header("etag").to_owned();
    let same = ada.client.send(Method::GET, &path, None, &[("If-None-Match", &tag)]).await;
    assert_eq!(same.status, 304);
    let wrong = marks(&ada, id, json!("maybe"), &[]).await.expect(400);
    assert_eq!(wrong["details"], json!({ "is_read": ["Must be a valid boolean."] }));
    marks(&ada, id, json!(true), &[("If-Match", &tag)]).await.expect(200);
    marks(&ada, id, json!(false), &[("If-Match", &tag)]).await.expect(412);
    assert_eq!(
        ada.client.send(Method::PATCH, &path, Some(json!({})), &[]).await.expect(200)["is_read"],
        true
    );

    let stranger = Person::new("stranger", Some("admin"));
    assert_eq!(stranger.client.get(&path).await.error(), "Notification not found");
    assert_eq!(marks(&stranger, id, json!(true), &[]).await.error(), "Notification not found");
    assert_eq!(ada.client.get("/api/notifications/7/").await.error(), "Notification not found");
    assert_eq!(ada.client.get("/api/notifications/mark_all_read/").await.status, 405);
}

#[tokio::test]
async fn notifications_are_searched_and_sorted() {
    let (ada, _) = told().await;
    let newest = counted(&ada, "", 3).await;
    let oldest = counted(&ada, "?ordering=created_at", 3).await;
    let ids = |page: &Value| {
        page["results"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&newest), ids(&oldest).into_iter().rev().collect::<Vec<_>>());
    let message = text(&newest["results"][0]["message"]).to_owned();
    let number = message.split_whitespace().find(|word| word.starts_with("ORD-")).unwrap();
    counted(&ada, &format!("?search={}", number.to_lowercase()), 3).await;
    counted(&ada, "?search=PAYMENT", 1).await;
    counted(&ada, "?search=nothing+of+the+kind", 0).await;
}

#[tokio::test]
async fn a_page_of_notifications_and_their_count_cost_what_is_on_it() {
    let (ada, _) = told().await;
    let first = ada.client.get("/api/notifications/?page_size=2").await;
    assert_eq!(first.header("x-consumed-capacity"), "rcu=1.5;wcu=0;trips=2");
    let next = text(&first.body["next"]);
    let next = ada.client.get(&next[next.find("/api/").unwrap()..]).await.expect(200);
    assert_eq!(
        (&next["count"], &next["next"], kinds(&next)),
        (&json!(3), &Value::Null, vec!["payment_success"])
    );
}

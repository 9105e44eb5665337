//! Customers' addresses.

use futures::future::join_all;
use oms_tests::Shop;
use oms_tests::shop::{Person, text};
use reqwest::Method;
use serde_json::{Value, json};

fn ada() -> Value {
    json!({
        "full_name": "Ada Lovelace", "address_line1": "12 St James's Square", "city": "London",
        "postal_code": "SW1Y 4JH", "country": "gb", "is_default": true,
    })
}

fn path(address: &Value) -> String {
    format!("/api/addresses/{}/", text(&address["id"]))
}

async fn book(person: &Person) -> Vec<Value> {
    let page = person.client.get("/api/addresses/?ordering=created_at").await.expect(200);
    page["results"].as_array().expect("a page of addresses").clone()
}

#[tokio::test]
async fn a_user_has_one_default_address_however_many_ask_at_once() {
    let person = Person::new("customer", None);
    for _ in 0..3 {
        person.client.post("/api/addresses/", ada()).await.expect(201);
    }
    let defaults =
        async || -> Vec<bool> { book(&person).await.iter().map(|one| one["is_default"] == true).collect() };
    assert_eq!(defaults().await, [false, false, true]);

    let addresses = book(&person).await;
    let paths: Vec<_> = addresses.iter().cycle().take(12).map(path).collect();
    let ask = paths.iter().map(|path| {
        let body = Some(json!({ "is_default": true }));
        person.client.send(Method::PATCH, path, body, &[])
    });
    assert!(join_all(ask).await.iter().all(|answer| answer.status == 200));
    assert_eq!(defaults().await.iter().filter(|is_default| **is_default).count(), 1);

    let one = book(&person).await.into_iter().find(|one| one["is_default"] == true).expect("one is");
    let deleted = person.client.send(Method::DELETE, &path(&one), None, &[]).await.expect(200);
    assert_eq!(deleted, json!({ "message": "Address deleted successfully" }));
    assert_eq!(defaults().await, [false, false]);
}

#[tokio::test]
async fn addresses_are_their_users_and_staffs_to_see() {
    let shop = Shop::open().await;
    let (owner, other) = (Person::new("customer", None), Person::new("customer", None));
    let address = owner.client.post("/api/addresses/", ada()).await.expect(201);
    assert_eq!((&address["user"], &address["country"]), (&json!(owner.id), &json!("GB")));
    for stranger in [&other, &shop.vendor] {
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            let answer = stranger.client.send(method, &path(&address), Some(json!({})), &[]).await;
            assert_eq!((answer.status, answer.error()), (404, "Address not found"));
        }
    }
    let of = |user: &str| format!("/api/addresses/?user={user}");
    assert_eq!(other.client.get(&of(&owner.id)).await.expect(200)["count"], 0);
    assert_eq!(shop.staff.client.get("/api/addresses/").await.expect(200)["count"], 0);
    assert_eq!(shop.staff.client.get(&of(&owner.id)).await.expect(200)["results"], json!([address]));
    assert_eq!(shop.staff.client.get(&path(&address)).await.expect(200), address);

    let mut new = ada();
    new["user"] = json!(owner.id);
    let made = shop.staff.client.post("/api/addresses/", new.clone()).await.expect(201);
    assert_eq!(made["user"], json!(owner.id));
    assert_eq!(book(&owner).await.len(), 2);
    let own = other.client.post("/api/addresses/", new).await.expect(201);
    assert_eq!(own["user"], json!(other.id), "only staff say whose an address is");
}

#[tokio::test]
async fn every_problem_of_an_address_is_told_at_once() {
    let person = Person::new("customer", None);
    let wrong = json!({ "full_name": " ", "country": "UK", "phone_number": "call me", "is_default": 7 });
    let refused = person.client.post("/api/addresses/", wrong).await.expect(400);
    let details = json!({
        "full_name": ["This field may not be blank."],
        "address_line1": ["This field is required."],
        "city": ["This field is required."],
        "country": ["\"UK\" is not a valid choice."],
        "phone_number": ["Enter a valid phone number."],
        "is_default": ["Must be a valid boolean."],
    });
    assert_eq!(refused["details"], details);
}

#[tokio::test]
async fn a_user_has_a_hundred_addresses_at_most() {
    let person = Person::new("customer", None);
    for _ in 0..96 {
        person.client.post("/api/addresses/", ada()).await.expect(201);
    }
    let last = join_all((0..10).map(|_| person.client.post("/api/addresses/", ada()))).await;
    assert_eq!(last.iter().filter(|answer| answer.status == 201).count(), 4);
    assert_eq!(person.client.get("/api/addresses/").await.expect(200)["count"], 100);
    let refused = person.client.post("/api/addresses/", ada()).await;
    assert_eq!((refused.status, refused.error()), (400, "A user may have at most 100 addresses"));
    assert_eq!(refused.body["code"], "too_many_addresses");
}

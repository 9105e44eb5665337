//! Lists of the catalogue beyond what is read into memory.

use oms_tests::shop::text;
use oms_tests::{Person, Shop};
use serde_json::{Value, json};
use std::collections::HashSet;

/// More products than any list is read to.
const PRODUCTS: usize = 10_050;
/// How many items DynamoDB writes at once.
const AT_ONCE: usize = 25;

/// A copy of a product's item, the nth.
fn copy(item: &Value, n: usize) -> Value {
    let id = format!("0192f0c0-0000-7000-8000-{n:012x}");
    let made = format!("2020-01-01T{:02}:{:02}:{:02}.000000Z", n / 3600, n / 60 % 60, n % 60);
    let mut copy = item.clone();
    copy["pk"] = json!({ "S": format!("PRODUCT#{id}") });
    copy["list_at"] = json!({ "S": format!("{made}#{id}") });
    copy["summary"]["M"]["id"] = json!({ "S": id });
    copy["summary"]["M"]["created_at"] = json!({ "S": made });
    copy
}

async fn write_all(person: &Person, writes: Vec<Value>) {
    let table = oms_tests::stack().setting("TABLE_NAME").to_owned();
    for writes in writes.chunks(AT_ONCE) {
        person.client.dynamodb("BatchWriteItem", json!({ "RequestItems": { &table: writes } })).await;
    }
}

#[tokio::test]
async fn ten_thousand_and_fifty_products_are_paged_from_the_index() {
    let shop = Shop::open().await;
    let draft = json!({ "store": shop.store["id"], "name": "Mug", "base_price": 1, "status": "draft" });
    let product = shop.vendor.client.post("/api/products/", draft).await.expect(201);
    let item = shop.staff.client.item(&format!("PRODUCT#{}", text(&product["id"])), "PRODUCT").await;
    let copies: Vec<Value> = (0..PRODUCTS).map(|n| copy(&item, n)).collect();
    let puts = copies.iter().map(|copy| json!({ "PutRequest": { "Item": copy } }));
    write_all(&shop.staff, puts.collect()).await;
    let store = text(&shop.store["id"]);
    let mut counts = shop.staff.client.item(&format!("STORE#{store}"), "PRODUCTS").await;
    let all = PRODUCTS + 1;
    counts["count"] = json!({ "N": all.to_string() });
    counts["summary"]["M"]["draft"] = json!({ "N": all.to_string() });
    shop.staff.client.put_item(&counts).await;

    for list in [format!("/api/products/?store={store}"), "/api/products/?status=draft".to_owned()] {
        is_paged(&shop, &format!("{list}&page_size=100"), all as u64).await;
    }
    let searched = shop.staff.client.get("/api/products/?status=draft&search=mug").await;
    assert_eq!((searched.status, &searched.body["code"]), (400, &json!("too_many_entries")));
    let key = |copy: &Value| json!({ "pk": copy["pk"], "sk": copy["sk"] });
    let deletes = copies.iter().map(|copy| json!({ "DeleteRequest": { "Key": key(copy) } }));
    write_all(&shop.staff, deletes.collect()).await;
}

/// Walks along a list from either end, and into the middle of it. Others may be writing into it.
async fn is_paged(shop: &Shop, list: &str, least: u64) {
    let page = async |path: &str| shop.staff.client.get(path).await.expect(200);
    for from in ["", "&ordering=created_at"] {
        let mut shown = HashSet::new();
        let mut now = page(&format!("{list}{from}")).await;
        for _ in 0..3 {
            assert!(now["count"].as_u64() >= Some(least), "{}", now["count"]);
            let results = now["results"].as_array().expect("a page");
            assert_eq!(results.len(), 100);
            assert!(results.iter().all(|product| shown.insert(product["id"].to_string())), "shown twice");
            let next = text(&now["next"]).to_owned();
            now = page(&next[next.find("/api/").expect("a link to the API")..]).await;
        }
    }
    let middle = page(&format!("{list}&page=50")).await;
    assert_eq!(middle["results"].as_array().map(Vec::len), Some(100));
    let last = page(&format!("{list}&page=last")).await;
    assert_eq!(last["next"], Value::Null);
    let oldest = last["results"].as_array().and_then(|page| page.last().cloned()).expect("an entry");
    let first = page(&format!("{list}&ordering=created_at")).await;
    assert_eq!(oldest["id"], first["results"][0]["id"]);
}

#[tokio::test]
async fn what_nobody_has_counted_yet_is_counted_before_the_next_is_added() {
    let shop = Shop::open().await;
    shop.sells("Mug", 1).await;
    let draft = json!({ "store": shop.store["id"], "name": "Cup", "base_price": 1, "status": "draft" });
    shop.vendor.client.post("/api/products/", draft.clone()).await.expect(201);
    // As in data from before there were counters.
    let store = format!("STORE#{}", text(&shop.store["id"]));
    for (pk, sk) in [(store.clone(), "PRODUCTS"), (format!("USER#{}", shop.vendor.id), "STORES")] {
        let key = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
        shop.staff.client.dynamodb("DeleteItem", json!({ "Key": key })).await;
    }
    let list = format!("/api/products/?store={}", text(&shop.store["id"]));
    assert_eq!(shop.vendor.client.get(&list).await.expect(200)["count"], 2);
    let path = format!("/api/stores/{}/", text(&shop.store["id"]));
    let turned = shop.vendor.client.change(&path, json!({ "currency": "JPY" })).await;
    assert_eq!(turned.status, 400, "{}", turned.text);
    shop.vendor.client.post("/api/products/", draft).await.expect(201);
    let counts = shop.staff.client.item(&store, "PRODUCTS").await;
    assert_eq!((&counts["count"]["N"], &counts["summary"]["M"]["draft"]["N"]), (&json!("3"), &json!("2")));
    shop.vendor.client.post("/api/stores/", json!({ "name": "Second" })).await.expect(201);
    let owned = shop.staff.client.item(&format!("USER#{}", shop.vendor.id), "STORES").await;
    assert_eq!(owned["count"]["N"], "2");
}

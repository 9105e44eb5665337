//! Two versions of this code on one table: what each does with the items of the other.

use crate::operator::orderctl;
use oms_tests::shop::text;
use oms_tests::{Answer, Function, OwnTable, Person, Shop, stack};
use serde_json::{Value, json};

/// A shape that a later version may write.
const LATER: u32 = 90;

fn key(order: &Value) -> String {
    format!("ORDER#{}", text(&order["id"]))
}

fn path(order: &Value) -> String {
    format!("/api/orders/{}/", text(&order["id"]))
}

/// What a later version has made of an item, which those may write that know `writer`.
fn later(mut item: Value, writer: u32) -> Value {
    item["schema"] = json!({ "N": LATER.to_string() });
    item["writer"] = json!({ "N": writer.to_string() });
    item["added"] = json!({ "S": "whole" });
    item["summary"]["M"]["added"] = json!({ "S": "summary" });
    for list in ["items", "log"] {
        if item[list].is_object() {
            item[list]["L"][0]["M"]["added"] = json!({ "S": list });
        }
    }
    item
}

/// What of that is there.
fn added(item: &Value) -> Vec<&str> {
    let places = ["/added/S", "/summary/M/added/S", "/items/L/0/M/added/S", "/log/L/0/M/added/S"];
    places.iter().filter_map(|place| item.pointer(place)?.as_str()).collect()
}

fn refuses(answer: &Answer) {
    assert_eq!((answer.status, &answer.body["code"]), (503, &json!("newer_data")), "{}", answer.text);
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn what_a_later_version_has_added_outlives_every_change() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    ada.client.put_item(&later(ada.client.item(&key(&order), "ORDER").await, 3)).await;
    ada.client.change(&path(&order), json!({ "notes": "Ring twice." })).await.expect(200);
    ada.pays(&order).await;
    shop.does("confirm_order", &order).await.expect(200);
    shop.does("cancel_order", &order).await.expect(200);
    let item = ada.client.item(&key(&order), "ORDER").await;
    assert_eq!(added(&item), ["whole", "summary", "items", "log"], "{item:#}");
    assert_eq!(item["schema"]["N"], LATER.to_string());

    let product = format!("/api/products/{}/", text(&mug.product));
    let pk = format!("PRODUCT#{}", text(&mug.product));
    ada.client.put_item(&later(ada.client.item(&pk, "PRODUCT").await, 1)).await;
    shop.vendor.client.change(&product, json!({ "name": "Cup" })).await.expect(200);
    assert_eq!(added(&ada.client.item(&pk, "PRODUCT").await), ["whole", "summary"]);
}

#[tokio::test]
async fn what_a_later_version_has_reshaped_is_shown_and_left_alone() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let order = ada.order(&shop, &mug, 1).await;
    let item = later(ada.client.item(&key(&order), "ORDER").await, LATER);
    ada.client.put_item(&item).await;
    let shown = ada.client.get(&path(&order)).await.expect(200);
    assert_eq!(shown["total_amount"], order["total_amount"]);
    refuses(&ada.client.change(&path(&order), json!({ "notes": "Ring twice." })).await);
    refuses(&shop.does("confirm_order", &order).await);
    refuses(&ada.client.patch(&format!("{}cancel_order/", path(&order))).await);
    assert_eq!(ada.client.item(&key(&order), "ORDER").await, item, "nothing was written");
    assert_eq!(shop.stock(&mug).await, json!(9));

    let pk = format!("PRODUCT#{}", text(&mug.product));
    ada.client.put_item(&later(ada.client.item(&pk, "PRODUCT").await, LATER)).await;
    let product = format!("/api/products/{}/", text(&mug.product));
    shop.vendor.client.get(&product).await.expect(200);
    refuses(&shop.vendor.client.change(&product, json!({ "name": "Cup" })).await);
}

#[tokio::test]
async fn a_version_that_a_table_is_too_new_for_says_so_and_does_nothing() {
    let shop = Shop::open().await;
    let (ada, table) = (shop.customer().await, OwnTable::create().await);
    let later = LATER.to_string();
    table
        .put(&json!({ "pk": { "S": "SCHEMA" }, "sk": { "S": "SCHEMA" }, "minimum_reader": { "N": later } }))
        .await;
    for (name, path) in [("orders", "/api/orders/"), ("docs", "/api/health/")] {
        let mut function = Function::start(name, &[("TABLE_NAME", &table.name)]).await;
        let answer = function.send("GET", ada.client.token(), path, None, &[]).await;
        let (status, body) = answer.expect("the function lives");
        assert_eq!((status, &body["code"]), (503, &json!("newer_data")), "{name}: {body}");
        assert!(function.log_lines().iter().any(|line| line.contains("shape 90")), "{name}");
    }
}

/// An edit through one function.
async fn edits(function: &mut Function, who: &Person, order: &Value, notes: &str) {
    let body = json!({ "notes": notes });
    let answer = function.send("PATCH", who.client.token(), &path(order), Some(&body), &[]).await;
    let (status, body) = answer.expect("the function lives");
    assert_eq!((status, &body["notes"]), (200, &json!(notes)), "{body}");
}

/// As while a version is rolled out, all orders are migrated, and it is rolled back.
#[tokio::test]
async fn versions_that_write_other_shapes_serve_the_same_orders_while_these_are_migrated() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let (table, dynamodb) = (OwnTable::create().await, stack().setting("DYNAMODB_URL"));
    let mut orders = Vec::new();
    for _ in 0..4 {
        let order = ada.order(&shop, &mug, 1).await;
        table.put(&ada.client.item(&key(&order), "ORDER").await).await;
        orders.push(order);
    }
    let of_table = ("TABLE_NAME", table.name.as_str());
    let mut old = Function::start("orders", &[of_table, ("WRITE_SCHEMA", "1")]).await;
    let mut new = Function::start("orders", &[of_table]).await;
    let shape = async |order: &Value| {
        let items = table.items().await;
        let item = items.iter().find(|item| item["pk"]["S"] == key(order) && item["sk"]["S"] == "ORDER");
        let item = item.expect("the order is there");
        (item["schema"]["N"].clone(), item["writer"]["N"].clone(), item["saves"].is_object())
    };
    let (older, newest) = ((json!("2"), json!("1"), false), (json!("3"), Value::Null, true));
    for (round, to) in ["3", "1", "3"].into_iter().enumerate() {
        edits(&mut old, &ada, &orders[0], &format!("old {round}")).await;
        edits(&mut new, &ada, &orders[1], &format!("new {round}")).await;
        assert_eq!((shape(&orders[0]).await, shape(&orders[1]).await), (older.clone(), newest.clone()));
        let migration = ["migrate", "--to", to];
        let busy = async {
            for edit in 0..5 {
                edits(&mut old, &ada, &orders[2], &format!("{round} old {edit}")).await;
                edits(&mut new, &ada, &orders[2], &format!("{round} new {edit}")).await;
            }
        };
        let ((said, status), ()) = tokio::join!(orderctl(&table.name, dynamodb, &migration), busy);
        assert_eq!(status, Some(0), "{said}");
        assert_eq!(shape(&orders[3]).await, if to == "3" { newest.clone() } else { older.clone() });
        // Each goes on with what the other, or the migration, has written.
        edits(&mut new, &ada, &orders[0], &format!("after {round}")).await;
        edits(&mut old, &ada, &orders[1], &format!("after {round}")).await;
    }
    for (order, changes) in [(&orders[0], 7), (&orders[1], 7), (&orders[2], 31), (&orders[3], 1)] {
        let history =
            new.send("GET", ada.client.token(), &format!("{}history/", path(order)), None, &[]).await;
        let (status, history) = history.expect("the function lives");
        assert_eq!((status, &history["count"]), (200, &json!(changes)), "{history:#}");
    }
}

/// The last step, on a table of its own: it shuts others out.
#[tokio::test]
async fn older_versions_are_shut_out_once_nothing_of_theirs_is_left() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let table = OwnTable::create().await;
    for _ in 0..3 {
        let order = ada.order(&shop, &mug, 1).await;
        table.put(&ada.client.item(&key(&order), "ORDER").await).await;
    }
    let dynamodb = stack().setting("DYNAMODB_URL");
    let scratch = stack().directory().join(format!("{}.json", table.name));
    let resume = scratch.to_str().expect("a path");
    let (said, status) = orderctl(&table.name, dynamodb, &["migrate", "--to", "1", "--resume", resume]).await;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.starts_with("3 of 3 items have shape 1 now"), "{said}");
    let (said, status) = orderctl(&table.name, dynamodb, &["migrate", "--to", "3", "--contract"]).await;
    assert_eq!(status, Some(0), "{said}");
    assert!(said.ends_with("versions that know shape 3 may use the table\n"), "{said}");
    // To go over it once more lets nobody in who was shut out; to go back does, as long as all
    // goes.
    let goes = async |to: &str| orderctl(&table.name, dynamodb, &["migrate", "--to", to]).await;
    for (to, minimum) in [("3", 3), ("1", 1)] {
        let (said, status) = goes(to).await;
        assert_eq!(status, Some(0), "{said}");
        assert!(said.ends_with(&format!("versions that know shape {minimum} may use the table\n")), "{said}");
    }
    let (said, status) = orderctl(&table.name, dynamodb, &["migrate", "--to", "3", "--contract"]).await;
    assert_eq!(status, Some(0), "{said}");
    // What a later version wrote is named, and stays.
    let order = ada.order(&shop, &mug, 1).await;
    table.put(&later(ada.client.item(&key(&order), "ORDER").await, 3)).await;
    let (said, status) = orderctl(&table.name, dynamodb, &["migrate", "--to", "3"]).await;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("was written by a newer version"), "{said}");
    let (said, status) = goes("1").await;
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("1 items have a newer shape still") && said.contains("know shape 3 may use"),
        "{said}"
    );
    let (said, _) = orderctl(&table.name, dynamodb, &["migrate"]).await;
    assert!(said.contains("shape 2: 3 orders") && said.contains("shape 90: 1 orders"), "{said}");
}

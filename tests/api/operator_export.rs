//! `orderctl export` and `import`: orders from the running system into a table that lacks them.

use crate::operator::{orderctl, orderctl_with};
use oms_tests::shop::text;
use oms_tests::{Function, OwnTable, Person, Shop, eventually, stack};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What a customer has bought: orders at each stage, one of them with more changes than it keeps
/// itself, and one that was deleted.
struct Bought {
    shop: Shop,
    ada: Person,
    delivered: Value,
    edited: Value,
}

async fn bought() -> Bought {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 50).await;
    let ada = shop.customer().await;
    ada.order(&shop, &mug, 1).await;
    let delivered = ada.order(&shop, &mug, 2).await;
    ada.pays(&delivered).await;
    for action in ["confirm_order", "ship_order", "deliver_order"] {
        shop.does(action, &delivered).await.expect(200);
    }
    let edited = ada.order(&shop, &mug, 3).await;
    for number in 0..70 {
        let path = format!("/api/orders/{}/", text(&edited["id"]));
        ada.client.change(&path, json!({ "notes": format!("=Note, \"{number}\"") })).await.expect(200);
    }
    let deleted = ada.order(&shop, &mug, 4).await;
    let admin = Person::new("admin", Some("admin"));
    admin.client.delete(&format!("/api/orders/{}/", text(&deleted["id"]))).await.expect(200);
    Bought { shop, ada, delivered, edited }
}

fn file(name: &str) -> PathBuf {
    stack().directory().join(format!("{}-{name}", uuid::Uuid::new_v4().simple()))
}

fn lines(file: &PathBuf) -> BTreeSet<String> {
    std::fs::read_to_string(file).expect("the file can be read").lines().map(str::to_owned).collect()
}

/// Exports one store's orders, deleted ones too.
async fn export(table: &str, store: &Value) -> PathBuf {
    let to = file("orders.jsonl");
    let path = to.display().to_string();
    let arguments = ["--json", "export", &path, "--store", text(store), "--deleted"];
    let (said, status) = orderctl(table, stack().setting("DYNAMODB_URL"), &arguments).await;
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("no JSON: {said}"));
    assert_eq!(
        (status, &report["written"], &report["is_well"]),
        (Some(0), &json!(4), &json!(true)),
        "{said}"
    );
    to
}

#[tokio::test]
async fn exported_orders_are_the_same_where_they_are_imported() {
    let Bought { shop, ada, delivered, edited } = bought().await;
    let (ours, dynamodb) = (stack().setting("TABLE_NAME"), stack().setting("DYNAMODB_URL"));
    let exported = export(ours, &shop.store["id"]).await;
    let path = exported.display().to_string();
    let table = OwnTable::create().await;
    let (said, status) = orderctl(&table.name, dynamodb, &["import", &path]).await;
    assert_eq!((said.as_str(), status), ("4 orders written, 0 were there already, 0 left\n", Some(0)));
    // An import that was interrupted is made again.
    let (said, status) = orderctl(&table.name, dynamodb, &["import", &path]).await;
    assert_eq!((said.as_str(), status), ("0 orders written, 4 were there already, 0 left\n", Some(0)));
    assert_eq!(lines(&exported), lines(&export(&table.name, &shop.store["id"]).await), "nothing got lost");

    // The consumer counts them as any others, and nobody is told again.
    let (said, status) = orderctl(&table.name, dynamodb, &["redrive", "--consumer", "stats"]).await;
    assert_eq!(status, Some(0), "{said}");
    let (said, status) = orderctl(&table.name, dynamodb, &["verify"]).await;
    assert_eq!((said.as_str(), status), ("4 orders, 3 scopes; drift 0\n", Some(0)));
    let publisher = ["redrive", "--consumer", "publisher"];
    let queues = ["QUEUE_URL", "SETTLEMENTS_QUEUE_URL"].map(|name| (name, name));
    let told = [queues.as_slice(), &[("TOPIC_ARN", "TOPIC_ARN")]].concat();
    let urls = vec![("AWS_ENDPOINT_URL_SNS", "SNS_URL"), ("AWS_ENDPOINT_URL_SQS", "SQS_URL")];
    let told = [told, urls].concat().into_iter().map(|(name, there)| (name, stack().setting(there)));
    let told: Vec<_> = told.collect();
    let (said, status) = orderctl_with(&told, &table.name, dynamodb, &publisher).await;
    assert_eq!(status, Some(0), "{said}");
    let items = table.items().await;
    assert!(!items.iter().any(|item| text(&item["sk"]["S"]).starts_with("NOTIFICATION")), "{items:?}");

    // What their customer sees is the same at both tables.
    let mut orders = Function::start("orders", &[("TABLE_NAME", &table.name)]).await;
    for path in [
        "/api/orders/my_orders/".to_owned(),
        "/api/orders/my_orders/?status=delivered".to_owned(),
        "/api/orders/order_stats/".to_owned(),
        format!("/api/orders/{}/", text(&delivered["id"])),
        format!("/api/orders/{}/history/?page_size=100", text(&edited["id"])),
        format!("/api/orders/?search={}", text(&delivered["order_number"])),
    ] {
        let there = orders.send("GET", ada.client.token(), &path, None, &[]).await.expect("it lives");
        // Those of the stack may be a moment behind.
        let here = || async { (200, ada.client.get(&path).await.expect(200)) };
        eventually(here, |here: &(u16, Value)| without_urls(here) == without_urls(&there)).await;
    }
    // A number that came along is not dealt again.
    let number = text(&edited["order_number"]);
    let (day, last) = number.trim_start_matches("ORD-").split_once('-').expect("a day and a number");
    let day = format!("SEQUENCE#ORDER#{}-{}-{}", &day[..4], &day[4..6], &day[6..]);
    let block = items.iter().find(|item| item["pk"]["S"] == day.as_str()).expect("the day's numbers");
    let dealt = |number: &str| number.parse::<u64>().expect("a number");
    assert!(dealt(text(&block["last"]["N"])) >= dealt(last), "{block}");
}

/// An answer without its links, which name the host that was asked.
fn without_urls((status, body): &(u16, Value)) -> (u16, Value) {
    let mut body = body.clone();
    for link in ["next", "previous"] {
        body.as_object_mut().expect("an object").remove(link);
    }
    (*status, body)
}

#[tokio::test]
async fn what_is_there_already_and_differs_is_named_and_left() {
    let Bought { shop, delivered, .. } = bought().await;
    let (ours, dynamodb) = (stack().setting("TABLE_NAME"), stack().setting("DYNAMODB_URL"));
    let exported = export(ours, &shop.store["id"]).await;
    let table = OwnTable::create().await;
    let path = exported.display().to_string();
    orderctl(&table.name, dynamodb, &["import", &path]).await;
    let id = text(&delivered["id"]);
    let of = format!("ORDER#{id}");
    let before = table.items().await;
    let mut item = before.iter().find(|item| item["pk"]["S"] == of.as_str() && item["sk"]["S"] == "ORDER");
    let mut changed = item.take().expect("the order is there").clone();
    changed["special_instructions"] = json!({ "S": "Somebody wrote into the table" });
    table.put(&changed).await;
    let (said, status) = orderctl(&table.name, dynamodb, &["import", &path]).await;
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains(&format!(
            "order {id} ({}) is left: another state of it is there",
            text(&delivered["order_number"])
        )),
        "{said}"
    );
    assert!(said.ends_with("0 orders written, 3 were there already, 1 left\n"), "{said}");
    let after = table.items().await;
    assert!(after.contains(&changed), "it stays as it was");

    // The same number under another id, and what is no order.
    let line = lines(&exported).into_iter().find(|line| line.contains(id)).expect("its line");
    let (head, tail) = id.split_at(8);
    let other = format!("{:08x}{tail}", u32::from_str_radix(head, 16).expect("hexadecimal") ^ 1);
    let twin = file("twin.jsonl");
    std::fs::write(&twin, line.replace(id.trim_end_matches("0000"), other.trim_end_matches("0000")))
        .expect("a file");
    let (said, status) = orderctl(&table.name, dynamodb, &["import", &twin.display().to_string()]).await;
    assert!(
        said.contains(&format!("order {other} "))
            && said.contains(&format!("its number is that of order {id}")),
        "{said}"
    );
    assert_eq!((status, table.items().await.len()), (Some(1), after.len()), "{said}");
    let unknown = line.replace("\"order\":{", "\"order\":{\"memo\":\"x\",");
    std::fs::write(&twin, unknown).expect("a file");
    let (said, status) = orderctl(&table.name, dynamodb, &["import", &twin.display().to_string()]).await;
    assert!(
        said.contains("line 1: order.memo would get lost") && said.ends_with("nothing was written\n"),
        "{said}"
    );
    assert_eq!(status, Some(1));
}

#[tokio::test]
async fn a_spreadsheet_gets_what_lists_show_of_the_orders_that_filters_mean() {
    let Bought { shop, delivered, .. } = bought().await;
    let (table, dynamodb) = (stack().setting("TABLE_NAME"), stack().setting("DYNAMODB_URL"));
    let store = text(&shop.store["id"]);
    let (said, status) =
        orderctl(table, dynamodb, &["export", "--format", "csv", "--store", store, "--status", "delivered"])
            .await;
    let lines: Vec<&str> = said.split_terminator("\r\n").collect();
    let [header, order] = &lines[..] else { panic!("{said}") };
    let cell = |name: &str| {
        let at = header.split(',').position(|column| column == name).expect("a column");
        order.split(',').nth(at).unwrap_or_default()
    };
    assert_eq!(
        (status, cell("id"), cell("status")),
        (Some(0), text(&delivered["id"]), "delivered"),
        "{said}"
    );
    assert_eq!((cell("store_name"), cell("total_amount")), ("Mugs & More", text(&delivered["total_amount"])));
    for (filter, left) in [(["--until", "2020-01-01"], 0), (["--since", "2020-01-01"], 3)] {
        let arguments = [&["export", "-", "--format", "csv", "--store", store][..], &filter].concat();
        let (said, status) = orderctl(table, dynamodb, &arguments).await;
        assert_eq!((status, said.lines().count()), (Some(0), left + 1), "{filter:?}: {said}");
    }
    let csv = file("orders.csv");
    std::fs::write(&csv, said).expect("a file");
    let (said, status) = orderctl(table, dynamodb, &["import", &csv.display().to_string()]).await;
    assert!(status == Some(2) && said.contains("CSV holds what lists show"), "{said}");
}

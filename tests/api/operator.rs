//! The operator's command line, against the running system.

use oms_tests::shop::text;
use oms_tests::{OwnTable, Proxy, Shop, stack};
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::Command;

/// What orderctl says of a table, knowing only where that is, and the status that it ends with.
pub(crate) async fn orderctl(table: &str, dynamodb: &str, arguments: &[&str]) -> (String, Option<i32>) {
    orderctl_with(&[], table, dynamodb, arguments).await
}

/// The same, knowing more.
pub(crate) async fn orderctl_with(
    environment: &[(&str, &str)],
    table: &str,
    dynamodb: &str,
    arguments: &[&str],
) -> (String, Option<i32>) {
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(2).expect("tests are in target/debug/deps");
    let done = Command::new(target.join("orderctl"))
        .args(arguments)
        .env_clear()
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", operator(arguments))
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_ENDPOINT_URL_DYNAMODB", dynamodb)
        .env("TABLE_NAME", table)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .await
        .expect("orderctl starts");
    (String::from_utf8_lossy(&done.stdout).into_owned(), done.status.code())
}

/// Whom the table takes orderctl for, and holds to the policies that the command is for.
fn operator(arguments: &[&str]) -> &'static str {
    let is = |command: &str| arguments.contains(&command);
    match (is("doctor"), is("export"), is("verify")) {
        (true, ..) => "orderctl-looks",
        (_, true, _) => "orderctl-reads",
        (.., true) => "orderctl-verifies",
        (false, false, false) => "orderctl",
    }
}

#[tokio::test]
async fn an_operator_catches_up_the_statistics_knowing_only_where_the_table_is() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    shop.customer().await.order(&shop, &mug, 1).await;
    let (table, dynamodb) = (stack().setting("TABLE_NAME"), stack().setting("DYNAMODB_URL"));
    let (said, status) = orderctl(table, dynamodb, &["redrive", "--consumer", "stats"]).await;
    let looked_at = said.split(' ').next().and_then(|count| count.parse::<u64>().ok());
    assert!(looked_at.is_some_and(|orders| orders > 0) && said.contains("orders were looked at"), "{said}");
    // Nothing is left: what the system's own consumer was at work on at that moment was looked at
    // again.
    assert_eq!(status, Some(0), "{said}");
}

/// A table with four orders of one customer: one is no order any more, and one has lost the
/// beginning of its log. The keys and the healthy images of those two come with it.
async fn damaged() -> (OwnTable, Vec<(String, Value)>) {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    let ada = shop.customer().await;
    let table = OwnTable::create().await;
    let mut healthy = Vec::new();
    for number in 0..4 {
        let order = ada.order(&shop, &mug, 1).await;
        shop.does("confirm_order", &order).await.expect(200);
        let id = text(&order["id"]).to_owned();
        let mut image = ada.client.item(&format!("ORDER#{id}"), "ORDER").await;
        if number < 2 {
            table.put(&image).await;
            continue;
        }
        healthy.push((id, image.clone()));
        match number {
            2 => image["items"] = json!({ "S": "lost" }),
            _ => drop(image["log"]["L"].as_array_mut().expect("an order has a log").remove(0)),
        }
        table.put(&image).await;
    }
    (table, healthy)
}

#[tokio::test]
async fn an_order_that_cannot_be_read_is_named_and_stops_nobody() {
    let (table, healthy) = damaged().await;
    let dynamodb = stack().setting("DYNAMODB_URL");
    let (unreadable, short) = (&healthy[0].0, &healthy[1].0);
    let named =
        format!("order {unreadable} cannot be read: an item could not be read or written as an order: ");

    let (said, status) = orderctl(&table.name, dynamodb, &["redrive", "--consumer", "stats"]).await;
    assert!(said.contains(&named) && said.contains(&format!("not caught up: {short}")), "{said}");
    assert_eq!((status, table.count("APPLIED#stats").await), (Some(1), 2), "the other two: {said}");
    let (said, status) = orderctl(&table.name, dynamodb, &["verify"]).await;
    assert!(said.contains(&named) && said.contains("3 scopes were left out"), "{said}");
    assert!(said.ends_with("3 orders, 3 scopes; drift 0\n"), "{said}");
    assert_eq!(status, Some(1));
    let (said, status) = orderctl(&table.name, dynamodb, &["rebuild", "--projections"]).await;
    assert_eq!(said.matches(&named).count(), 1, "{said}");
    assert!(said.contains("the rows of 3 orders written"), "{said}");
    assert_eq!((status, table.count("ROW#ALL").await), (Some(1), 3), "{said}");

    // Once they are mended, all is as it would have been.
    for (_, image) in &healthy {
        table.put(image).await;
    }
    let (said, status) = orderctl(&table.name, dynamodb, &["rebuild", "--projections"]).await;
    assert_eq!((status, table.count("APPLIED#stats").await), (Some(0), 4), "{said}");
    let (said, status) = orderctl(&table.name, dynamodb, &["verify"]).await;
    assert_eq!((said.as_str(), status), ("4 orders, 3 scopes; drift 0\n", Some(0)));
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let table = OwnTable::create().await;
    let proxy = Proxy::before(stack().setting("DYNAMODB_URL")).await;
    let kind = "com.amazon.coral.service#AccessDeniedException";
    let message = "User: arn:aws:iam::1:user/ops is not authorized to perform: dynamodb:Scan";
    proxy.play(Arc::new(move |operation, _| {
        (operation == "Scan").then(|| (400, json!({ "__type": kind, "Message": message })))
    }));
    for arguments in [&["verify"][..], &["rebuild"], &["redrive", "--consumer", "stats"]] {
        let (said, status) = orderctl(&table.name, &proxy.url, arguments).await;
        assert!(said.contains("AccessDeniedException") && said.contains(message), "{arguments:?}: {said}");
        assert_eq!(status, Some(2));
    }
}

//! The operator's command line, against the running system.

use oms_tests::{Shop, stack};
use std::process::Stdio;
use tokio::process::Command;

#[tokio::test]
async fn an_operator_catches_up_the_statistics_knowing_only_where_the_table_is() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 10).await;
    shop.customer().await.order(&shop, &mug, 1).await;
    let test = std::env::current_exe().expect("a test has a path");
    let target = test.ancestors().nth(2).expect("tests are in target/debug/deps");
    let done = Command::new(target.join("orderctl"))
        .args(["redrive", "--consumer", "stats"])
        .env_clear()
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "local")
        .env("AWS_SECRET_ACCESS_KEY", "local")
        .env("AWS_ENDPOINT_URL_DYNAMODB", stack().setting("DYNAMODB_URL"))
        .env("TABLE_NAME", stack().setting("TABLE_NAME"))
        .stdin(Stdio::null())
        .output()
        .await
        .expect("orderctl starts");
    let said = String::from_utf8_lossy(&done.stdout);
    let looked_at = said.split(' ').next().and_then(|count| count.parse::<u64>().ok());
    assert!(looked_at.is_some_and(|orders| orders > 0) && said.contains("orders were looked at"), "{said}");
    // Nothing is left: what the system's own consumer was at work on at that moment was looked at again.
    assert!(done.status.success(), "{said}");
}

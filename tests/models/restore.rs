//! A table that was lost: what a backup brings back, and what an operator does then.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Config;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::types::TimeToLiveSpecification;
use futures::stream::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use oms_domain::Order;
use oms_harness::{Harness, OrderGenerator};
use oms_runtime::sdk;
use oms_workspace::console::say;
use oms_workspace::report::Fault;
use oms_workspace::scratch::Scratch;
use oms_workspace::tokens::User;
use orderctl::redrive::{self, Consumer};
use orderctl::reinstate::{self, Reinstate};
use orderctl::verify;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How many orders there are when the table is backed up; in `RESTORED_ORDERS` of the environment,
/// for a rehearsal by hand, another number.
const ORDERS: u64 = 1_000;
/// How many of a hundred have been counted by then.
const COUNTED: usize = 95;
/// How many come afterwards, and are lost.
const LOST: u64 = 20;
/// How many are counted at once.
const BATCH: usize = 100;
const AT_ONCE: usize = 8;
/// How long the emulated table may take to change.
const PATIENCE: Duration = Duration::from_secs(60);

fn generator() -> OrderGenerator {
    let since: Timestamp = "2026-10-24T20:00:00Z".parse().expect("a time");
    OrderGenerator::new(500, 20, since, SignedDuration::from_mins(1))
}

async fn save(harness: &Harness, orders: &[Order]) -> Result<(), Fault> {
    let saves = orders.iter().map(|order| harness.save(None, order));
    futures::stream::iter(saves).buffer_unordered(AT_ONCE).try_collect().await
}

/// AWS restores the items and the indexes, and nothing else. (The harness has no stream from the
/// beginning.)
async fn as_aws_restores_it(client: &Client, table: &str) -> Result<(), Fault> {
    let patience = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).build();
    let patient = Config::builder().timeout_config(patience);
    let nothing = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(false).build()?;
    let update = client.update_time_to_live().table_name(table).time_to_live_specification(nothing);
    update.customize().config_override(patient).send().await?;
    Ok(())
}

/// What a reader sees of all orders.
async fn seen(harness: &Harness) -> Result<Vec<Value>, Fault> {
    let staff = harness.token(&User::new("staff", Some("staff")))?;
    let mut seen = Vec::new();
    for path in ["/api/orders/order_stats/", "/api/orders/?page_size=100", "/api/orders/?status=shipped"] {
        let answer = harness.get(&staff, path).await?;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        seen.push(answer.body);
    }
    Ok(seen)
}

#[tokio::test]
async fn a_lost_table_is_restored_and_serves_again_with_every_order_counted() -> Result<(), Fault> {
    let generator = generator();
    let count = std::env::var("RESTORED_ORDERS").map_or(Ok(ORDERS), |count| count.parse())?;
    let orders: Vec<Order> =
        (0..count + LOST).map(|number| generator.order(number)).collect::<Result<_, _>>()?;
    let (kept, lost) = orders.split_at(usize::try_from(count)?);
    let scratch = Scratch::new()?;
    let backup = scratch.path().join("backup.db");
    let before = Harness::set_up()?;
    save(&before, kept).await?;
    for batch in kept[..kept.len() * COUNTED / 100].chunks(BATCH) {
        before.apply(batch.to_vec()).await?;
    }
    before.back_up(&backup)?;
    // What comes after the backup is lost with the table; what it would show is what is expected.
    save(&before, lost).await?;
    drop(before);

    let began = Instant::now();
    let harness = Harness::restored(backup)?;
    let config = harness.app.config();
    let (client, table) = (sdk::dynamodb(config), &config.table_name);
    as_aws_restores_it(&client, table).await?;
    // The API answers at once: an order is one item.
    let one = &kept[17];
    assert_eq!(harness.app.table().order(one.id).await?.as_ref(), Some(one));
    assert!(harness.app.table().order(lost[0].id).await?.is_none());
    let restored = began.elapsed();

    let wanted = Reinstate { tags: vec![("project".into(), "orders".into())], protect: true };
    let said = reinstate::run(config, &wanted).await?;
    for mended in
        ["the stream was off: it is on now", "items do now", "it is protected now", "it has its tags"]
    {
        assert!(said.text.contains(mended), "{}", said.text);
    }
    assert!(said.text.contains("TableStreamArn=arn:aws:dynamodb:"), "{}", said.text);
    let again = reinstate::run(config, &Reinstate::default()).await?;
    assert!(again.text.starts_with("the stream is on\nitems expire\n"), "{}", again.text);
    let reinstated = began.elapsed();

    let found = verify::run(&harness.app, None).await?;
    assert!(found.is_well, "what had been counted adds up: {}", found.text);
    let caught_up = redrive::run(&harness.app, Some(Consumer::Stats), true).await?;
    assert!(caught_up.is_well, "{}", caught_up.text);
    let redriven = began.elapsed();
    let found = verify::run(&harness.app, None).await?;
    assert!(found.is_well && found.text.ends_with("drift 0"), "{}", found.text);
    say(format!(
        "{count} orders: open after {restored:?}, reinstated after {reinstated:?}, counted after {redriven:?}, proved after {:?}",
        began.elapsed()
    ));

    // As if nothing had happened but the last minutes.
    let [stats, newest, shipped] = &seen(&harness).await?[..] else { panic!("three answers") };
    assert_eq!(stats["total_orders"], json!(count));
    assert_eq!(newest["count"], json!(count));
    let ids: Vec<&Value> =
        newest["results"].as_array().expect("a list").iter().map(|order| &order["id"]).collect();
    let expected: Vec<Value> = kept.iter().rev().take(100).map(|order| json!(order.id)).collect();
    assert!(ids.iter().copied().eq(&expected), "the newest first: {ids:?}");
    let of_status = kept.iter().filter(|order| order.status.as_str() == "shipped").count();
    assert_eq!(shipped["count"], json!(of_status));
    Ok(())
}

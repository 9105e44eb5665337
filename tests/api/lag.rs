//! How long it takes from a change's answer until the statistics have counted it, consumer, stream
//! and poller included: `cargo test -p oms-tests --test api -- lag --nocapture` prints it.

use oms_tests::shop::text;
use oms_tests::{Client, Shop};
use serde_json::json;
use std::time::{Duration, Instant};

const CHANGES: usize = 20;
/// How often it is looked, so the error of what is measured.
const EVERY: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_lag_of_every_change_has_an_end() {
    let shop = Shop::open().await;
    let mug = shop.sells("Mug", 100).await;
    let ada = shop.customer().await;
    let table = Client::stranger();
    let mut lags = Vec::new();
    for _ in 0..CHANGES {
        let order = ada.order(&shop, &mug, 1).await;
        let answered = Instant::now();
        let pk = format!("ORDER#{}", text(&order["id"]));
        while table.item(&pk, "APPLIED#stats").await["version"]["N"] != json!("1") {
            assert!(answered.elapsed() < PATIENCE, "{pk} was never counted");
            tokio::time::sleep(EVERY).await;
        }
        lags.push(answered.elapsed().as_millis());
    }
    lags.sort_unstable();
    let (median, most) = (lags[CHANGES / 2], lags[CHANGES - 1]);
    eprintln!("counted after {median} ms in the middle, {most} ms at most, of {CHANGES} changes");
}

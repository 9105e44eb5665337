//! Catches up what a consumer of the stream has missed, from the orders themselves: a record that was
//! set aside, or lost, holds nothing that the order does not.

use crate::report::Report;
use crate::stand::Fault;
use clap::ValueEnum;
use notification_publisher::Publisher;
use oms_core::app::App;
use oms_core::metrics::Metrics;
use oms_core::stream::Arrived;
use oms_domain::Order;

/// How many orders a consumer is handed at once.
const BATCH: usize = 25;

/// A consumer of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Consumer {
    /// Keeps the statistics.
    Stats,
    /// Tells users and subscribers.
    Publisher,
}

/// Hands all orders to the consumers, which skip what they have applied.
///
/// # Errors
/// Where the table cannot be read, or a setting is missing.
pub async fn run(app: &App, consumer: Option<Consumer>) -> Result<Report, Fault> {
    let mut left = Vec::new();
    let mut orders = 0;
    let wants = |one: Consumer| consumer.is_none_or(|consumer| consumer == one);
    let publisher = if wants(Consumer::Publisher) {
        Some(Publisher::new(app.clone(), Metrics::start("orderctl")?)?)
    } else {
        None
    };
    let mut after = None;
    loop {
        let (page, next) = app.table().scan_orders(after).await?;
        orders += page.len();
        for batch in page.chunks(BATCH) {
            if wants(Consumer::Stats) {
                left.extend(stats_aggregator::keep(app, None, arrived(batch)).await);
            }
            if let Some(publisher) = &publisher {
                left.extend(notification_publisher::tell_all(publisher, arrived(batch)).await);
            }
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    let mut text = format!("{orders} orders were looked at");
    left.sort();
    left.dedup();
    for order in &left {
        text.push_str(&format!("\nnot caught up: {order}"));
    }
    Ok(Report { text, is_well: left.is_empty() })
}

fn arrived(orders: &[Order]) -> Vec<Arrived> {
    let orders = orders.iter().cloned();
    orders.map(|order| Arrived { records: vec![order.id.to_string()], order }).collect()
}

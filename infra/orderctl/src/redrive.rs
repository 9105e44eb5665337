//! Catches up what a consumer of the stream has missed, from the orders themselves: a record that
//! was set aside, or lost, holds nothing that the order does not.

use clap::ValueEnum;
use oms_core::app::App;
use oms_core::events::counting;
use oms_core::events::publishing::{self, Publisher};
use oms_core::events::stream::OrderImage;
use oms_domain::{Order, OrderId};
use oms_runtime::metrics::Metrics;
use oms_workspace::report::{Fault, Report};
use std::time::Duration;

/// How many orders a consumer is handed at once.
const BATCH: usize = 25;
/// How often those are looked at again that could not be applied.
const LOOKS_AGAIN: u32 = 5;
const PAUSE: Duration = Duration::from_millis(500);

/// A consumer of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Consumer {
    /// Keeps the statistics.
    Stats,
    /// Tells users and subscribers.
    Publisher,
}

/// Hands all orders to the consumers, which skip what they have applied. What the stream's own
/// consumer was at work on at the same moment is looked at again.
///
/// # Errors
/// Where the table cannot be read, or a setting is missing.
pub async fn run(app: &App, consumer: Option<Consumer>) -> Result<Report, Fault> {
    let consumers = Consumers::new(app, consumer)?;
    let mut left = Vec::new();
    let mut unreadable = Vec::new();
    let mut orders = 0;
    let mut after = None;
    loop {
        let page = app.table().scan_orders(after).await?;
        orders += page.orders.len();
        unreadable.extend(page.unreadable);
        left.extend(consumers.catch_up(app, &page.orders).await);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    for _ in 0..LOOKS_AGAIN {
        left.sort();
        left.dedup();
        if left.is_empty() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        let ids: Vec<OrderId> = left.iter().filter_map(|id| id.parse().ok()).collect();
        left = Vec::new();
        for ids in ids.chunks(BATCH) {
            let orders = app.table().orders(ids.iter().copied()).await?;
            left.extend(consumers.catch_up(app, &orders).await);
            // One that was deleted meanwhile is left to the next run.
            let is_gone = |id: &&OrderId| orders.iter().all(|order| order.id != **id);
            left.extend(ids.iter().filter(is_gone).map(OrderId::to_string));
        }
    }
    let mut text = format!("{orders} orders were looked at");
    for order in &unreadable {
        text.push_str(&format!("\n{order}"));
    }
    for order in &left {
        text.push_str(&format!("\nnot caught up: {order}"));
    }
    Ok(Report { text, is_well: left.is_empty() && unreadable.is_empty() })
}

/// The consumers that are caught up.
struct Consumers {
    stats: bool,
    publisher: Option<Publisher>,
}

impl Consumers {
    fn new(app: &App, wanted: Option<Consumer>) -> Result<Self, Fault> {
        let wants = |one: Consumer| wanted.is_none_or(|wanted| wanted == one);
        let publisher = if wants(Consumer::Publisher) {
            Some(Publisher::new(app.clone(), Metrics::start("orderctl")?)?)
        } else {
            None
        };
        Ok(Self { stats: wants(Consumer::Stats), publisher })
    }

    /// Hands them some orders; the ids of those that they could not apply.
    async fn catch_up(&self, app: &App, orders: &[Order]) -> Vec<String> {
        let mut left = Vec::new();
        for batch in orders.chunks(BATCH) {
            if self.stats {
                left.extend(counting::apply(app, None, arrived(batch)).await);
            }
            if let Some(publisher) = &self.publisher {
                left.extend(publishing::tell_all(publisher, arrived(batch)).await);
                left.extend(publishing::watch_again(publisher, batch).await);
            }
        }
        left
    }
}

fn arrived(orders: &[Order]) -> Vec<OrderImage> {
    let orders = orders.iter().cloned();
    orders.map(|order| OrderImage { records: vec![order.id.to_string()], order }).collect()
}

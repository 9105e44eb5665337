//! Catches up what a consumer of the stream has missed, from the orders themselves: a record that
//! was set aside, or lost, holds nothing that the order does not. Of all orders, or of those that
//! the failure queue names.

use crate::environment::Environment;
use crate::progress::Progress;
use clap::{Args, ValueEnum};
use futures::TryStreamExt;
use oms_core::app::App;
use oms_core::events::catching_up;
use oms_core::events::failures::{FailedRecord, Failure, FailureQueue};
use oms_core::events::publishing::{self, Publisher};
use oms_core::events::stream::OrderImage;
use oms_domain::{Order, OrderId};
use oms_runtime::logging::chain;
use oms_runtime::metrics::Metrics;
use oms_workspace::report::{Fault, Report};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

/// How many orders a consumer is handed at once.
const BATCH: usize = 25;
/// How often those are looked at again that could not be applied.
const LOOKS_AGAIN: u32 = 5;
const PAUSE: Duration = Duration::from_millis(500);
/// How many messages of the failure queue one run takes out at most.
const MESSAGES: usize = 10_000;

/// A consumer of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Consumer {
    /// Keeps the statistics.
    Stats,
    /// Tells users and subscribers.
    Publisher,
}

/// Whom to catch up, and with what.
#[derive(Args, Clone, Copy, Debug)]
pub struct Redrive {
    /// Only the orders that the failure queue (FAILURE_QUEUE_URL) names, each to the consumer that
    /// set it aside; messages of what is applied now are taken out
    #[arg(long, conflicts_with = "consumer")]
    failures: bool,
    /// Whom to catch up; both where it is left out
    #[arg(long, value_enum)]
    consumer: Option<Consumer>,
    /// The table was restored: what its old stream had under way at that moment is ended here
    #[arg(long, conflicts_with = "failures")]
    restored: bool,
}

impl Redrive {
    /// Does what was asked, of a deployment.
    ///
    /// # Errors
    /// As [`run`] and [`run_failures`], and where settings are missing.
    pub async fn run(self, environment: &Environment) -> Result<Report, Fault> {
        let app = environment.app().await?;
        if self.failures { run_failures(&app).await } else { run(&app, self.consumer, self.restored).await }
    }
}

/// Hands all orders to the consumers, which skip what they have applied. What the stream's own
/// consumer was at work on at the same moment is looked at again.
///
/// # Errors
/// Where the table cannot be read, or a setting is missing.
pub async fn run(app: &App, consumer: Option<Consumer>, is_restored: bool) -> Result<Report, Fault> {
    let mut consumers = Consumers::new(app, consumer, is_restored)?;
    let mut left = Vec::new();
    let mut unreadable = Vec::new();
    let mut orders = 0;
    let progress = Progress::of_orders("orders looked at", app).await;
    let mut pages = app.all_orders();
    while let Some(page) = pages.try_next().await? {
        orders += page.orders.len();
        progress.tell(orders as u64);
        unreadable.extend(page.unreadable);
        left.extend(consumers.catch_up(app, &page.orders).await);
    }
    left.extend(consumers.end(app).await);
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
        left.extend(consumers.end(app).await);
    }
    let mut text = format!("{orders} orders were looked at");
    for order in &unreadable {
        text.push_str(&format!("\n{order}"));
    }
    for order in &left {
        text.push_str(&format!("\nnot caught up: {order}"));
    }
    let report = Report::new(text, left.is_empty() && unreadable.is_empty());
    Ok(report.with("orders", orders).with("not_caught_up", left))
}

/// Hands the orders that the failure queue names to the consumers that have set them aside, and
/// takes out the messages of those that are applied now. For records that Lambda has given up
/// itself, of which it names no order, all orders are looked at.
///
/// # Errors
/// Where the queue or the table cannot be read, or a setting is missing.
pub async fn run_failures(app: &App) -> Result<Report, Fault> {
    let queue = FailureQueue::from_config(app.config(), "orderctl")?;
    let mut messages = Vec::new();
    while messages.len() < MESSAGES {
        let received = queue.receive().await?;
        if received.is_empty() {
            break;
        }
        messages.extend(received);
    }
    let has_ranges = messages.iter().any(|message| message.failure == Failure::Range);
    let all = if has_ranges { Some(run(app, None, false).await?) } else { None };
    let mut mended = 0;
    let mut left = String::new();
    let mut consumers = BTreeMap::new();
    for message in &messages {
        let is_mended = match &message.failure {
            Failure::Record(record) => match catch_up_with(app, record, &mut consumers).await {
                Ok(()) => true,
                Err(why) => {
                    let keys = &record.keys;
                    left.push_str(&format!("\nnot caught up: {keys} of {}: {why}", record.consumer));
                    false
                }
            },
            Failure::Range => all.as_ref().is_some_and(|report| report.is_well),
            Failure::Unknown => {
                left.push_str("\na message is none of a failure, and stays in the queue");
                false
            }
        };
        queue.put_away(message, is_mended).await?;
        mended += usize::from(is_mended);
    }
    let mut text = format!("{mended} of {} messages are mended", messages.len());
    text.extend(all.into_iter().map(|report| format!("\n{}", report.text)));
    text.push_str(&left);
    let report = Report::new(text, mended == messages.len());
    Ok(report.with("messages", messages.len()).with("mended", mended))
}

/// Hands the order of one record to its consumer, of those that are at work by their names; why
/// that could not apply it.
async fn catch_up_with(
    app: &App,
    record: &FailedRecord,
    at_work: &mut BTreeMap<String, Consumers>,
) -> Result<(), String> {
    let id = record.order().ok_or("it is of no order")?;
    let consumers = match at_work.entry(record.consumer.clone()) {
        Entry::Occupied(at_work) => at_work.into_mut(),
        Entry::Vacant(place) => {
            let consumer = Consumer::from_str(&record.consumer, false)?;
            let new = Consumers::new(app, Some(consumer), false);
            place.insert(new.map_err(|error| chain(error.as_ref()))?)
        }
    };
    for _ in 0..LOOKS_AGAIN {
        let orders = app.table().orders_and_tombstones([id]).await.map_err(|error| chain(&error))?;
        let left = consumers.catch_up(app, &orders).await;
        if consumers.end(app).await.is_empty() && left.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err("the consumer still cannot apply it".to_owned())
}

/// The consumers that are caught up.
struct Consumers {
    stats: Option<catching_up::Run>,
    publisher: Option<Publisher>,
}

impl Consumers {
    fn new(app: &App, wanted: Option<Consumer>, is_restored: bool) -> Result<Self, Fault> {
        let wants = |one: Consumer| wanted.is_none_or(|wanted| wanted == one);
        let publisher = if wants(Consumer::Publisher) {
            Some(Publisher::new(app.clone(), Metrics::start("orderctl", None)?)?)
        } else {
            None
        };
        Ok(Self { stats: wants(Consumer::Stats).then(|| catching_up::Run::new(is_restored)), publisher })
    }

    /// Ends what the stream of a restored table had under way of the orders that were looked at.
    async fn end(&mut self, app: &App) -> Vec<String> {
        match &mut self.stats {
            Some(run) => run.end(app).await,
            None => Vec::new(),
        }
    }

    /// Hands them some orders; the ids of those that they could not apply.
    async fn catch_up(&mut self, app: &App, orders: &[Order]) -> Vec<String> {
        let mut left = Vec::new();
        for batch in orders.chunks(BATCH) {
            if let Some(run) = &mut self.stats {
                left.extend(run.catch_up(app, batch).await);
            }
            if let Some(publisher) = &self.publisher {
                left.extend(publishing::tell_all(publisher, arrived(batch)).await.into_records());
                left.extend(publishing::watch_again(publisher, batch).await);
            }
        }
        left
    }
}

fn arrived(orders: &[Order]) -> Vec<OrderImage> {
    let image = |order: &Order| {
        let records = vec![order.id.to_string()];
        OrderImage { records, ..OrderImage::new(order.clone(), order.version.to_string()) }
    };
    orders.iter().map(image).collect()
}

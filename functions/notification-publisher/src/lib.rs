//! Tells users and subscribers what happened to orders, and the worker what there is to do, from the
//! table's stream.
//!
//! At least once, with ids that a repeat makes again: the notification is written and the event
//! published before the order's watermark moves, so that nothing is lost where it dies in between.

use aws_lambda_events::event::dynamodb::Event as StreamEvent;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use futures::StreamExt;
use jiff::Timestamp;
use oms_core::app::App;
use oms_core::events::queue::{Job, Queue, QueueError};
use oms_core::events::stream::{
    Batch, BulkUpdateAsked, ChangedHands, OrderImage, UnappliedOrder, partial_batch_failure,
};
use oms_core::events::topic::{Bus, Event, PublishError};
use oms_domain::order_events::{OrderEvent, notices};
use oms_domain::{Change, Order};
use oms_runtime::deadline;
use oms_runtime::logging::chain;
use oms_runtime::metrics::Metrics;
use oms_table::TableError;
use oms_table::notifications::News;
use oms_table::orders::watermarks::WatermarkAdvance;
use std::error::Error;
use std::time::{Duration, Instant};

/// The consumer's name in its watermarks.
pub const CONSUMER: &str = "publisher";
/// How many orders are told of at the same time. The events of one order go out in their order.
const AT_ONCE: usize = 8;

/// How long the topic is waited for about one event, if the invocation has the time.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long the first wait is; each one is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The function's connections and figures.
#[derive(Clone, Debug)]
pub struct Publisher {
    app: App,
    bus: Bus,
    queue: Queue,
    metrics: Metrics,
}

impl Publisher {
    /// Takes the topic and the queue from the settings.
    ///
    /// # Errors
    /// [`oms_core::events::topic::NoTopic`], [`oms_core::events::queue::NoQueue`].
    pub fn new(app: App, metrics: Metrics) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let bus = app.bus()?.clone();
        let queue = Queue::from_config(app.config())?;
        Ok(Self { app, bus, queue, metrics })
    }
}

/// Why an order's changes were not all told.
#[derive(Debug, thiserror::Error)]
enum Untold {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Publish(#[from] PublishError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Tells what a batch of records changed.
pub async fn consume(publisher: &Publisher, event: StreamEvent) -> DynamoDbEventResponse {
    let batch = Batch::read(event);
    let oldest = batch.oldest;
    let answer = tell_batch(publisher, batch).await;
    publisher.metrics.end(oldest, publisher.app.now(), std::io::stdout());
    answer
}

async fn tell_batch(publisher: &Publisher, batch: Batch) -> DynamoDbEventResponse {
    let Batch { arrived, bulk_updates, stores, unreadable: mut failed, .. } = batch;
    let (not_started, not_ended, untold) = futures::join!(
        start_all(publisher, bulk_updates),
        end_all(publisher, stores),
        tell_all(publisher, arrived)
    );
    failed.extend(not_started);
    failed.extend(not_ended);
    failed.extend(untold);
    partial_batch_failure(failed)
}

/// Puts bulk updates on the queue. The records of those that it did not take come back.
async fn start_all(publisher: &Publisher, bulk_updates: Vec<BulkUpdateAsked>) -> Vec<String> {
    let started = futures::stream::iter(bulk_updates).map(|asked| async move {
        let BulkUpdateAsked { id, held_until, record } = asked;
        let held = held_until.map(|until| until.duration_since(publisher.app.now()));
        let delay = held.and_then(|held| Duration::try_from(held).ok()).unwrap_or_default();
        let sent = publisher.queue.send(Job::StartBulkUpdate { id }, delay).await;
        sent.map_err(|error| {
            tracing::error!(%id, error = chain(&error), "could not start a bulk update");
            record
        })
    });
    let started = started.buffer_unordered(AT_ONCE).filter_map(|sent| std::future::ready(sent.err()));
    started.collect().await
}

/// Ends the subscriptions of stores that have changed hands. The records of those that could not be ended
/// come back.
async fn end_all(publisher: &Publisher, stores: Vec<ChangedHands>) -> Vec<String> {
    let mut failed = Vec::new();
    for ChangedHands { store, at, record } in stores {
        match publisher.app.end_subscriptions_of(store, at).await {
            Ok(ended) => tracing::info!(%store, ended, "a store has changed hands: its subscriptions end"),
            Err(error) => {
                tracing::error!(%store, error = chain(&error), "could not end the subscriptions of a store");
                failed.push(record);
            }
        }
    }
    failed
}

/// Tells what is new about some orders. The records of those that could not be told come back.
pub async fn tell_all(publisher: &Publisher, arrived: Vec<OrderImage>) -> Vec<String> {
    let all: Vec<String> = arrived.iter().flat_map(|one| one.records.clone()).collect();
    let fresh = match publisher.app.fresh(CONSUMER, arrived).await {
        Ok(fresh) => fresh,
        Err(error) => {
            tracing::error!(error = chain(&error), "could not read the watermarks");
            return all;
        }
    };
    // First, so that no money waits for a topic that is out of reach.
    let looked_after = each(fresh, async |fresh| have_settled(publisher, fresh).await).await;
    let told = each(looked_after.done, async |fresh| tell(publisher, fresh).await).await;
    looked_after.failed.into_iter().chain(told.failed).collect()
}

/// The orders that something was done about, and the records of those that it failed for.
struct Outcome {
    done: Vec<UnappliedOrder>,
    failed: Vec<String>,
}

/// Does something about each order, about [`AT_ONCE`] of them at the same time.
async fn each(
    fresh: Vec<UnappliedOrder>,
    work: impl AsyncFn(&UnappliedOrder) -> Result<(), Untold>,
) -> Outcome {
    let work = &work;
    let tried = futures::stream::iter(fresh).map(|fresh| async move {
        let outcome = work(&fresh).await;
        (fresh, outcome)
    });
    let tried: Vec<(UnappliedOrder, Result<(), Untold>)> = tried.buffer_unordered(AT_ONCE).collect().await;
    let mut outcome = Outcome { done: Vec::new(), failed: Vec::new() };
    for (fresh, tried) in tried {
        match tried {
            Ok(()) => outcome.done.push(fresh),
            Err(error) => {
                let order = fresh.arrived.order.id;
                tracing::error!(%order, error = chain(&error), "could not tell");
                outcome.failed.extend(fresh.arrived.records);
            }
        }
    }
    outcome
}

/// Has what waits for a gateway, or for its money, looked after.
async fn have_settled(
    publisher: &Publisher,
    UnappliedOrder { arrived, seen }: &UnappliedOrder,
) -> Result<(), Untold> {
    let order = &arrived.order;
    if waits_since(order, *seen) {
        let delay = publisher.app.config().settle_after;
        publisher.queue.send(Job::SettlePayment { order: order.id, tries: 0 }, delay).await?;
    }
    Ok(watch_unpaid(publisher, order, order.newly_unpaid_until(*seen)).await?)
}

/// Tells every change after the watermark, then moves it.
async fn tell(publisher: &Publisher, fresh: &UnappliedOrder) -> Result<(), Untold> {
    let order = &fresh.arrived.order;
    if order.log.first().is_none_or(|first| first.version > fresh.seen + 1) {
        return Err(TableError::LogTooShort(order.id).into());
    }
    for change in order.log.iter().filter(|change| change.version > fresh.seen) {
        let then = order.as_of(change.version).ok_or(TableError::LogTooShort(order.id))?;
        for notice in notices(&then, change) {
            if let Some(news) = news(&then, change, &notice) {
                publisher.app.table().put_notification(news, publisher.app.now()).await?;
            }
            let tracking_url = publisher.app.config().tracking_url.as_deref();
            publish(publisher, &Event::new(&then, change, &notice, tracking_url)).await?;
            publisher.metrics.published();
            tracing::info!(order = %order.id, event = %notice.event_type, "published");
        }
    }
    let claim = WatermarkAdvance { order: order.id, seen: fresh.seen, to: order.version };
    match publisher.app.table().advance(CONSUMER, &claim).await {
        // Another delivery of the same records got there first, and told the same.
        Ok(()) | Err(TableError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Has an order called off at the time until when it may stay unpaid: when that is new, and when it has
/// passed although the order is still there, which only a lost message explains.
async fn watch_unpaid(
    publisher: &Publisher,
    order: &Order,
    new: Option<Timestamp>,
) -> Result<(), QueueError> {
    let now = publisher.app.now();
    let passed = order.unpaid_until().filter(|until| *until <= now);
    match new.or(passed) {
        Some(at) => publisher.queue.send_for(Job::ExpireUnpaid { order: order.id, at }, at, now).await,
        None => Ok(()),
    }
}

/// Has every one of some orders called off that may not stay unpaid for ever, as when they were placed: for
/// operators, where messages may have been lost. One that is watched already is watched twice, which does no
/// harm. The ids of those that could not be.
pub async fn watch_again(publisher: &Publisher, orders: &[Order]) -> Vec<String> {
    let mut left = Vec::new();
    for order in orders {
        if let Err(error) = watch_unpaid(publisher, order, order.unpaid_until()).await {
            tracing::error!(order = %order.id, error = chain(&error), "could not watch an unpaid order");
            left.push(order.id.to_string());
        }
    }
    left
}

/// Whether the order waits for a gateway, and a change after the version that was seen is why.
fn waits_since(order: &Order, seen: u64) -> bool {
    let mut fresh = order.log.iter().filter(|change| change.version > seen);
    order.awaits_gateway()
        && fresh.any(|change| change.changes.keys().any(|path| path.starts_with("payments.")))
}

/// Publishes an event; where the topic is out of reach, tries again for as long as the invocation may
/// wait for it. Each invocation does, and there are several for a record before it is set aside.
async fn publish(publisher: &Publisher, event: &Event) -> Result<(), PublishError> {
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let Err(error) = publisher.bus.publish(event).await else { return Ok(()) };
        if began.elapsed() + pause > PATIENCE || pause >= deadline::left() {
            return Err(error);
        }
        tracing::warn!(error = chain(&error), "the topic is out of reach, trying again");
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

/// What the order's user is told, where they are.
fn news(order: &Order, change: &Change, notice: &OrderEvent) -> Option<News> {
    Some(News {
        id: notice.id,
        user: order.user.id.clone(),
        order: order.id,
        title: notice.event_type.label().to_owned(),
        message: notice.event_type.message(order),
        kind: notice.event_type.kind()?,
        link: format!("/api/orders/{}/", order.id),
        at: change.at,
    })
}

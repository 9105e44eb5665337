//! Tells users and subscribers what happened to orders, and the worker what there is to do.
//!
//! At least once, with ids that a repeat makes again: the notification is written and the event
//! published before the order's watermark moves, so that nothing is lost where it dies in between.

use super::failures::{Failed, Unapplied};
use super::queue::{Job, Queue, QueueError};
use super::stream::{OrderImage, UnappliedOrder};
use super::topic::{Bus, Event, PublishError};
use crate::app::App;
use futures::StreamExt;
use jiff::Timestamp;
use oms_domain::order_events::{OrderEvent, notices};
use oms_domain::{Change, Order, OrderId, UserId};
use oms_runtime::deadline;
use oms_runtime::logging::chain;
use oms_runtime::metrics::Metrics;
use oms_table::TableError;
use oms_table::notifications::News;
use oms_table::orders::watermarks::WatermarkAdvance;
use std::collections::BTreeMap;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The consumer's name in its watermarks.
pub const CONSUMER: &str = "publisher";
/// How many orders are told of at the same time. The events of one order go out in their order.
pub const AT_ONCE: usize = 8;

/// After how many changes of which there was nothing to tell the watermark moves all the same: an
/// order keeps the last 64 of its log.
const UNTOLD: u64 = 16;

/// Of how many orders a process remembers what it has put on its way.
const LOOKED_AFTER: usize = 10_000;

/// How long the topic is waited for about one event, if the invocation has the time.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long the first wait is; each one is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The function's connections and figures.
#[derive(Clone, Debug)]
pub struct Publisher {
    /// Its settings and connections.
    pub app: App,
    bus: Bus,
    /// The worker's queue.
    pub queue: Queue,
    /// What it has published.
    pub metrics: Metrics,
    /// Up to which version of an order this process has put on its way what is to be looked after:
    /// records that come again each minute while the topic is away start nothing twice.
    looked_after: Arc<Mutex<BTreeMap<OrderId, u64>>>,
}

impl Publisher {
    /// Takes the topic and the queue from the settings.
    ///
    /// # Errors
    /// [`NoTopic`](super::topic::NoTopic), [`NoQueue`](super::queue::NoQueue).
    pub fn new(app: App, metrics: Metrics) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let bus = app.bus()?.clone();
        let queue = Queue::from_config(app.config())?;
        Ok(Self { app, bus, queue, metrics, looked_after: Arc::default() })
    }

    fn looked_after(&self) -> MutexGuard<'_, BTreeMap<OrderId, u64>> {
        self.looked_after.lock().unwrap_or_else(PoisonError::into_inner)
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

impl Untold {
    /// Whether it would be the same each time.
    const fn is_lasting(&self) -> bool {
        match self {
            Self::Table(error) => error.is_lasting(),
            Self::Publish(error) => error.is_lasting(),
            Self::Queue(_) => false,
        }
    }
}

/// Tells what is new about some orders; what it could not tell.
pub async fn tell_all(publisher: &Publisher, arrived: Vec<OrderImage>) -> Unapplied {
    let mut unapplied = Unapplied::default();
    let fresh = match publisher.app.fresh(CONSUMER, arrived).await {
        Ok(fresh) => fresh,
        Err(Failed { error, left }) => {
            tracing::error!(error = chain(&error), "could not read the watermarks");
            unapplied.deliver_again(left);
            return unapplied;
        }
    };
    // First, so that no money waits for a topic that is out of reach.
    let settled = each(fresh, &mut unapplied, async |fresh| have_settled(publisher, fresh).await).await;
    each(settled, &mut unapplied, async |fresh| tell(publisher, fresh).await).await;
    unapplied
}

/// Does something about each order, for [`AT_ONCE`] users at the same time: what is told to one
/// goes through the one inbox, in sequence. The orders that it was done about.
async fn each(
    fresh: Vec<UnappliedOrder>,
    unapplied: &mut Unapplied,
    work: impl AsyncFn(&UnappliedOrder) -> Result<(), Untold>,
) -> Vec<UnappliedOrder> {
    let work = &work;
    let mut of_users: BTreeMap<UserId, Vec<UnappliedOrder>> = BTreeMap::new();
    for fresh in fresh {
        of_users.entry(fresh.arrived.order.user.id.clone()).or_default().push(fresh);
    }
    let tried = futures::stream::iter(of_users.into_values()).map(|orders| async move {
        let mut tried = Vec::with_capacity(orders.len());
        for fresh in orders {
            let outcome = work(&fresh).await;
            tried.push((fresh, outcome));
        }
        tried
    });
    let tried: Vec<Vec<(UnappliedOrder, Result<(), Untold>)>> =
        tried.buffer_unordered(AT_ONCE).collect().await;
    let mut done = Vec::new();
    for (fresh, tried) in tried.into_iter().flatten() {
        match tried {
            Ok(()) => done.push(fresh),
            Err(error) => {
                let order = fresh.arrived.order.id;
                tracing::error!(%order, error = chain(&error), "could not tell");
                match error.is_lasting() {
                    true => unapplied.set_aside(fresh.arrived.records, error),
                    false => unapplied.deliver_again(vec![fresh.arrived]),
                }
            }
        }
    }
    done
}

/// Has what waits for a gateway, or for its money, looked after.
async fn have_settled(
    publisher: &Publisher,
    UnappliedOrder { arrived, seen }: &UnappliedOrder,
) -> Result<(), Untold> {
    let order = &arrived.order;
    let seen = publisher.looked_after().get(&order.id).copied().unwrap_or_default().max(*seen);
    if seen >= order.version {
        return Ok(());
    }
    if waits_since(order, seen) {
        let delay = publisher.app.config().settle_after;
        publisher.queue.send(Job::SettlePayment { order: order.id, tries: 0 }, delay).await?;
    }
    watch_unpaid(publisher, order, order.newly_unpaid_until(seen)).await?;
    let mut looked_after = publisher.looked_after();
    if looked_after.len() >= LOOKED_AFTER {
        looked_after.clear();
    }
    looked_after.insert(order.id, order.version);
    Ok(())
}

/// Tells every change after the watermark, then moves it; where there was nothing to tell, there is
/// nothing that a repeat would tell again, and it stays for some changes.
async fn tell(publisher: &Publisher, fresh: &UnappliedOrder) -> Result<(), Untold> {
    let order = &fresh.arrived.order;
    if order.log.first().is_none_or(|first| first.version > fresh.seen + 1) {
        return Err(TableError::LogTooShort(order.id).into());
    }
    let mut is_told = order.version >= fresh.seen + UNTOLD;
    for change in order.log.iter().filter(|change| change.version > fresh.seen) {
        let then = order.as_of(change.version).ok_or(TableError::LogTooShort(order.id))?;
        for notice in notices(&then, change) {
            is_told = true;
            if let Some(news) = news(&then, change, &notice) {
                publisher.app.table().put_notification(news, publisher.app.now()).await?;
            }
            let tracking_url = publisher.app.config().tracking_url.as_deref();
            publish(publisher, &Event::new(&then, change, &notice, tracking_url)).await?;
            publisher.metrics.published();
            tracing::info!(order = %order.id, event = %notice.event_type, "published");
        }
    }
    if !is_told {
        return Ok(());
    }
    let claim = WatermarkAdvance { order: order.id, seen: fresh.seen, to: order.version };
    match publisher.app.table().advance(CONSUMER, &claim).await {
        // Another delivery of the same records got there first, and told the same.
        Ok(()) | Err(TableError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Has an order called off at the time until when it may stay unpaid: when that is new, and when it
/// has passed although the order is still there, which only a lost message explains.
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

/// Has every one of some orders called off that may not stay unpaid for ever, as when they were
/// placed: for operators, where messages may have been lost. One that is watched already is watched
/// twice, which does no harm. The ids of those that could not be.
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

/// Publishes an event; where the topic is out of reach, tries again for as long as the invocation
/// may wait for it. Each invocation does, for as long as the stream keeps the record.
async fn publish(publisher: &Publisher, event: &Event) -> Result<(), PublishError> {
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let Err(error) = publisher.bus.publish(event).await else { return Ok(()) };
        if error.is_lasting() || began.elapsed() + pause > PATIENCE || pause >= deadline::left() {
            return Err(error);
        }
        tracing::warn!(error = chain(&error), "the topic is out of reach, trying again");
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

/// What the order's user is told, where they are.
#[must_use]
pub fn news(order: &Order, change: &Change, notice: &OrderEvent) -> Option<News> {
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

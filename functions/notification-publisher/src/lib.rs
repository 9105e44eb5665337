//! Tells users and subscribers what happened to orders, and the worker what there is to do, from the
//! table's stream.
//!
//! At least once, with ids that a repeat makes again: the notification is written and the event
//! published before the order's watermark moves, so that nothing is lost where it dies in between.

use aws_lambda_events::event::dynamodb::Event as StreamEvent;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use futures::StreamExt;
use oms_core::app::App;
use oms_core::bus::{Bus, Event, PublishError};
use oms_core::http::logging::chain;
use oms_core::queue::{Job, Queue};
use oms_core::stream::{Batch, Fresh, see_again};
use oms_core::table::TableError;
use oms_core::table::notifications::Notification;
use oms_core::table::watermarks::Claim;
use oms_domain::notice::{Notice, notices};
use oms_domain::{Change, Order};
use std::error::Error;
use std::time::Duration;

/// The consumer's name in its watermarks.
pub const CONSUMER: &str = "publisher";
/// How many orders are told of at the same time. The events of one order go out in their order.
const AT_ONCE: usize = 8;

/// The function's connections.
#[derive(Clone, Debug)]
pub struct Publisher {
    app: App,
    bus: Bus,
    queue: Queue,
}

/// `TOPIC_ARN` is missing.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("TOPIC_ARN is not set: it names the SNS topic that events are published to")]
pub struct NoTopic;

impl Publisher {
    /// Takes the topic and the queue from the settings.
    ///
    /// # Errors
    /// [`NoTopic`], [`oms_core::queue::NoQueue`].
    pub fn new(app: App) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let topic = app.config().topic_arn.clone().ok_or(NoTopic)?;
        let bus = Bus::new(oms_core::sdk::sns(app.config()), topic);
        let queue = Queue::from_config(app.config())?;
        Ok(Self { app, bus, queue })
    }
}

/// Why an order's changes were not all told.
#[derive(Debug, thiserror::Error)]
enum Untold {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// Tells what a batch of records changed.
pub async fn consume(publisher: &Publisher, event: StreamEvent) -> DynamoDbEventResponse {
    let Batch { arrived, bulk_updates, unreadable: mut failed } = Batch::read(event);
    for (id, record) in bulk_updates {
        if let Err(error) = publisher.queue.send(Job::StartBulkUpdate { id }, Duration::ZERO).await {
            tracing::error!(%id, error = chain(&error), "could not start a bulk update");
            failed.push(record);
        }
    }
    let all: Vec<String> = arrived.iter().flat_map(|one| one.records.clone()).collect();
    let fresh = match publisher.app.fresh(CONSUMER, arrived).await {
        Ok(fresh) => fresh,
        Err(error) => {
            tracing::error!(error = chain(&error), "could not read the watermarks");
            return see_again(failed.into_iter().chain(all));
        }
    };
    let told = futures::stream::iter(fresh).map(|fresh| async move {
        match tell(publisher, &fresh).await {
            Ok(()) => Vec::new(),
            Err(error) => {
                let order = fresh.arrived.order.id;
                tracing::error!(%order, error = chain(&error), "could not tell");
                fresh.arrived.records
            }
        }
    });
    let untold: Vec<Vec<String>> = told.buffer_unordered(AT_ONCE).collect().await;
    see_again(failed.into_iter().chain(untold.into_iter().flatten()))
}

/// Tells every change after the watermark, then moves it.
async fn tell(publisher: &Publisher, fresh: &Fresh) -> Result<(), Untold> {
    let order = &fresh.arrived.order;
    if order.log.first().is_none_or(|first| first.version > fresh.seen + 1) {
        return Err(TableError::LogTooShort(order.id).into());
    }
    for change in order.log.iter().filter(|change| change.version > fresh.seen) {
        let then = order.as_of(change.version).ok_or(TableError::LogTooShort(order.id))?;
        for notice in notices(&then, change) {
            publisher.app.table().put_notification(&notification(&then, change, &notice)).await?;
            publisher.bus.publish(&Event::new(&then, change, &notice)).await?;
            tracing::info!(order = %order.id, event = %notice.event_type, "published");
        }
    }
    let claim = Claim { order: order.id, seen: fresh.seen, to: order.version };
    match publisher.app.table().advance(CONSUMER, &claim).await {
        // Another delivery of the same records got there first, and told the same.
        Ok(()) | Err(TableError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn notification(order: &Order, change: &Change, notice: &Notice) -> Notification {
    let (notification_type, level) = notice.event_type.kind();
    Notification {
        id: notice.id,
        user: order.user.id.clone(),
        order: order.id,
        title: notice.event_type.label().to_owned(),
        message: notice.event_type.message(order),
        notification_type,
        level,
        link: format!("/api/orders/{}/", order.id),
        is_read: false,
        created_at: change.at,
    }
}

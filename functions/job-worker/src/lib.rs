//! Works off what is on the queue.
//!
//! Any message may come twice, at the same time even, and the worker may die at any point: what has
//! been done stands in the table, and every job looks there first. A message that could not be
//! worked off is named in the answer, and comes again; one that fails again and again ends in the
//! dead-letter queue.

mod bulk_update;
mod erase_person;
mod expire_unpaid;
mod settle_payment;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::StreamExt;
use oms_core::app::App;
use oms_core::events::queue::{Job, NoQueue, Queue, QueueError};
use oms_domain::{Error, JobId, OrderId};
use oms_runtime::deadline::{self, OutOfTime};
use oms_runtime::logging::chain;
use oms_runtime::metrics::Metrics;
use oms_table::TableError;

/// From which delivery of a message on its job is to make do with what it can get, rather than ask
/// for another one: before the queue gives the message up (`maxReceiveCount` in template.yaml).
const LAST_TRY: u32 = 5;
/// How many messages are worked off at the same time: as many as come together.
const AT_ONCE: usize = 4;

/// The function's connections.
#[derive(Clone, Debug)]
pub struct Worker {
    app: App,
    queue: Queue,
    metrics: Metrics,
}

impl Worker {
    /// Takes the queue from the settings.
    ///
    /// # Errors
    /// [`NoQueue`].
    pub fn new(app: App, metrics: Metrics) -> Result<Self, NoQueue> {
        let queue = Queue::from_config(app.config())?;
        Ok(Self { app, queue, metrics })
    }
}

/// Why a message must come again.
#[derive(Debug, thiserror::Error)]
enum Unfinished {
    #[error(transparent)]
    OutOfTime(#[from] OutOfTime),
    #[error("the message is no job")]
    Unreadable(#[source] serde_json::Error),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("{0} orders could not be moved for now")]
    Orders(usize),
    #[error("a gateway's answer could not be saved")]
    Answer(#[source] Error),
    #[error("the order {0} could not be called off")]
    Unpaid(OrderId, #[source] Error),
    #[error("the erasure {0} could not be ended")]
    Erasure(JobId, #[source] Error),
    #[error("the gateway does not say how payments of the order {0} ended")]
    NoAnswer(OrderId),
}

/// Works off some messages, [`AT_ONCE`] of them side by side, so that none waits for the gateway of
/// another; the answer names those that must come again, also for want of time.
pub async fn consume(worker: &Worker, event: SqsEvent) -> SqsBatchResponse {
    let worked = futures::stream::iter(event.records).map(|message| async move {
        let worked = if deadline::is_near() { Err(OutOfTime.into()) } else { work(worker, &message).await };
        let error = worked.err()?;
        let id = message.message_id.unwrap_or_default();
        tracing::error!(message_id = %id, error = chain(&error), "a job must be tried again");
        Some(id)
    });
    let failed: Vec<Option<String>> = worked.buffer_unordered(AT_ONCE).collect().await;
    worker.metrics.end(None, worker.app.now(), std::io::stdout());
    let mut response = SqsBatchResponse::default();
    failed.into_iter().flatten().for_each(|id| response.add_failure(id));
    response
}

async fn work(worker: &Worker, message: &SqsMessage) -> Result<(), Unfinished> {
    let body = message.body.as_deref().unwrap_or_default();
    let job: Job = serde_json::from_str(body).map_err(Unfinished::Unreadable)?;
    let deliveries = message.attributes.get("ApproximateReceiveCount");
    let deliveries: u32 = deliveries.and_then(|count| count.parse().ok()).unwrap_or(1);
    match job {
        Job::StartBulkUpdate { id } => bulk_update::start(worker, id).await,
        Job::BulkUpdate { id, piece } => bulk_update::work(worker, id, piece, deliveries >= LAST_TRY).await,
        Job::ErasePerson { id, rounds } => erase_person::work(worker, id, rounds).await,
        Job::SettlePayment { order, tries } => settle_payment::work(worker, order, tries).await,
        Job::ExpireUnpaid { order, at } => expire_unpaid::work(worker, order, at).await,
    }
}

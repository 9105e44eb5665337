//! Tells users and subscribers what happened to orders, and the worker what there is to do, from
//! the table's stream ([`oms_core::events::publishing`]).

use aws_lambda_events::event::streams::DynamoDbEventResponse;
use futures::StreamExt;
use oms_core::events::failures::{FailureQueue, Unapplied};
use oms_core::events::publishing::{AT_ONCE, Publisher, tell_all};
use oms_core::events::queue::Job;
use oms_core::events::stream::{self, Batch, BulkUpdateAsked, ChangedHands, ErasureAsked, StreamEvent};
use oms_runtime::logging::chain;
use std::time::Duration;

/// Tells what a batch of records changed.
pub async fn consume(
    publisher: &Publisher,
    failures: &FailureQueue,
    event: StreamEvent,
) -> DynamoDbEventResponse {
    let tell = async |batch: Batch| {
        let oldest = batch.oldest;
        let unapplied = tell_batch(publisher, batch).await;
        publisher.metrics.end(oldest, publisher.app.now(), std::io::stdout());
        unapplied
    };
    stream::consume(failures, event, tell).await
}

async fn tell_batch(publisher: &Publisher, batch: Batch) -> Unapplied {
    let Batch { arrived, bulk_updates, erasures, stores, unreadable: mut unapplied, .. } = batch;
    let (not_started, not_erased, not_ended, untold) = futures::join!(
        start_all(publisher, bulk_updates),
        start_erasures(publisher, erasures),
        end_all(publisher, stores),
        tell_all(publisher, arrived)
    );
    unapplied.again.extend(not_started);
    unapplied.again.extend(not_erased);
    unapplied.again.extend(not_ended);
    unapplied.absorb(untold);
    unapplied
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

/// Puts erasures on the queue. The records of those that it did not take come back.
async fn start_erasures(publisher: &Publisher, erasures: Vec<ErasureAsked>) -> Vec<String> {
    let mut failed = Vec::new();
    for ErasureAsked { id, record } in erasures {
        if let Err(error) = publisher.queue.send(Job::ErasePerson { id, rounds: 0 }, Duration::ZERO).await {
            tracing::error!(%id, error = chain(&error), "could not start an erasure");
            failed.push(record);
        }
    }
    failed
}

/// Ends the subscriptions of stores that have changed hands. The records of those that could not be
/// ended come back.
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

//! Keeps the statistics: counts what the table's stream brings ([`oms_core::events::counting`]),
//! and now and then proves what was counted.

mod audit;

pub use audit::Audits;

use aws_lambda_events::event::dynamodb::TimeWindowEventResponse;
use oms_core::app::App;
use oms_core::events::counting::apply;
use oms_core::events::failures::FailureQueue;
use oms_core::events::stream::{self, Batch, StreamEvent};
use oms_runtime::deadline;
use oms_runtime::metrics::Metrics;
use std::time::Duration;

/// What an audit may take of the invocation's time.
const TO_AUDIT: Duration = Duration::from_secs(10);

/// Counts what a batch of records changed, and now and then proves the counters of one of its
/// users. The mapping has a tumbling window, for which Lambda says which shard a batch is of; the
/// window's own state stays empty, and its last event, without records, brings nothing.
pub async fn consume(
    app: &App,
    failures: &FailureQueue,
    metrics: Metrics,
    audits: &Audits,
    event: StreamEvent,
) -> TimeWindowEventResponse {
    let count = async |batch: Batch| {
        // Bulk updates count for nothing; the filter lets none through.
        let Batch { shard, arrived, oldest, unreadable: mut unapplied, .. } = batch;
        let user = arrived.first().map(|arrived| arrived.order.user.id.clone());
        unapplied.absorb(apply(app, Some(metrics), shard.as_ref(), arrived).await);
        if let Some(user) = user
            && deadline::left() > TO_AUDIT
            && let Some(drift) = audits.of(app, user).await
        {
            metrics.drift(drift);
        }
        metrics.end(oldest, app.now(), std::io::stdout());
        unapplied
    };
    let mut response = TimeWindowEventResponse::default();
    response.batch_item_failures = stream::consume(failures, event, count).await.batch_item_failures;
    response
}

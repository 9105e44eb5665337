//! Keeps the statistics: counts what the table's stream brings ([`oms_core::events::counting`]),
//! and now and then proves what was counted.

mod audit;

pub use audit::Audits;

use aws_lambda_events::event::streams::DynamoDbBatchItemFailure;
use oms_core::app::App;
use oms_core::events::counting::apply;
use oms_core::events::failures::FailureQueue;
use oms_core::events::stream::{self, Batch, StreamEvent};
use oms_runtime::deadline;
use oms_runtime::metrics::Metrics;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// What an audit may take of the invocation's time.
const TO_AUDIT: Duration = Duration::from_secs(10);

/// What Lambda is answered.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// What is to be delivered again.
    pub batch_item_failures: Vec<DynamoDbBatchItemFailure>,
    /// What the next event of the same tumbling window is to bring: nothing. Lambda wants to be
    /// told where there is a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<BTreeMap<String, String>>,
}

/// Counts what a batch of records changed, and now and then proves the counters of one of its
/// users. The mapping has a tumbling window, for which Lambda says which shard a batch is of; the
/// window's own state stays empty, and its last event, without records, brings nothing.
pub async fn consume(
    app: &App,
    failures: &FailureQueue,
    metrics: Metrics,
    audits: &Audits,
    event: StreamEvent,
) -> Response {
    let state = event.shard_id.is_some().then(BTreeMap::new);
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
    let batch_item_failures = stream::consume(failures, event, count).await.batch_item_failures;
    Response { batch_item_failures, state }
}

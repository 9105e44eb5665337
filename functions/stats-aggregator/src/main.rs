//! Keeps the statistics: folds the changes of orders from the table's stream.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use oms_core::app::{App, Fatal};
use oms_core::events::failures::FailureQueue;
use oms_core::events::stream::StreamEvent;
use oms_core::statistics::verify::STATS;
use oms_runtime::config::GatewayKeys;
use oms_runtime::invocation;
use oms_runtime::metrics::Metrics;
use stats_aggregator::Audits;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fatal> {
    let app = &App::start_consumer(GatewayKeys::NotNeeded).await?;
    let failures = &FailureQueue::from_config(app.config(), STATS)?;
    let metrics = Metrics::start("stats", app.config().stack_name.as_deref())?;
    let audits = &Audits::default();
    run(service_fn(async |event: LambdaEvent<StreamEvent>| {
        let counting = stats_aggregator::consume(app, failures, metrics, audits, event.payload);
        Ok::<_, Error>(invocation::run(&event.context, counting).await)
    }))
    .await?;
    Ok(())
}

//! Tells users and subscribers what happened to orders, from the table's stream.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use notification_publisher::consume;
use oms_core::app::{App, Fatal};
use oms_core::events::failures::FailureQueue;
use oms_core::events::publishing::{CONSUMER, Publisher};
use oms_core::events::stream::StreamEvent;
use oms_runtime::config::GatewayKeys;
use oms_runtime::invocation;
use oms_runtime::metrics::Metrics;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fatal> {
    let app = App::start_consumer(GatewayKeys::NotNeeded).await?;
    let metrics = Metrics::start("publisher", app.config().stack_name.as_deref())?;
    let publisher = &Publisher::new(app, metrics)?;
    let failures = &FailureQueue::from_config(publisher.app.config(), CONSUMER)?;
    run(service_fn(async |event: LambdaEvent<StreamEvent>| {
        let telling = consume(publisher, failures, event.payload);
        Ok::<_, Error>(invocation::run(&event.context, telling).await)
    }))
    .await?;
    Ok(())
}

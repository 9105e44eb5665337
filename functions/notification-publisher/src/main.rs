//! Tells users and subscribers what happened to orders, from the table's stream.

use aws_lambda_events::event::dynamodb::Event;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use notification_publisher::consume;
use oms_core::app::{App, Fatal};
use oms_core::events::publishing::Publisher;
use oms_runtime::config::GatewayKeys;
use oms_runtime::invocation;
use oms_runtime::metrics::Metrics;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fatal> {
    let publisher =
        &Publisher::new(App::start_consumer(GatewayKeys::NotNeeded).await?, Metrics::start("publisher")?)?;
    run(service_fn(async |event: LambdaEvent<Event>| {
        Ok::<_, Error>(invocation::run(&event.context, consume(publisher, event.payload)).await)
    }))
    .await?;
    Ok(())
}

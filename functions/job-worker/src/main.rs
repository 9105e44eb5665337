//! Works off what is on the queue.

use aws_lambda_events::event::sqs::SqsEvent;
use job_worker::{Worker, consume};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use oms_core::app::{App, Fatal};
use oms_runtime::config::GatewayKeys;
use oms_runtime::invocation;
use oms_runtime::metrics::Metrics;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fatal> {
    let app = App::start_consumer(GatewayKeys::Required).await?;
    let metrics = Metrics::start("worker", app.config().stack_name.as_deref())?;
    let worker = &Worker::new(app, metrics)?;
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        Ok::<_, Error>(invocation::run(&event.context, consume(worker, event.payload)).await)
    }))
    .await?;
    Ok(())
}

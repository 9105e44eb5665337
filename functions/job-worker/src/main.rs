//! Works off what is on the queue.

use aws_lambda_events::event::sqs::SqsEvent;
use job_worker::{Worker, consume};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use oms_core::app::{App, Fatal};
use oms_runtime::config::GatewayKeys;
use oms_runtime::invocation;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fatal> {
    let worker = &Worker::new(App::start_consumer(GatewayKeys::Required).await?)?;
    run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        Ok::<_, Error>(invocation::run(&event.context, consume(worker, event.payload)).await)
    }))
    .await?;
    Ok(())
}

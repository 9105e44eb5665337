//! The queue of jobs.

use crate::http::Client;
use crate::stack::stack;
use crate::topic::sqs;
use serde_json::{Value, json};

/// Puts a message on the queue of jobs.
pub async fn send_job(job: &Value) {
    let message = json!({ "QueueUrl": stack().setting("QUEUE_URL"), "MessageBody": job.to_string() });
    sqs(&Client::stranger(), stack().setting("SQS_URL"), "SendMessage", message).await;
}

//! Queues: the stack's queue of jobs, and those of a test's own.

use crate::http::Client;
use crate::stack::stack;
use crate::topic::sqs;
use serde_json::{Value, json};

/// Puts a message on the queue of jobs.
pub async fn send_job(job: &Value) {
    let message = json!({ "QueueUrl": stack().setting("QUEUE_URL"), "MessageBody": job.to_string() });
    asked("SendMessage", message).await;
}

async fn asked(action: &str, body: Value) -> Value {
    sqs(&Client::stranger(), stack().setting("SQS_URL"), action, body).await
}

/// A queue of a test's own.
#[derive(Debug)]
pub struct OwnQueue {
    /// Where it is.
    pub url: String,
}

impl OwnQueue {
    /// Makes one.
    ///
    /// # Panics
    /// Where SQS does not.
    pub async fn create() -> Self {
        let name = format!("test-{}", uuid::Uuid::new_v4().simple());
        let created = asked("CreateQueue", json!({ "QueueName": name })).await;
        Self { url: created["QueueUrl"].as_str().expect("a queue has a URL").to_owned() }
    }

    /// Puts a message on it.
    pub async fn send(&self, body: &Value) {
        asked("SendMessage", json!({ "QueueUrl": self.url, "MessageBody": body.to_string() })).await;
    }

    /// The bodies of the messages that can be seen, ten at most. They stay, and are seen again.
    ///
    /// # Panics
    /// Where one is no JSON.
    pub async fn look(&self) -> Vec<Value> {
        let receive = json!({ "QueueUrl": self.url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 });
        let received = asked("ReceiveMessage", receive).await;
        let messages = received["Messages"].as_array().cloned().unwrap_or_default();
        let bodies = messages.iter().map(|message| message["Body"].as_str().unwrap_or_default());
        bodies.map(|body| serde_json::from_str(body).expect("a body of JSON")).collect()
    }
}

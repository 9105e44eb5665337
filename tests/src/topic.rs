//! An SNS subscriber: a queue of a test's own on the topic.

use crate::http::Client;
use crate::stack::stack;
use oms_domain::order_events::EventType;
use serde_json::{Value, json};
use std::time::Duration;

/// How long the events of one test may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many messages SQS gives at once.
const MOST: u32 = 10;

/// A queue that is subscribed to the events of one store.
#[derive(Debug)]
pub struct Mailbox {
    client: Client,
    sqs: String,
    queue: String,
}

impl Mailbox {
    /// Subscribes to what concerns a store, as far as a subscription hears that names no events.
    ///
    /// # Panics
    /// Where the local SNS or SQS refuses.
    pub async fn of_store(store: &str) -> Self {
        Self::hearing(json!({ "store": [store], "event_type": EventType::by_default() })).await
    }

    /// Subscribes to everything that concerns a store.
    ///
    /// # Panics
    /// Where the local SNS or SQS refuses.
    pub async fn of_all(store: &str) -> Self {
        Self::hearing(json!({ "store": [store] })).await
    }

    async fn hearing(filter: Value) -> Self {
        let messaging = stack().setting("SNS_URL");
        Self::at(messaging, stack().setting("TOPIC_ARN"), &filter).await
    }

    /// Subscribes to what a topic's filter lets through, where SNS and SQS answer at one address.
    ///
    /// # Panics
    /// Where they refuse.
    pub async fn at(messaging: &str, topic: &str, filter: &Value) -> Self {
        let filter = filter.to_string();
        let client = Client::stranger();
        let name = format!("test-{}", uuid::Uuid::new_v4().simple());
        let created = sqs(&client, messaging, "CreateQueue", json!({ "QueueName": name })).await;
        let queue = created["QueueUrl"].as_str().expect("a queue has a URL").to_owned();
        let asked = json!({ "QueueUrl": queue, "AttributeNames": ["QueueArn"] });
        let attributes = sqs(&client, messaging, "GetQueueAttributes", asked).await;
        let arn = attributes["Attributes"]["QueueArn"].as_str().expect("a queue has an ARN");
        let form = [
            ("Action", "Subscribe"),
            ("Version", "2010-03-31"),
            ("TopicArn", topic),
            ("Protocol", "sqs"),
            ("Endpoint", arn),
            ("Attributes.entry.1.key", "FilterPolicy"),
            ("Attributes.entry.1.value", &filter),
        ];
        let answer = client.bare().post(messaging).form(&form).send().await;
        let answer = answer.expect("SNS answers");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
        Self { client, sqs: messaging.to_owned(), queue }
    }

    /// Waits until so many events with different ids have come; all of them, as they came.
    ///
    /// # Panics
    /// Where they do not come.
    pub async fn receive(&self, distinct: usize) -> Vec<Value> {
        self.receive_within(PATIENCE, distinct).await
    }

    /// The same, with more patience.
    ///
    /// # Panics
    /// Where they do not come in time.
    pub async fn receive_within(&self, patience: Duration, distinct: usize) -> Vec<Value> {
        let began = tokio::time::Instant::now();
        let mut events: Vec<Value> = Vec::new();
        loop {
            let ids: std::collections::HashSet<_> =
                events.iter().map(|event| event["event_id"].to_string()).collect();
            if ids.len() >= distinct {
                return events;
            }
            assert!(began.elapsed() < patience, "{} of {distinct} events came: {events:?}", ids.len());
            let asked = json!({ "QueueUrl": self.queue, "MaxNumberOfMessages": MOST, "WaitTimeSeconds": 1 });
            let received = sqs(&self.client, &self.sqs, "ReceiveMessage", asked).await;
            for message in received["Messages"].as_array().into_iter().flatten() {
                let envelope = parsed(&message["Body"]);
                events.push(parsed(&envelope["Message"]));
                let done = json!({ "QueueUrl": self.queue, "ReceiptHandle": message["ReceiptHandle"] });
                sqs(&self.client, &self.sqs, "DeleteMessage", done).await;
            }
        }
    }
}

fn parsed(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap_or_default()).unwrap_or_else(|_| panic!("{text}"))
}

pub(crate) async fn sqs(client: &Client, url: &str, action: &str, body: Value) -> Value {
    let response = client
        .bare()
        .post(url)
        .header("X-Amz-Target", format!("AmazonSQS.{action}"))
        .header("Content-Type", "application/x-amz-json-1.0")
        .body(body.to_string())
        .send()
        .await
        .expect("SQS answers");
    let text = response.text().await.expect("the answer has an end");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

//! A mapping of a queue.

use std::collections::BTreeSet;
use std::time::Instant;

use oms_workspace::console::say;
use oms_workspace::error::{Error, Result};
use oms_workspace::template::{Queue, REGION, Source};
use serde_json::{Map, Value, json};

use super::batch::failed_identifiers;
use super::invoke::{Invoker, Outcome};
use super::{filter, pause};
use crate::ministack::Messaging;

/// How long one look at a queue waits for a message, in seconds.
const WAIT_S: u64 = 1;
/// The most that one receipt gives.
const RECEIPT: usize = 10;

/// How soon a message that failed comes again, in seconds. In AWS it is the queue's visibility
/// timeout, some minutes; nobody would wait for that here.
const AGAIN_AFTER_S: u64 = 1;

/// A mapping of a queue. What fails stays in the queue and comes again; the queue's own redrive
/// policy moves it away when that has happened too often.
pub struct QueuePoller {
    messaging: Messaging,
    invoker: Invoker,
    source: Source,
    queue: Queue,
}

impl QueuePoller {
    /// Of one queue to one function.
    pub(super) fn new(messaging: Messaging, invoker: Invoker, source: Source, queue: Queue) -> Self {
        Self { messaging, invoker, source, queue }
    }

    /// Hands over what comes. Ends only with the stack: a queue that cannot be reached may come
    /// back.
    pub(super) async fn run(self) -> Error {
        let mut failures = 0;
        loop {
            match self.once().await {
                Ok(()) => failures = 0,
                Err(error) => {
                    failures += 1;
                    if failures == 1 {
                        say(format!("! {}: {error}", self.queue.name));
                    }
                    tokio::time::sleep(pause(failures)).await;
                }
            }
        }
    }

    async fn once(&self) -> Result<()> {
        let messages = self.receive().await?;
        let (wanted, unwanted): (Vec<Value>, Vec<Value>) = messages
            .into_iter()
            .partition(|record| filter::passes(&self.source.filters, &with_parsed_body(record)));
        // Lambda deletes what its filter does not let through.
        self.delete(&unwanted).await?;
        if wanted.is_empty() {
            return Ok(());
        }
        match self.invoker.invoke(&json!({ "Records": wanted })).await {
            Outcome::Answered(answer) => {
                let (done, failed) = sort(wanted, &answer, self.source.reports_item_failures);
                self.delete(&done).await?;
                self.show_again(&failed).await
            }
            Outcome::Failed(error) => {
                say(format!("! {} failed on {} messages: {error}", self.invoker.function, wanted.len()));
                self.show_again(&wanted).await
            }
            Outcome::NotReached(error) => {
                self.show_again(&wanted).await?;
                Err(Error::Setup(error))
            }
        }
    }

    /// Messages until the batch is full or its window over, as the records of an event.
    async fn receive(&self) -> Result<Vec<Value>> {
        let mut records = Vec::new();
        let began = Instant::now();
        loop {
            let request = json!({
                "QueueUrl": self.queue.url,
                "MaxNumberOfMessages": (self.source.batch_size - records.len()).min(RECEIPT),
                "WaitTimeSeconds": WAIT_S,
                "AttributeNames": ["All"],
                "MessageAttributeNames": ["All"],
            });
            let answer = self.messaging.sqs("ReceiveMessage", &request).await?;
            let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
            records.extend(messages.iter().map(|message| record_of(message, &self.queue.arn)));
            let full = records.len() >= self.source.batch_size;
            if full || records.is_empty() || began.elapsed() >= self.source.window {
                return Ok(records);
            }
        }
    }

    async fn delete(&self, records: &[Value]) -> Result<()> {
        for record in records {
            let request = json!({ "QueueUrl": self.queue.url, "ReceiptHandle": record["receiptHandle"] });
            self.messaging.sqs("DeleteMessage", &request).await?;
        }
        Ok(())
    }

    async fn show_again(&self, records: &[Value]) -> Result<()> {
        for record in records {
            let request = json!({
                "QueueUrl": self.queue.url,
                "ReceiptHandle": record["receiptHandle"],
                "VisibilityTimeout": AGAIN_AFTER_S,
            });
            self.messaging.sqs("ChangeMessageVisibility", &request).await?;
        }
        Ok(())
    }
}

/// A message as Lambda hands it over.
fn record_of(message: &Value, queue_arn: &str) -> Value {
    let attributes = message["MessageAttributes"].as_object().cloned().unwrap_or_default();
    let attributes: Map<String, Value> = attributes
        .into_iter()
        .map(|(name, attribute)| {
            let mut out =
                json!({ "dataType": attribute["DataType"], "stringListValues": [], "binaryListValues": [] });
            for (from, to) in [("StringValue", "stringValue"), ("BinaryValue", "binaryValue")] {
                if let Some(value) = attribute.get(from) {
                    out[to] = value.clone();
                }
            }
            (name, out)
        })
        .collect();
    json!({
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes").cloned().unwrap_or_else(|| json!({})),
        "messageAttributes": attributes,
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    })
}

/// Filters look into a body that is JSON.
fn with_parsed_body(record: &Value) -> Value {
    let mut record = record.clone();
    if let Some(body) = record["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok()) {
        record["body"] = body;
    }
    record
}

/// The messages that an answer does not name as failed, and those that it does.
fn sort(records: Vec<Value>, answer: &Value, reports_item_failures: bool) -> (Vec<Value>, Vec<Value>) {
    if !reports_item_failures {
        return (records, Vec::new());
    }
    let known: BTreeSet<&str> = records.iter().filter_map(|record| record["messageId"].as_str()).collect();
    let Some(failed) = failed_identifiers(answer, |id| known.contains(id)) else {
        return (Vec::new(), records);
    };
    let is_done = |record: &Value| !failed.iter().any(|id| record["messageId"] == id.as_str());
    records.into_iter().partition(is_done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_answer_names_stays_in_the_queue() {
        let records = vec![json!({"messageId": "a"}), json!({"messageId": "b"})];
        let sorted = |answer: Value, reports| sort(records.clone(), &answer, reports);
        let failing = |id: &str| json!({"batchItemFailures": [{"itemIdentifier": id}]});
        assert_eq!(sorted(failing("a"), true), (vec![records[1].clone()], vec![records[0].clone()]));
        assert_eq!(sorted(failing(""), true), (Vec::new(), records.clone()));
        assert_eq!(sorted(json!({}), true), (records.clone(), Vec::new()));
        assert_eq!(sorted(failing("a"), false), (records.clone(), Vec::new()));
    }

    #[test]
    fn a_message_becomes_a_record_of_lambda() {
        let message = json!({
            "MessageId": "1", "ReceiptHandle": "r", "Body": "{\"a\": 1}", "MD5OfBody": "m",
            "Attributes": {"ApproximateReceiveCount": "1"},
            "MessageAttributes": {"kind": {"DataType": "String", "StringValue": "x"}},
        });
        let record = record_of(&message, "arn:q");
        assert_eq!(record["messageAttributes"]["kind"]["stringValue"], "x");
        assert_eq!(record["body"], "{\"a\": 1}");
        assert_eq!(with_parsed_body(&record)["body"]["a"], 1);
    }
}

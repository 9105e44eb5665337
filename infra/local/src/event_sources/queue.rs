//! A mapping of a queue.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use oms_workspace::console::say;
use oms_workspace::error::{Error, Result};
use oms_workspace::template::{Queue, REGION, Source};
use serde_json::{Map, Value, json};

use super::batch::failed_identifiers;
use super::faults::Faults;
use super::invoke::{Invoker, Outcome};
use super::{filter, pause};
use crate::ministack::Messaging;

/// How long one look at a queue waits for a message, in seconds.
const WAIT_S: u64 = 1;
/// The most that one receipt gives.
const RECEIPT: usize = 10;

/// How soon a message that failed comes again. In AWS it is the queue's visibility timeout, some
/// minutes; nobody would wait for that here.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// A mapping of a queue. What fails stays in the queue and comes again; the queue's own redrive
/// policy moves it away when that has happened too often.
pub struct QueuePoller {
    messaging: Messaging,
    invoker: Invoker,
    source: Source,
    queue: Queue,
    faults: Option<Faults>,
}

impl QueuePoller {
    /// Of one queue to one function.
    pub(super) fn new(
        messaging: Messaging,
        invoker: Invoker,
        source: Source,
        queue: Queue,
        faults: Option<Faults>,
    ) -> Self {
        Self { messaging, invoker, source, queue, faults }
    }

    /// Hands over what comes. Ends only with the stack: a queue that cannot be reached may come
    /// back.
    pub(super) async fn run(mut self) -> Error {
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

    async fn once(&mut self) -> Result<()> {
        let messages = self.receive().await?;
        let messages = self.keep_some_back(messages).await?;
        let (wanted, unwanted): (Vec<Value>, Vec<Value>) = messages
            .into_iter()
            .partition(|record| filter::passes(&self.source.filters, &with_parsed_body(record)));
        // Lambda deletes what its filter does not let through.
        self.delete(&unwanted).await?;
        if wanted.is_empty() {
            return Ok(());
        }
        match self.invoker.invoke(json!({ "Records": wanted }).to_string()).await {
            Outcome::Answered(answer) => {
                let (done, failed) = sort(wanted, &answer, self.source.reports_item_failures);
                let (again, done): (Vec<_>, Vec<_>) =
                    done.into_iter().partition(|_| self.faults.as_mut().is_some_and(Faults::repeats));
                self.delete(&done).await?;
                self.show_again(&again, AGAIN_AFTER).await?;
                self.show_again(&failed, AGAIN_AFTER).await
            }
            Outcome::Failed(error) => {
                say(format!("! {} failed on {} messages: {error}", self.invoker.function, wanted.len()));
                self.show_again(&wanted, AGAIN_AFTER).await
            }
            Outcome::NotReached(error) => {
                self.show_again(&wanted, AGAIN_AFTER).await?;
                Err(Error::Setup(error))
            }
        }
    }

    /// Leaves out the messages that are to come late.
    async fn keep_some_back(&mut self, messages: Vec<Value>) -> Result<Vec<Value>> {
        let Some(faults) = &mut self.faults else { return Ok(messages) };
        let delays: Vec<_> = messages.iter().map(|_| faults.delay()).collect();
        let mut now = Vec::new();
        for (message, delay) in messages.into_iter().zip(delays) {
            match delay {
                Some(delay) => self.show_again(&[message], delay).await?,
                None => now.push(message),
            }
        }
        Ok(now)
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

    async fn show_again(&self, records: &[Value], after: Duration) -> Result<()> {
        for record in records {
            let request = json!({
                "QueueUrl": self.queue.url,
                "ReceiptHandle": record["receiptHandle"],
                "VisibilityTimeout": after.as_secs(),
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
    use axum::Json;
    use axum::http::HeaderMap;
    use oms_workspace::template::{Function, SourceKind};
    use std::collections::BTreeMap;
    use std::sync::{Arc, Mutex};

    /// What a queue and a function were asked to do.
    type Asked = Arc<Mutex<BTreeMap<String, usize>>>;

    /// A queue that always has a message, and a function that is content.
    async fn always_a_message(asked: Asked) -> String {
        let answer = move |headers: HeaderMap, Json(body): Json<Value>| async move {
            let action = headers.get("x-amz-target").map_or("invoke", |action| action.to_str().unwrap());
            *asked.lock().unwrap().entry(action.to_owned()).or_default() += 1;
            assert_ne!(body["Records"], json!([]));
            Json(json!({ "Messages": [{ "MessageId": "1", "ReceiptHandle": "r", "Body": "b" }] }))
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(axum::routing::post(answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    #[tokio::test]
    async fn with_faults_messages_come_late_or_again_and_without_neither() {
        for faults in [None, Some(Faults::new(3))] {
            let asked = Asked::default();
            let url = always_a_message(Arc::clone(&asked)).await;
            let queue = Queue {
                name: "q".to_owned(),
                arn: "arn:q".to_owned(),
                url: url.clone(),
                attributes: BTreeMap::new(),
            };
            let function = Function {
                id: "F".to_owned(),
                name: "f".to_owned(),
                timeout: Duration::from_secs(5),
                ..Function::default()
            };
            let source = Source {
                from: SourceKind::Queue("arn:q".to_owned()),
                batch_size: 1,
                window: Duration::ZERO,
                filters: Vec::new(),
                reports_item_failures: true,
            };
            let invoker = Invoker::new(&url, &function, 1);
            let is_faulty = faults.is_some();
            let mut poller = QueuePoller::new(Messaging::at(&url), invoker, source, queue, faults);
            for _ in 0..64 {
                poller.once().await.unwrap();
            }
            let asked = asked.lock().unwrap();
            let of = |action: &str| asked.get(action).copied().unwrap_or_default();
            let (invoked, deleted) = (of("invoke"), of("AmazonSQS.DeleteMessage"));
            assert_eq!(of("AmazonSQS.ChangeMessageVisibility"), 64 - deleted, "{asked:?}");
            assert_eq!((invoked < 64, deleted < invoked), (is_faulty, is_faulty), "{asked:?}");
        }
    }

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

//! SQS and SNS, as far as the functions use them.

use oms_local::dynamodb::Answer;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

use crate::world::Chance;

/// How often of a thousand times a service does not answer.
const AWAY_PER_MILLE: u64 = 20;

/// A message that waits, or is being worked off.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Its number.
    pub(crate) id: u64,
    /// What it says.
    pub(crate) body: String,
    /// From when on it may be received.
    pub(crate) visible: Instant,
    /// How often it has been received.
    pub(crate) received: u32,
}

/// Whether a service is away at times; shared by all.
#[derive(Clone, Debug)]
pub(crate) struct Outages {
    chance: Chance,
    is_bad_day: Arc<Mutex<bool>>,
    lost: Arc<Mutex<BTreeMap<&'static str, u64>>>,
}

impl Outages {
    /// None yet; later with numbers from a seed.
    #[must_use]
    pub(crate) fn new(chance: Chance) -> Self {
        Self { chance, is_bad_day: Arc::default(), lost: Arc::default() }
    }

    /// From now on things go wrong, or do no more.
    pub(crate) fn set(&self, is_bad_day: bool) {
        *lock(&self.is_bad_day) = is_bad_day;
    }

    /// Whether things go wrong.
    #[must_use]
    pub(crate) fn is_bad_day(&self) -> bool {
        *lock(&self.is_bad_day)
    }

    /// Whether something happens to a call that happens so often in a thousand.
    pub(crate) fn happens(&self, what: &'static str, per_mille: u64) -> bool {
        let happens = self.is_bad_day() && self.chance.per_mille(per_mille);
        if happens {
            *lock(&self.lost).entry(what).or_default() += 1;
        }
        happens
    }

    /// How often each kind of fault happened.
    #[must_use]
    pub(crate) fn happened(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.lost).clone()
    }
}

/// SQS with the queue of jobs.
#[derive(Clone, Debug)]
pub(crate) struct Queues {
    messages: Arc<Mutex<Vec<Message>>>,
    set_aside: Arc<Mutex<Vec<String>>>,
    next: Arc<Mutex<u64>>,
    /// Told when there is a message more.
    pub(crate) sent: Arc<Notify>,
    outages: Outages,
}

impl Queues {
    /// An empty queue.
    #[must_use]
    pub(crate) fn new(outages: Outages) -> Self {
        Self {
            messages: Arc::default(),
            set_aside: Arc::default(),
            next: Arc::default(),
            sent: Arc::default(),
            outages,
        }
    }

    /// What waits, and what is being worked off.
    pub(crate) fn messages(&self) -> MutexGuard<'_, Vec<Message>> {
        lock(&self.messages)
    }

    /// What consumers of the stream have set aside.
    pub(crate) fn set_aside(&self) -> Vec<String> {
        lock(&self.set_aside).clone()
    }

    /// Answers a call; nothing where the answer gets lost.
    #[must_use]
    pub(crate) fn answer(&self, operation: &str, body: &[u8]) -> Option<Answer> {
        if self.outages.happens("queue away", AWAY_PER_MILLE) {
            return Some(unavailable());
        }
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let answer = match operation {
            "SendMessage" if body["QueueUrl"].as_str().is_some_and(|url| url.contains("Failures")) => {
                lock(&self.set_aside).push(body["MessageBody"].to_string());
                json!({ "MessageId": "0", "MD5OfMessageBody": "" })
            }
            "SendMessage" => json!({ "MessageId": self.send(&body), "MD5OfMessageBody": "" }),
            "SendMessageBatch" => {
                let entries = body["Entries"].as_array().cloned().unwrap_or_default();
                let sent = entries.iter().map(|entry| {
                    json!({ "Id": entry["Id"], "MessageId": self.send(entry), "MD5OfMessageBody": "" })
                });
                json!({ "Successful": sent.collect::<Vec<_>>(), "Failed": [] })
            }
            _ => json!({}),
        };
        let is_lost = self.outages.happens("queue's answer lost", AWAY_PER_MILLE);
        (!is_lost).then(|| Answer { status: 200, body: answer.to_string() })
    }

    fn send(&self, entry: &Value) -> String {
        let delay = Duration::from_secs(entry["DelaySeconds"].as_u64().unwrap_or_default());
        let times = if self.outages.happens("message twice", AWAY_PER_MILLE) { 2 } else { 1 };
        let mut id = 0;
        for _ in 0..times {
            let mut next = lock(&self.next);
            *next += 1;
            id = *next;
            self.messages().push(Message {
                id,
                body: entry["MessageBody"].as_str().unwrap_or_default().to_owned(),
                visible: Instant::now() + delay,
                received: 0,
            });
        }
        self.sent.notify_waiters();
        id.to_string()
    }
}

/// SNS with the topic of events.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    events: Arc<Mutex<Vec<Value>>>,
    outages: Outages,
}

impl Topic {
    /// A topic that nothing was published to.
    #[must_use]
    pub(crate) fn new(outages: Outages) -> Self {
        Self { events: Arc::default(), outages }
    }

    /// What was published, in its order.
    pub(crate) fn events(&self) -> Vec<Value> {
        lock(&self.events).clone()
    }

    /// Answers a call; nothing where the answer gets lost.
    #[must_use]
    pub(crate) fn answer(&self, body: &[u8]) -> Option<Answer> {
        if self.outages.happens("topic away", AWAY_PER_MILLE) {
            return Some(unavailable());
        }
        let form: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let action = form.get("Action").map(String::as_str).unwrap_or_default();
        if action == "Publish" {
            let message = form.get("Message").map(String::as_str).unwrap_or_default();
            let by_protocol: Value = serde_json::from_str(message).unwrap_or_default();
            let event = serde_json::from_str(by_protocol["default"].as_str().unwrap_or_default());
            lock(&self.events).push(event.unwrap_or_default());
        }
        let result = format!("<MessageId>{}</MessageId>", lock(&self.events).len());
        let body = format!(
            "<{action}Response><{action}Result>{result}</{action}Result>\
             <ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></{action}Response>"
        );
        let is_lost = self.outages.happens("topic's answer lost", AWAY_PER_MILLE);
        (!is_lost).then_some(Answer { status: 200, body })
    }
}

fn unavailable() -> Answer {
    Answer { status: 503, body: String::new() }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

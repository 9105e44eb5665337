//! The failure queue of the stream's consumers: which records no retry would help.
//!
//! A retry mends what passes: a throttle, a topic out of reach. A record that fails for what it
//! holds would hold up its shard until it is a day old, so its consumer sets it aside: it tells
//! the failure queue which record it is, never what it holds, and reports it as done.

use crate::events::stream::OrderImage;
use aws_sdk_sqs::Client;
use oms_domain::OrderId;
use oms_runtime::config::Config;
use oms_runtime::logging::chain;
use oms_runtime::sdk;
use oms_table::{TableError, keys};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// What a consumer has not applied of a batch.
#[derive(Debug, Default)]
pub struct Unapplied {
    /// The sequence numbers of what is to be delivered again.
    pub again: Vec<String>,
    /// What would fail each time.
    pub poison: Vec<Poison>,
}

/// Records of one item that would fail each time, in the order of the stream.
#[derive(Debug)]
pub struct Poison {
    /// Their sequence numbers.
    pub records: Vec<String>,
    /// Why, without what the item holds.
    pub reason: String,
}

impl Unapplied {
    /// Whether all was applied.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.again.is_empty() && self.poison.is_empty()
    }

    /// The sequence numbers of all that was not applied.
    #[must_use]
    pub fn into_records(self) -> Vec<String> {
        let poison = self.poison.into_iter().flat_map(|poison| poison.records);
        self.again.into_iter().chain(poison).collect()
    }

    /// Leaves out what comes again in any case, because it follows something that is to be
    /// delivered again: an outage is not to tell of the same record at every retry.
    fn due(self, identities: &Identities) -> Self {
        let first = self.again.iter().map(|record| identities.position(record)).min();
        let comes_again = |poison: &Poison| {
            let last = identities.last(&poison.records).map(|record| identities.position(record));
            first.is_some_and(|first| last.is_some_and(|last| first < last))
        };
        let poison = self.poison.into_iter().filter(|poison| !comes_again(poison));
        Self { poison: poison.collect(), again: self.again }
    }

    /// Adds what another part of the same batch has left.
    pub fn absorb(&mut self, other: Self) {
        self.again.extend(other.again);
        self.poison.extend(other.poison);
    }

    /// Adds orders whose records are to be delivered again.
    pub fn deliver_again(&mut self, orders: Vec<OrderImage>) {
        self.again.extend(orders.into_iter().flat_map(|order| order.records));
    }

    /// Adds records that would fail each time.
    pub fn set_aside(&mut self, records: Vec<String>, reason: impl ToString) {
        self.poison.push(Poison { records, reason: reason.to_string() });
    }
}

/// What went wrong, and the orders that it was about.
#[derive(Debug)]
pub struct Failed {
    /// What went wrong.
    pub error: TableError,
    /// What was not applied for it.
    pub left: Vec<OrderImage>,
}

/// A record that was set aside: the body of a message of the failure queue, with the names that the
/// stream has for what a record is known by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRecord {
    /// Whose record it is: the name of the consumer in its watermarks.
    pub consumer: String,
    /// The record's id.
    #[serde(rename = "eventID")]
    pub event_id: String,
    /// Where it stands in its shard.
    #[serde(rename = "SequenceNumber")]
    pub sequence_number: String,
    /// The keys of its item, as the stream writes them.
    #[serde(rename = "Keys")]
    pub keys: Value,
    /// Why it could not be applied.
    pub reason: String,
}

impl FailedRecord {
    /// The order that the record is about, if it is about one.
    #[must_use]
    pub fn order(&self) -> Option<OrderId> {
        keys::order_of(self.keys["pk"]["S"].as_str()?)
    }
}

/// What the records of a batch are known by, each with its place among them.
#[derive(Debug)]
pub(super) struct Identities {
    of: HashMap<String, (usize, Identity)>,
}

/// What a record is known by, also one that is none: nothing of its images.
#[derive(Debug, Default)]
pub(super) struct Identity {
    /// Where it stands in its shard.
    pub(super) sequence: String,
    event_id: String,
    keys: Value,
}

impl Identity {
    pub(super) fn of(record: &RawValue) -> Self {
        #[derive(Deserialize)]
        struct Record {
            #[serde(rename = "eventID", default)]
            event_id: String,
            #[serde(default)]
            dynamodb: Change,
        }
        #[derive(Default, Deserialize)]
        struct Change {
            #[serde(rename = "SequenceNumber", default)]
            sequence: String,
            #[serde(rename = "Keys", default)]
            keys: Value,
        }
        let read = serde_json::from_str(record.get()).map(|Record { event_id, dynamodb }| Self {
            sequence: dynamodb.sequence,
            event_id,
            keys: dynamodb.keys,
        });
        read.unwrap_or_default()
    }
}

impl Identities {
    /// Of the records of an event, as they came.
    pub(super) fn of(records: &[Box<RawValue>]) -> Self {
        let of = records.iter().enumerate().map(|(position, record)| {
            let identity = Identity::of(record);
            (identity.sequence.clone(), (position, identity))
        });
        Self { of: of.collect() }
    }

    /// The sequence numbers of all records.
    pub(super) fn all(&self) -> Vec<String> {
        self.of.keys().cloned().collect()
    }

    fn position(&self, record: &str) -> usize {
        self.of.get(record).map_or(0, |(position, _)| *position)
    }

    /// The last one of some records of the same item.
    fn last<'a>(&self, records: &'a [String]) -> Option<&'a String> {
        records.iter().max_by_key(|record| self.position(record))
    }
}

/// What a message of the failure queue tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A record that a consumer has set aside.
    Record(FailedRecord),
    /// Records that Lambda has given up, because they had become too old: it tells in which range
    /// of a shard they were, and not of which orders.
    Range,
    /// Nothing that is known here.
    Unknown,
}

impl Failure {
    fn read(body: &str) -> Self {
        if let Ok(record) = serde_json::from_str(body) {
            return Self::Record(record);
        }
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        if body["DDBStreamBatchInfo"].is_object() { Self::Range } else { Self::Unknown }
    }
}

/// A message that has been taken out of the failure queue.
#[derive(Clone, Debug)]
pub struct Message {
    /// What it tells of.
    pub failure: Failure,
    receipt: String,
}

type Fault = Box<dyn std::error::Error + Send + Sync>;

/// How many messages one call may take out.
const RECEIPT: i32 = 10;
/// How long a message that was taken out is not seen by others, in seconds.
const HIDDEN_S: i32 = 900;
/// How long an empty queue is waited for, in seconds: SQS looks at all of its servers then.
const WAIT_S: i32 = 1;

/// The failure queue of one consumer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FailureQueue {
    client: Client,
    url: String,
    consumer: &'static str,
}

/// `FAILURE_QUEUE_URL` is missing.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("FAILURE_QUEUE_URL is not set: it names the SQS queue of records that are set aside")]
pub struct NoFailureQueue;

impl FailureQueue {
    /// The queue of the settings, for a consumer by its name in the watermarks.
    ///
    /// # Errors
    /// [`NoFailureQueue`].
    pub fn from_config(config: &Config, consumer: &'static str) -> Result<Self, NoFailureQueue> {
        let url = config.failure_queue_url.clone().ok_or(NoFailureQueue)?;
        Ok(Self { client: sdk::sqs(config), url, consumer })
    }

    /// Tells the queue of the records that would fail each time; the sequence numbers of what
    /// Lambda is to deliver again.
    pub(super) async fn take_in(&self, identities: &Identities, unapplied: Unapplied) -> Vec<String> {
        let Unapplied { mut again, poison } = unapplied.due(identities);
        for Poison { records, reason } in poison {
            let Some(last) = identities.last(&records) else { continue };
            match self.send(identities, last, &reason).await {
                Ok(()) => tracing::error!(sequence = %last, reason, "a record is set aside"),
                Err(error) => {
                    tracing::error!(error = chain(&*error), "the failure queue did not take a record");
                    again.extend(records);
                }
            }
        }
        again
    }

    /// Takes out messages, [`RECEIPT`] at most, which are not seen again for [`HIDDEN_S`] seconds.
    ///
    /// # Errors
    /// Where SQS does not answer, after the SDK's retries.
    pub async fn receive(&self) -> Result<Vec<Message>, Fault> {
        let receive = self.client.receive_message().queue_url(&self.url).max_number_of_messages(RECEIPT);
        let received = receive.visibility_timeout(HIDDEN_S).wait_time_seconds(WAIT_S).send().await?;
        let messages = received.messages().iter().map(|message| Message {
            failure: Failure::read(message.body().unwrap_or_default()),
            receipt: message.receipt_handle().unwrap_or_default().to_owned(),
        });
        Ok(messages.collect())
    }

    /// Ends a message, or has it seen again at once where what it tells of is not mended. Where
    /// that fails, as of one that was taken out so long ago that it is seen already, it is seen
    /// later.
    ///
    /// # Errors
    /// Where SQS does not end it, after the SDK's retries.
    pub async fn put_away(&self, message: &Message, is_mended: bool) -> Result<(), Fault> {
        let receipt = &message.receipt;
        if is_mended {
            self.client.delete_message().queue_url(&self.url).receipt_handle(receipt).send().await?;
        } else {
            let change = self.client.change_message_visibility().queue_url(&self.url);
            if let Err(error) = change.receipt_handle(receipt).visibility_timeout(0).send().await {
                tracing::warn!(
                    error = chain(&error),
                    "a message of the failure queue stays hidden for a while"
                );
            }
        }
        Ok(())
    }

    async fn send(&self, identities: &Identities, record: &str, reason: &str) -> Result<(), Fault> {
        let identity = identities.of.get(record).map(|(_, identity)| identity);
        let message = FailedRecord {
            consumer: self.consumer.to_owned(),
            event_id: identity.map(|identity| identity.event_id.clone()).unwrap_or_default(),
            sequence_number: record.to_owned(),
            keys: identity.map(|identity| identity.keys.clone()).unwrap_or_default(),
            reason: reason.to_owned(),
        };
        let body = serde_json::to_string(&message)?;
        self.client.send_message().queue_url(&self.url).message_body(body).send().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use serde_json::value::to_raw_value;

    fn identities() -> Identities {
        let record = |number: &str| {
            json!({
                "eventID": format!("e{number}"),
                "dynamodb": { "SequenceNumber": number, "Keys": { "pk": { "S": "ORDER#1" } } },
            })
        };
        Identities::of(&["1", "2", "3", "4"].map(|number| to_raw_value(&record(number)).unwrap()))
    }

    #[test]
    fn what_comes_again_in_any_case_is_set_aside_then() {
        let due = |again: &[&str]| {
            let mut unapplied = Unapplied::default();
            unapplied.again.extend(again.iter().map(|record| (*record).to_owned()));
            unapplied.set_aside(vec!["1".to_owned()], "a");
            unapplied.set_aside(vec!["3".to_owned(), "2".to_owned()], "b");
            let due = unapplied.due(&identities());
            due.poison.into_iter().map(|poison| poison.reason).collect::<String>()
        };
        assert_eq!((&*due(&[]), &*due(&["4"])), ("ab", "ab"));
        assert_eq!((&*due(&["2"]), &*due(&["1"])), ("a", "a"));
    }

    #[test]
    fn both_kinds_of_message_are_read_and_no_other() {
        let order: OrderId = "01890a5d-ac96-774b-bcce-b302099a0000".parse().unwrap();
        let record = FailedRecord {
            consumer: "stats".to_owned(),
            event_id: "e".to_owned(),
            sequence_number: "100".to_owned(),
            keys: json!({ "pk": { "S": format!("ORDER#{order}") }, "sk": { "S": "ORDER" } }),
            reason: "an item could not be read".to_owned(),
        };
        assert_eq!(record.order(), Some(order));
        let body = serde_json::to_string(&record).unwrap();
        assert_eq!(Failure::read(&body), Failure::Record(record));
        let range = json!({ "requestContext": {}, "DDBStreamBatchInfo": { "shardId": "s" } });
        assert_eq!(Failure::read(&range.to_string()), Failure::Range);
        assert_eq!(Failure::read("{}"), Failure::Unknown);
    }
}

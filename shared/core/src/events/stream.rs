//! What the consumers of the table's stream share: from records to orders, and from orders that
//! failed back to the records to see again.

use super::failures::{Failed, FailureQueue, Identities, Identity, Unapplied};
use crate::app::App;
use aws_lambda_events::event::dynamodb::EventRecord;
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use oms_domain::{JobId, Order, OrderId, StoreId};
use oms_runtime::deadline;
use oms_table::counters::lock::LockState;
use oms_table::counters::stream_position::{Sequence, Shard};
use oms_table::jobs::HELD_UNTIL;
use oms_table::jobs::erasures::PERSON;
use oms_table::{Item, TableError, catalog::stores, keys, orders::item, text};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

/// How long a consumer waits while nothing may be counted, if its invocation has the time. After
/// that its records come again.
const PATIENCE: SignedDuration = SignedDuration::from_secs(40);
/// What it keeps of its time, to count afterwards.
const TO_COUNT: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What Lambda hands a consumer. Its records are read one by one: so one that cannot be read is
/// none of the others' business, and no more than one is held in the many small parts that it is
/// read into, of which a record of a few megabytes may have hundreds of thousands.
#[derive(Clone, Debug, Deserialize)]
pub struct StreamEvent {
    /// The records, as the stream writes them.
    #[serde(rename = "Records", default)]
    pub records: Vec<Box<RawValue>>,
    /// The shard of the stream that they are of, which Lambda says where a mapping has a tumbling
    /// window.
    #[serde(rename = "shardId", default)]
    pub shard_id: Option<String>,
}

/// The newest image of an order in a batch, and the records that spoke of the order.
#[derive(Clone, Debug)]
pub struct OrderImage {
    /// The order, with every change up to that image.
    pub order: Order,
    /// The sequence numbers of all its records.
    pub records: Vec<String>,
    /// Which version each of them shows.
    pub versions: BTreeMap<Sequence, u64>,
}

impl OrderImage {
    /// The image of one record.
    #[must_use]
    pub fn new(order: Order, record: String) -> Self {
        let versions = BTreeMap::from([(Sequence::new(&record), order.version)]);
        Self { order, records: vec![record], versions }
    }

    /// Takes in what another record says, which comes later.
    pub fn absorb(&mut self, order: Order, record: String) {
        self.versions.insert(Sequence::new(&record), order.version);
        self.records.push(record);
        if order.version > self.order.version {
            self.order = order;
        }
    }
}

/// A store that has another owner, or none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedHands {
    /// The store.
    pub store: StoreId,
    /// When it got its new owner; none where it was deleted.
    pub at: Option<Timestamp>,
    /// The sequence number of the record that says so.
    pub record: String,
}

impl ChangedHands {
    /// What a record of a store says, where it says so.
    fn read(before: &Item, after: &Item, record: String) -> Option<Self> {
        if text(before, keys::SK) != keys::STORE || !stores::is_there(before) {
            return None;
        }
        let store = keys::store_of(text(before, keys::PK))?;
        if after.is_empty() || !stores::is_there(after) {
            return Some(Self { store, at: None, record });
        }
        let at = text(after, "updated_at").parse().ok();
        (stores::owner(before) != stores::owner(after)).then_some(Self { store, at, record })
    }
}

/// A batch, sorted out.
#[derive(Debug, Default)]
pub struct Batch {
    /// The shard of the stream, where Lambda says it.
    pub shard: Option<Shard>,
    /// The orders, each once.
    pub arrived: Vec<OrderImage>,
    /// The bulk updates that were asked for.
    pub bulk_updates: Vec<BulkUpdateAsked>,
    /// The erasures that were asked for.
    pub erasures: Vec<ErasureAsked>,
    /// The stores that have another owner now, or are no more.
    pub stores: Vec<ChangedHands>,
    /// The records that hold no readable order.
    pub unreadable: Unapplied,
    /// When the oldest record was made.
    pub oldest: Option<Timestamp>,
}

/// A bulk update that is to be put on its way.
#[derive(Clone, Debug)]
pub struct BulkUpdateAsked {
    /// Which one.
    pub id: JobId,
    /// Until when the request that asked for it is at work on it itself, if it is.
    pub held_until: Option<Timestamp>,
    /// The sequence number of its record.
    pub record: String,
}

/// The erasure of a person that is to be put on its way.
#[derive(Clone, Debug)]
pub struct ErasureAsked {
    /// Which one.
    pub id: JobId,
    /// The sequence number of its record.
    pub record: String,
}

/// An order with changes that a consumer has not applied.
#[derive(Clone, Debug)]
pub struct UnappliedOrder {
    /// The order and its records.
    pub arrived: OrderImage,
    /// The last version that the consumer has applied; 0 for none.
    pub seen: u64,
}

impl Batch {
    /// Takes the orders, the bulk updates and what became of stores out of an event. An order's
    /// records carry its whole log, so the newest image says all that the others do. Removals say
    /// nothing: orders are not removed.
    #[must_use]
    pub fn read(event: StreamEvent) -> Self {
        let mut newest: HashMap<OrderId, OrderImage> = HashMap::new();
        let shard = event.shard_id.as_deref().map(Shard::new);
        let mut batch = Batch { shard, ..Batch::default() };
        for record in event.records {
            let Identity { sequence, .. } = Identity::of(&record);
            let read = serde_json::from_str::<EventRecord>(record.get());
            drop(record);
            let change = match read {
                Ok(record) => record.change,
                Err(error) => {
                    tracing::error!(%sequence, error = oms_runtime::logging::chain(&error), "no record of a stream");
                    batch.unreadable.set_aside(vec![sequence], "it is no record of a stream");
                    continue;
                }
            };
            let made = change.approximate_creation_date_time.timestamp_millis();
            let made = Timestamp::from_millisecond(made).ok().filter(|made| *made > Timestamp::UNIX_EPOCH);
            batch.oldest = [batch.oldest, made].into_iter().flatten().min();
            let item: Item = change.new_image.into();
            if item.is_empty() || text(&item, keys::SK) == keys::STORE {
                batch.stores.extend(ChangedHands::read(&change.old_image.into(), &item, sequence));
                continue;
            }
            if let Some(id) = keys::job_of(text(&item, keys::PK)) {
                if item.contains_key(PERSON) {
                    batch.erasures.push(ErasureAsked { id, record: sequence });
                    continue;
                }
                let held_until = text(&item, HELD_UNTIL).parse().ok();
                batch.bulk_updates.push(BulkUpdateAsked { id, held_until, record: sequence });
                continue;
            }
            let order = match item::from_item(item) {
                Ok(order) => order,
                Err(error) => {
                    tracing::error!(%sequence, error = oms_runtime::logging::chain(&error), "unreadable record");
                    batch.unreadable.set_aside(vec![sequence], &error);
                    continue;
                }
            };
            match newest.get_mut(&order.id) {
                None => {
                    newest.insert(order.id, OrderImage::new(order, sequence));
                }
                Some(arrived) => arrived.absorb(order, sequence),
            }
        }
        batch.arrived.extend(newest.into_values());
        // The oldest first, so that what fails sends back as little as possible.
        batch.arrived.sort_by_key(|arrived| arrived.order.updated_at);
        batch
    }
}

impl App {
    /// Leaves out what a consumer has applied already, and makes the logs of the rest reach back to
    /// what it has applied; all the way where the order is new to it or has been deleted.
    ///
    /// # Errors
    /// [`Failed`] where the watermarks or what the logs lack cannot be read.
    pub async fn fresh(
        &self,
        consumer: &str,
        arrived: Vec<OrderImage>,
    ) -> Result<Vec<UnappliedOrder>, Failed> {
        let ids = arrived.iter().map(|one| one.order.id);
        let marks = match self.table().watermarks(consumer, ids).await {
            Ok(marks) => marks,
            Err(error) => return Err(Failed { error, left: arrived }),
        };
        let fresh = arrived.into_iter().filter_map(|arrived| {
            let seen = marks.get(&arrived.order.id).map_or(0, |mark| mark.version);
            (arrived.order.version > seen).then_some(UnappliedOrder { arrived, seen })
        });
        let mut fresh: Vec<UnappliedOrder> = fresh.collect();
        for index in 0..fresh.len() {
            let UnappliedOrder { arrived, seen } = &mut fresh[index];
            if let Err(error) = self.complete_log(&mut arrived.order, *seen).await {
                let left = fresh.into_iter().map(|fresh| fresh.arrived).collect();
                return Err(Failed { error, left });
            }
        }
        Ok(fresh)
    }

    /// Makes an order's log reach back to what has been applied, all the way where it has been
    /// deleted. One that cannot be read is left to the consumer, which then knows which order it
    /// cannot apply.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub(super) async fn complete_log(&self, order: &mut Order, seen: u64) -> Result<(), TableError> {
        let version = if order.is_deleted() { 0 } else { seen };
        match self.table().recall(order, version).await {
            Err(error) if error.is_lasting() => {
                tracing::error!(order = %order.id, error = oms_runtime::logging::chain(&error), "unreadable log");
                Ok(())
            }
            recalled => recalled,
        }
    }
}

impl App {
    /// The journal that an operator's lock asks for, if there is one; waits while it lets nothing
    /// be counted, [`PATIENCE`] at most.
    ///
    /// # Errors
    /// [`TableError`] where it cannot be told.
    pub async fn journal_to_keep(&self) -> Result<Option<String>, TableError> {
        let give_up = self.now() + PATIENCE;
        loop {
            match self.table().state_of_counter_lock(self.now()).await? {
                LockState::None => return Ok(None),
                LockState::Journal(journal) => return Ok(Some(journal)),
                LockState::Stopped if self.now() >= give_up || deadline::left() <= TO_COUNT => {
                    return Ok(None);
                }
                LockState::Stopped => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }
}

/// Does a consumer's work on a batch. What would fail each time is set aside in the failure queue,
/// also a record that the work panics on; what else was not applied Lambda delivers again.
///
/// # Panics
/// As the work does where it is about several records: Lambda then delivers them in halves, until
/// that record is alone.
pub async fn consume<W: Future<Output = Unapplied>>(
    failures: &FailureQueue,
    event: StreamEvent,
    work: impl FnOnce(Batch) -> W,
) -> DynamoDbEventResponse {
    let identities = Identities::of(&event.records);
    let is_alone = event.records.len() == 1;
    let working = AssertUnwindSafe(async { work(Batch::read(event)).await });
    let unapplied = match working.catch_unwind().await {
        Ok(unapplied) => unapplied,
        Err(panic) if !is_alone => resume_unwind(panic),
        Err(_) => {
            let mut unapplied = Unapplied::default();
            unapplied.set_aside(identities.all(), "the consumer panicked on it");
            unapplied
        }
    };
    partial_batch_failure(failures.take_in(&identities, unapplied).await)
}

/// The answer that makes Lambda deliver these records, and all after the first of them, again.
fn partial_batch_failure(records: Vec<String>) -> DynamoDbEventResponse {
    let mut response = DynamoDbEventResponse::default();
    response.batch_item_failures = records
        .into_iter()
        .map(|sequence| {
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(sequence);
            failure
        })
        .collect();
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_runtime::config::{Config, GatewayKeys};
    use serde_json::json;

    /// A failure queue that nobody answers for.
    fn out_of_reach() -> FailureQueue {
        let settings = |name: &str| match name {
            "AWS_ENDPOINT_URL_SQS" | "FAILURE_QUEUE_URL" => Some("http://127.0.0.1:9/q".to_owned()),
            "TABLE_NAME" | "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => {
                Some("x".to_owned())
            }
            _ => None,
        };
        let config = Config::from_lookup(GatewayKeys::NotNeeded, settings).unwrap();
        FailureQueue::from_config(&config, "stats").unwrap()
    }

    fn event(records: &[&str]) -> StreamEvent {
        let record = |number: &&str| json!({ "dynamodb": { "SequenceNumber": number } });
        serde_json::from_value(json!({ "Records": records.iter().map(record).collect::<Vec<_>>() })).unwrap()
    }

    #[tokio::test]
    async fn a_panic_is_left_to_lambda_until_its_record_is_alone() {
        let failures = out_of_reach();
        let panics = async |_: Batch| -> Unapplied { panic!("on purpose") };
        // The queue does not take it, so that it comes again; else it would be done.
        let answer = consume(&failures, event(&["1"]), panics).await;
        let again = answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier);
        assert_eq!(again.collect::<Vec<_>>(), [Some("1".to_owned())]);
        let several = AssertUnwindSafe(consume(&failures, event(&["1", "2"]), panics)).catch_unwind();
        assert!(several.await.is_err());
    }
}

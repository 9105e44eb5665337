//! What the consumers of the table's stream share: from records to orders, and from orders that
//! failed back to the records to see again.

use crate::app::App;
use aws_lambda_events::event::dynamodb::{Event, EventRecord};
use aws_lambda_events::event::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use jiff::{SignedDuration, Timestamp};
use oms_domain::{JobId, Order, OrderId, StoreId};
use oms_runtime::deadline;
use oms_table::jobs::HELD_UNTIL;
use oms_table::{Item, TableError, catalog::stores, keys, orders::item, text};
use std::collections::HashMap;
use std::time::Duration;

/// How long a consumer waits while the counters are held, if its invocation has the time. After
/// that its records come again.
const PATIENCE: SignedDuration = SignedDuration::from_secs(40);
/// What it keeps of its time, to count when the hold has ended.
const TO_COUNT: Duration = Duration::from_secs(10);
/// How often it looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The newest image of an order in a batch, and the records that spoke of the order.
#[derive(Clone, Debug)]
pub struct OrderImage {
    /// The order, with every change up to that image.
    pub order: Order,
    /// The sequence numbers of all its records.
    pub records: Vec<String>,
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
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The orders, each once.
    pub arrived: Vec<OrderImage>,
    /// The bulk updates that were asked for.
    pub bulk_updates: Vec<BulkUpdateAsked>,
    /// The stores that have another owner now, or are no more.
    pub stores: Vec<ChangedHands>,
    /// The sequence numbers of records that hold no readable order.
    pub unreadable: Vec<String>,
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
    pub fn read(event: Event) -> Self {
        let mut newest: HashMap<OrderId, OrderImage> = HashMap::new();
        let mut batch = Batch::default();
        for EventRecord { change, .. } in event.records {
            let sequence = change.sequence_number.unwrap_or_default();
            let made = change.approximate_creation_date_time.timestamp_millis();
            let made = Timestamp::from_millisecond(made).ok().filter(|made| *made > Timestamp::UNIX_EPOCH);
            batch.oldest = [batch.oldest, made].into_iter().flatten().min();
            let item: Item = change.new_image.into();
            if item.is_empty() || text(&item, keys::SK) == keys::STORE {
                batch.stores.extend(ChangedHands::read(&change.old_image.into(), &item, sequence));
                continue;
            }
            if let Some(id) = keys::job_of(text(&item, keys::PK)) {
                let held_until = text(&item, HELD_UNTIL).parse().ok();
                batch.bulk_updates.push(BulkUpdateAsked { id, held_until, record: sequence });
                continue;
            }
            let order = match item::from_item(item) {
                Ok(order) => order,
                Err(error) => {
                    tracing::error!(%sequence, error = oms_runtime::logging::chain(&error), "unreadable record");
                    batch.unreadable.push(sequence);
                    continue;
                }
            };
            match newest.get_mut(&order.id) {
                None => {
                    newest.insert(order.id, OrderImage { order, records: vec![sequence] });
                }
                Some(arrived) => {
                    arrived.records.push(sequence);
                    if order.version > arrived.order.version {
                        arrived.order = order;
                    }
                }
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
    /// [`TableError`] where the watermarks cannot be read.
    pub async fn fresh(
        &self,
        consumer: &str,
        arrived: Vec<OrderImage>,
    ) -> Result<Vec<UnappliedOrder>, TableError> {
        let ids = arrived.iter().map(|one| one.order.id);
        let marks = self.table().watermarks(consumer, ids).await?;
        let fresh = arrived.into_iter().filter_map(|arrived| {
            let seen = marks.get(&arrived.order.id).copied().unwrap_or(0);
            (arrived.order.version > seen).then_some(UnappliedOrder { arrived, seen })
        });
        let mut fresh: Vec<UnappliedOrder> = fresh.collect();
        for UnappliedOrder { arrived: OrderImage { order, .. }, seen } in &mut fresh {
            let version = if order.is_deleted() { 0 } else { *seen };
            match self.table().recall(order, version).await {
                // Left to the consumer, which then knows which order it cannot apply.
                Ok(()) => {}
                Err(error) if error.is_of_the_item() => {
                    tracing::error!(order = %order.id, error = oms_runtime::logging::chain(&error), "unreadable log");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(fresh)
    }
}

impl App {
    /// Waits while an operator holds the counters, [`PATIENCE`] at most.
    ///
    /// # Errors
    /// [`TableError`] where it cannot be told.
    pub async fn wait_while_held(&self) -> Result<(), TableError> {
        let give_up = self.now() + PATIENCE;
        let may_wait = || self.now() < give_up && deadline::left() > TO_COUNT;
        while may_wait() && self.table().held_until(self.now()).await?.is_some() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}

/// The answer that makes Lambda deliver these records, and all after the first of them, again.
#[must_use]
pub fn partial_batch_failure(records: impl IntoIterator<Item = String>) -> DynamoDbEventResponse {
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

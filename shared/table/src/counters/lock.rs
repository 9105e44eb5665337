//! The lock: while it stands, nothing is counted, so that what has been counted can be compared
//! with the orders. It stands on the counters of all orders, in the item that every transaction
//! which counts writes.

use crate::counters::HELD;
use crate::counters::layout::FRONT;
use crate::{Table, TableError, key, keys};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};
use oms_domain::tally::Scope;

/// A lock, as long as it is renewed.
#[derive(Debug)]
pub struct CounterLock {
    until: Timestamp,
}

impl Table {
    /// Keeps everything from being counted for a time.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else does.
    pub async fn lock_counters(
        &self,
        now: Timestamp,
        time: SignedDuration,
    ) -> Result<CounterLock, TableError> {
        let until = later(now, time);
        match self.counters_held_until().await? {
            Some(other) if other > now => Err(TableError::Conflict),
            seen => self.set_counter_lock(seen, Some(until)).await.map(|()| CounterLock { until }),
        }
    }

    /// Makes a lock last longer.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where it had run out and been lifted.
    pub async fn renew_counter_lock(
        &self,
        lock: &mut CounterLock,
        now: Timestamp,
        time: SignedDuration,
    ) -> Result<(), TableError> {
        let until = later(now, time);
        self.set_counter_lock(Some(lock.until), Some(until)).await?;
        lock.until = until;
        Ok(())
    }

    /// Ends a lock.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where it had run out and been lifted.
    pub async fn release_counter_lock(&self, lock: CounterLock) -> Result<(), TableError> {
        self.set_counter_lock(Some(lock.until), None).await
    }

    /// Until when nothing is counted; a lock that has run out is lifted.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read or written.
    pub async fn held_until(&self, now: Timestamp) -> Result<Option<Timestamp>, TableError> {
        let until = self.counters_held_until().await?;
        if let Some(until) = until.filter(|until| *until <= now) {
            return match self.set_counter_lock(Some(until), None).await {
                Ok(()) | Err(TableError::Conflict) => Ok(None),
                Err(error) => Err(error),
            };
        }
        Ok(until)
    }

    async fn counters_held_until(&self) -> Result<Option<Timestamp>, TableError> {
        let item = self.get_item(keys::counters(&Scope::All), FRONT.to_owned()).await?;
        let held = item.as_ref().and_then(|item| item.get(HELD)?.as_s().ok());
        Ok(held.and_then(|until| until.parse().ok()))
    }

    /// A transaction, although of one item: it waits for those that count, and DynamoDB knows the
    /// repeat of one whose answer got lost.
    async fn set_counter_lock(
        &self,
        seen: Option<Timestamp>,
        to: Option<Timestamp>,
    ) -> Result<(), TableError> {
        let text = |at: Timestamp| AttributeValue::S(at.to_string());
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key(keys::counters(&Scope::All), FRONT.to_owned())))
            .update_expression(if to.is_some() { "SET #held = :to" } else { "REMOVE #held" })
            .condition_expression(if seen.is_some() {
                "#held = :seen"
            } else {
                "attribute_not_exists(#held)"
            })
            .expression_attribute_names("#held", HELD);
        let update =
            to.into_iter().fold(update, |update, to| update.expression_attribute_values(":to", text(to)));
        let update = seen
            .into_iter()
            .fold(update, |update, seen| update.expression_attribute_values(":seen", text(seen)));
        let update = update.build().map_err(TableError::request)?;
        self.transact_as_seen(vec![TransactWriteItem::builder().update(update).build()], None).await
    }
}

fn later(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}

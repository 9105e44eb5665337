//! How an operator compares the counters with the orders while the system runs: whoever counts
//! keeps a journal of it meanwhile, and waits only for the moments of a comparison itself.
//!
//! Two attributes of the item that every batch is counted in first, the counters of all orders:
//!
//! | attribute | what it says |
//! |---|---|
//! | `held` | until when the lock stands, as long as nobody renews it |
//! | `journal` | `open#<id>`: who is about to count a batch names its orders in the partition `JOURNAL#<id>`; `stopped#<id>`: no batch is begun |
//!
//! A batch is begun only while `journal` is what its entry was written for, so the entry of a batch
//! that is counted is there when the next journal is opened.

use crate::counters::layout::FRONT;
use crate::counters::{HELD, JOURNAL};
use crate::{Table, TableError, key, keys, text};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};
use oms_domain::OrderId;
use oms_domain::tally::Scope;
use oms_runtime::ids;
use std::collections::BTreeSet;

const OPEN: &str = "open#";
const STOPPED: &str = "stopped#";
/// The orders that an entry names.
const ORDERS: &str = "orders";
/// How long entries are kept: longer than a comparison takes.
const RETENTION: SignedDuration = SignedDuration::from_hours(24);

/// The lock's term, as long as it is renewed.
#[derive(Debug)]
pub struct CounterLock {
    until: Timestamp,
}

/// What whoever holds the lock reads: the orders that are counted meanwhile.
#[derive(Debug)]
pub struct Journal {
    state: String,
}

/// What the lock asks of whoever counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockState {
    /// Nothing.
    None,
    /// To keep this journal.
    Journal(String),
    /// To wait.
    Stopped,
}

impl LockState {
    fn of(journal: Option<&str>) -> Self {
        match journal {
            Some(state) if state.starts_with(OPEN) => Self::Journal(state.to_owned()),
            Some(_) | None => Self::Stopped,
        }
    }
}

fn another(state: &str) -> String {
    format!("{state}{}", ids::random_uuid_v7().simple())
}

fn id_of(state: &str) -> &str {
    state.split_once('#').map_or(state, |(_, id)| id)
}

impl Table {
    /// Has whoever counts keep a journal, for a time.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else has the lock.
    pub async fn lock_counters(
        &self,
        now: Timestamp,
        time: SignedDuration,
    ) -> Result<(CounterLock, Journal), TableError> {
        let until = later(now, time);
        let seen = self.counter_lock().await?.map(|(until, _)| until);
        if seen.is_some_and(|other| other > now) {
            return Err(TableError::Conflict);
        }
        let journal = Journal { state: another(OPEN) };
        let begins = [(HELD, until.to_string()), (JOURNAL, journal.state.clone())];
        self.set_lock((HELD, seen.map(|seen| seen.to_string())), &begins).await?;
        Ok((CounterLock { until }, journal))
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
        self.set_lock((HELD, Some(lock.until.to_string())), &[(HELD, until.to_string())]).await?;
        lock.until = until;
        Ok(())
    }

    /// Ends a lock.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where it had run out and been lifted.
    pub async fn release_counter_lock(&self, lock: CounterLock) -> Result<(), TableError> {
        self.set_lock((HELD, Some(lock.until.to_string())), &[]).await
    }

    /// Opens another journal, and reads the one before: all orders that were counted since that was
    /// opened.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where the lock had run out and been lifted.
    pub async fn next_journal(&self, journal: &mut Journal) -> Result<BTreeSet<OrderId>, TableError> {
        self.end_journal(journal, OPEN).await
    }

    /// Stops everything from being counted until there is another journal, and reads the one that
    /// was open.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where the lock had run out and been lifted.
    pub async fn stop_counting(&self, journal: &mut Journal) -> Result<BTreeSet<OrderId>, TableError> {
        self.end_journal(journal, STOPPED).await
    }

    async fn end_journal(&self, journal: &mut Journal, then: &str) -> Result<BTreeSet<OrderId>, TableError> {
        let state = another(then);
        self.set_lock((JOURNAL, Some(journal.state.clone())), &[(JOURNAL, state.clone())]).await?;
        let ended = std::mem::replace(&mut journal.state, state);
        let mut orders = BTreeSet::new();
        let mut pages = self.pages(keys::journal(id_of(&ended)), "", true);
        while let Some(entries) = pages.next().await? {
            let named = entries.iter().filter_map(|entry| entry.get(ORDERS)?.as_ss().ok()).flatten();
            orders.extend(named.filter_map(|order| order.parse::<OrderId>().ok()));
        }
        Ok(orders)
    }

    /// What the lock asks of whoever counts; one that has run out is lifted.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read or written.
    pub async fn state_of_counter_lock(&self, now: Timestamp) -> Result<LockState, TableError> {
        let Some((until, state)) = self.counter_lock().await? else { return Ok(LockState::None) };
        if until > now {
            return Ok(state);
        }
        match self.set_lock((HELD, Some(until.to_string())), &[]).await {
            Ok(()) | Err(TableError::Conflict) => Ok(LockState::None),
            Err(error) => Err(error),
        }
    }

    async fn counter_lock(&self) -> Result<Option<(Timestamp, LockState)>, TableError> {
        let item = self.get_item(keys::counters(&Scope::All), FRONT.to_owned()).await?.unwrap_or_default();
        let until = text(&item, HELD).parse().ok();
        let journal = item.get(JOURNAL).and_then(|state| state.as_s().ok());
        Ok(until.map(|until| (until, LockState::of(journal.map(String::as_str)))))
    }

    /// Names some orders in the journal that the lock asks for, before they are counted.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn keep_journal(
        &self,
        state: &str,
        orders: impl IntoIterator<Item = OrderId>,
    ) -> Result<(), TableError> {
        let ids = orders.into_iter().map(|order| order.to_string()).collect();
        let mut item = key(keys::journal(id_of(state)), ids::random_uuid_v7().simple().to_string());
        item.insert(ORDERS.to_owned(), AttributeValue::Ss(ids));
        let ends = later(oms_runtime::clock::now(), RETENTION).as_second();
        item.insert(keys::EXPIRES_AT.to_owned(), AttributeValue::N(ends.to_string()));
        self.put(self.put_any(item)?, None).await
    }

    /// Sets the lock's attributes where one of them is as it was seen; removes both where there are
    /// none to set. A transaction, although of one item: DynamoDB knows the repeat of one whose
    /// answer got lost.
    async fn set_lock(
        &self,
        (name, seen): (&str, Option<String>),
        to: &[(&str, String)],
    ) -> Result<(), TableError> {
        let mut update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key(keys::counters(&Scope::All), FRONT.to_owned())))
            .expression_attribute_names("#seen", name)
            .condition_expression(if seen.is_some() {
                "#seen = :seen"
            } else {
                "attribute_not_exists(#seen)"
            });
        if let Some(seen) = seen {
            update = update.expression_attribute_values(":seen", AttributeValue::S(seen));
        }
        for (number, (name, value)) in to.iter().enumerate() {
            update = update
                .expression_attribute_names(format!("#a{number}"), *name)
                .expression_attribute_values(format!(":a{number}"), AttributeValue::S(value.clone()));
        }
        let update = if to.is_empty() {
            let update = update.expression_attribute_names("#held", HELD);
            update.expression_attribute_names("#journal", JOURNAL).update_expression("REMOVE #held, #journal")
        } else {
            let set: Vec<String> = (0..to.len()).map(|number| format!("#a{number} = :a{number}")).collect();
            update.update_expression(format!("SET {}", set.join(", ")))
        };
        let update = update.build().map_err(TableError::request)?;
        self.transact_as_seen(vec![TransactWriteItem::builder().update(update).build()], None).await
    }
}

fn later(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}

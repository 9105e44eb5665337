//! What statistics read of a scope's counters: the item `BY_STATUS`, and those of the last days.
//!
//! `BY_STATUS` is written whenever anything of the scope is counted, and tells for itself what is
//! in it:
//!
//! | attribute | what it says |
//! |---|---|
//! | `#0` … `#1f` | an order, by 8 of the bytes of its id that are random, and its version: this, and all that it was before, is counted. An order has one place; another one may have taken it |
//! | `d<year><month>` | how often `BY_DAY` of a month has been written; that item has its own count in `w` |
//! | `z` | a stamp: another one after each change |
//!
//! So one read of both tells whether they belong together, and of which orders nothing is missing.

use crate::counters::counted::count;
use crate::counters::layout::{BY_DAY, FRONT, cells_of};
use crate::writes::VERSION;
use crate::{Item, Table, TableError, key, keys, text};
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Get, ReturnConsumedCapacity, TransactGetItem};
use jiff::Timestamp;
use jiff::civil::Date;
use oms_domain::tally::{Counter, Scope};
use oms_domain::{Decimal, OrderId};
use oms_runtime::retry;
use std::collections::{BTreeMap, HashMap};

/// The stamp's attribute.
pub(crate) const STAMP: &str = "z";
/// How often an item of days has been written, in itself.
pub(crate) const WRITES: &str = "w";
/// How many orders tell their version.
const PLACES: u128 = 32;
/// How many items a snapshot may have.
const SNAPSHOT_LIMIT: usize = 100;

/// What has been counted of a scope, at one moment.
#[derive(Clone, Debug, Default)]
pub struct CounterTotals {
    cells: Vec<(Counter, Decimal)>,
    /// Another one after each change.
    pub stamp: String,
    counted: HashMap<Short, u64>,
    writes: BTreeMap<String, u64>,
}

/// The counters that statistics show, with those of the last days.
#[derive(Clone, Debug)]
pub struct CounterSnapshot {
    /// All but the days.
    pub front: CounterTotals,
    days: BTreeMap<String, (u64, Vec<(Counter, Decimal)>)>,
    since: String,
}

/// Some counters and watermarks, as they were at the same moment.
#[derive(Clone, Debug, Default)]
pub struct ConsistentRead {
    /// The counters, by scope.
    pub fronts: BTreeMap<Scope, CounterTotals>,
    /// The watermarks; an order without one is left out.
    pub marks: HashMap<OrderId, u64>,
}

/// The bytes of an order's id that tell it from every other.
type Short = [u8; 8];

fn short(order: OrderId) -> Short {
    // The last 16 bits are 0, the first are the time.
    u64::try_from(order.0.as_u128() >> 16 & u128::from(u64::MAX)).unwrap_or_default().to_be_bytes()
}

/// The attribute that tells of an order, and what it says.
pub(crate) fn place_of_order(order: OrderId, version: u64) -> (String, AttributeValue) {
    let place = (order.0.as_u128() >> 16) % PLACES;
    let mut bytes = short(order).to_vec();
    bytes.extend(u32::try_from(version).unwrap_or(u32::MAX).to_be_bytes());
    (format!("#{place:x}"), AttributeValue::B(Blob::new(bytes)))
}

fn order_in(value: &AttributeValue) -> Option<(Short, u64)> {
    let (id, version) = value.as_b().ok()?.as_ref().split_first_chunk::<8>()?;
    Some((*id, u32::from_be_bytes(version.try_into().ok()?).into()))
}

/// The attribute that counts how often the days of a month have been written.
pub(crate) fn writes_of(sk: &str) -> Option<String> {
    let (year, month) = sk.strip_prefix(BY_DAY)?.split_once('-')?;
    Some(format!("d{}{month}", year.get(2..)?))
}

impl CounterTotals {
    fn read(item: &Item) -> Self {
        let writes = item.iter().filter(|(name, _)| name.starts_with('d'));
        Self {
            cells: cells_of(item).collect(),
            stamp: text(item, STAMP).to_owned(),
            counted: item.values().filter_map(order_in).collect(),
            writes: writes.map(|(name, _)| (name.clone(), count(item, name))).collect(),
        }
    }

    /// Its counters.
    pub fn cells(&self) -> impl Iterator<Item = (Counter, Decimal)> {
        self.cells.iter().copied()
    }

    /// When anything was counted last; the beginning of time where nothing has been.
    #[must_use]
    pub fn stamped_at(&self) -> Timestamp {
        let made = self.stamp.parse().ok().map(|stamp| OrderId(stamp).made_at());
        made.unwrap_or(Timestamp::MIN)
    }

    /// Whether a version of an order is certainly counted.
    #[must_use]
    pub fn has(&self, order: OrderId, version: u64) -> bool {
        self.counted.get(&short(order)).is_some_and(|counted| *counted >= version)
    }
}

impl CounterSnapshot {
    fn read(items: &[Item], since: Date) -> Self {
        let front = items.iter().find(|item| text(item, keys::SK) == FRONT);
        let days = items.iter().filter_map(|item| {
            let name = writes_of(text(item, keys::SK))?;
            Some((name, (count(item, WRITES), cells_of(item).collect())))
        });
        Self {
            front: front.map(CounterTotals::read).unwrap_or_default(),
            days: days.collect(),
            since: since.strftime("d%y%m").to_string(),
        }
    }

    /// Whether the days are those of the very moment that the rest is of: several items that are
    /// read together may be of different ones.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let known = self.front.writes.range(self.since.clone()..);
        known.clone().count() == self.days.len()
            && known.zip(&self.days).all(|((a, writes), (b, (written, _)))| a == b && writes == written)
    }

    /// All its counters.
    pub fn cells(&self) -> impl Iterator<Item = (Counter, Decimal)> {
        let days = self.days.values().flat_map(|(_, cells)| cells);
        self.front.cells().chain(days.copied())
    }
}

impl Table {
    /// The counters that statistics show of a scope, without days. A consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counter_totals(&self, scope: &Scope) -> Result<CounterTotals, TableError> {
        let item = self.get_item(keys::counters(scope), FRONT.to_owned()).await?;
        Ok(item.as_ref().map(CounterTotals::read).unwrap_or_default())
    }

    /// The counters that statistics show of a scope, with the days from the month of `since` on: a
    /// consistent read, of one moment unless something is counted each time that it is tried.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counter_snapshot(&self, scope: &Scope, since: Date) -> Result<CounterSnapshot, TableError> {
        let from = format!("{BY_DAY}{}", since.strftime("%Y-%m"));
        let mut tries = 1;
        loop {
            let read = self.between_exactly(keys::counters(scope), from.clone(), FRONT.to_owned());
            let counter_snapshot = CounterSnapshot::read(&read.await?, since);
            if counter_snapshot.is_whole() || tries == retry::TORN_READS {
                return Ok(counter_snapshot);
            }
            tries += 1;
        }
    }

    /// The counters of some scopes without their days, and the watermarks of some orders, all as
    /// they were at the same moment. Together at most 100; what is more is left out. Reads nothing
    /// where there are no orders.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn same_moment(
        &self,
        scopes: &[&Scope],
        consumer: &str,
        orders: &[OrderId],
    ) -> Result<ConsistentRead, TableError> {
        if orders.is_empty() {
            return Ok(ConsistentRead::default());
        }
        let fronts = scopes.iter().map(|scope| (keys::counters(scope), FRONT.to_owned()));
        let marks = orders.iter().map(|order| (keys::order(*order), keys::watermark(consumer)));
        let wanted: Vec<(String, String)> = fronts.chain(marks).take(SNAPSHOT_LIMIT).collect();
        let found = match self.transact_get(&wanted).await? {
            Some(found) => found,
            None => self.look_twice(wanted).await?,
        };
        let mut moment = ConsistentRead { marks: marks_of(&found), ..ConsistentRead::default() };
        for scope in scopes {
            let pk = keys::counters(scope);
            let front = found.iter().find(|item| text(item, keys::PK) == pk);
            moment.fronts.insert((*scope).clone(), front.map(CounterTotals::read).unwrap_or_default());
        }
        Ok(moment)
    }

    /// Reads items as of one moment. None where DynamoDB does not let it, because each time that it
    /// is tried one of them is being written.
    async fn transact_get(&self, wanted: &[(String, String)]) -> Result<Option<Vec<Item>>, TableError> {
        let gets = wanted.iter().map(|(pk, sk)| {
            let get = Get::builder().table_name(&self.name).set_key(Some(key(pk.clone(), sk.clone())));
            let get = get.build().map_err(TableError::request)?;
            Ok(TransactGetItem::builder().get(get).build())
        });
        let gets: Vec<TransactGetItem> = gets.collect::<Result<_, TableError>>()?;
        for tries in 1..=retry::READ_CONFLICTS {
            let answer = self
                .client
                .transact_get_items()
                .set_transact_items(Some(gets.clone()))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            let error = match answer {
                Ok(answer) => {
                    crate::meter_reads(answer.consumed_capacity());
                    let found = answer.responses.unwrap_or_default().into_iter();
                    return Ok(Some(found.filter_map(|found| found.item).collect()));
                }
                Err(error) => error,
            };
            oms_runtime::meter::record_trip();
            let Some(TransactGetItemsError::TransactionCanceledException(cancelled)) =
                error.as_service_error()
            else {
                return Err(error.into());
            };
            let error = TableError::cancelled(cancelled.cancellation_reasons().to_vec());
            if !matches!(error, TableError::Throttled) {
                return Err(error);
            }
            retry::backoff(tries).await;
        }
        Ok(None)
    }

    /// Reads watermarks and counters so that they belong together, without a transaction. An
    /// order's watermark moves with the counters: where it is the same before and after they are
    /// read, they have of the order just what it says, whatever else is counted meanwhile. The
    /// pauses are longer than a transaction takes from its first item to its last. An order that is
    /// counted each time counts as its watermark says afterwards: then its last change may show
    /// late, but never twice.
    async fn look_twice(&self, wanted: Vec<(String, String)>) -> Result<Vec<Item>, TableError> {
        let (marks, fronts): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|(pk, _)| keys::order_of(pk).is_some());
        let mut before = self.get_items(marks.clone()).await?;
        let mut tries = 1;
        loop {
            retry::backoff(1).await;
            let mut found = self.get_items(fronts.clone()).await?;
            retry::backoff(1).await;
            let after = self.get_items(marks.clone()).await?;
            if marks_of(&before) == marks_of(&after) || tries == retry::TORN_READS {
                found.extend(after);
                return Ok(found);
            }
            before = after;
            tries += 1;
        }
    }
}

/// The watermarks among some items.
fn marks_of(items: &[Item]) -> HashMap<OrderId, u64> {
    let marks =
        items.iter().filter_map(|item| Some((keys::order_of(text(item, keys::PK))?, count(item, VERSION))));
    marks.collect()
}

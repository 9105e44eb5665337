//! What statistics read of a scope's counters: the item `BY_STATUS`, and those of the last days.
//!
//! `BY_STATUS` is written whenever anything of the scope is counted, and tells for itself what is
//! in it:
//!
//! | attribute | what it says |
//! |---|---|
//! | `#0` … `#1f` | an order, by 8 of the bytes of its id that are random, and its version: this, and all that it was before, is counted. An order has one place; another one may have taken it |
//! | `=<shard>` | up to which record of the stream all is counted ([`crate::counters::stream_position`]) |
//! | `z` | a stamp: another one after each change |
//!
//! So one read tells of which orders nothing is missing. The days are items of their own, written
//! beside it: they belong to it where they add up to its months.

use crate::counters::CountersRead;
use crate::counters::layout::{BY_DAY, FRONT, cells_of};
use crate::counters::stream_position::Lanes;
use crate::{Item, Table, TableError, keys, text};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::civil::Date;
use oms_domain::tally::{Counter, Scope};
use oms_domain::{Decimal, OrderId};
use oms_runtime::retry;
use std::collections::{BTreeMap, HashMap};

/// The stamp's attribute.
pub(crate) const STAMP: &str = "z";
/// How many orders tell their version.
const PLACES: u128 = 32;

/// How far a scope has been counted, at one moment, as the item in front tells it.
#[derive(Clone, Debug, Default)]
pub struct FrontPosition {
    /// Another one after each change.
    pub stamp: String,
    /// How far it has got with the stream.
    pub lanes: Lanes,
    counted: HashMap<Short, u64>,
}

/// The counters that statistics show, with those of the last days.
#[derive(Clone, Debug)]
pub struct CounterSnapshot {
    /// How far all but the days is counted.
    pub front: FrontPosition,
    totals: Vec<(Counter, Decimal)>,
    days: Vec<(Counter, Decimal)>,
    since: Date,
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

impl FrontPosition {
    fn read(item: &Item) -> Self {
        Self {
            stamp: text(item, STAMP).to_owned(),
            lanes: Lanes::read(item),
            counted: item.values().filter_map(order_in).collect(),
        }
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
        let (front, days): (Vec<&Item>, Vec<&Item>) =
            items.iter().partition(|item| text(item, keys::SK) == FRONT);
        Self {
            front: front.first().map(|front| FrontPosition::read(front)).unwrap_or_default(),
            totals: front.into_iter().flat_map(cells_of).filter(|(cell, _)| cell.is_in_front()).collect(),
            days: days.into_iter().flat_map(cells_of).collect(),
            since: since.first_of_month(),
        }
    }

    /// Whether the days are those of the very moment that the rest is of: several items that are
    /// written and read one after the other may be of different ones. The days of a month add up to
    /// the month.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let mut open: BTreeMap<Counter, Decimal> = BTreeMap::new();
        for (cell, value) in &self.days {
            if let Counter::DayOrders(day, _) = cell {
                *open.entry(Counter::MonthOrders(day.first_of_month())).or_default() += *value;
            } else if let Counter::DayRevenue(day, currency) = cell {
                let month = Counter::MonthRevenue(day.first_of_month(), *currency);
                *open.entry(month).or_default() += *value;
            }
        }
        for (cell, value) in self.totals() {
            if let Counter::MonthOrders(month) | Counter::MonthRevenue(month, _) = cell
                && month >= self.since
            {
                *open.entry(cell).or_default() -= value;
            }
        }
        open.values().all(Decimal::is_zero)
    }

    /// Its counters but for the days.
    pub fn totals(&self) -> impl Iterator<Item = (Counter, Decimal)> {
        self.totals.iter().copied()
    }

    /// All its counters.
    pub fn cells(&self) -> impl Iterator<Item = (Counter, Decimal)> {
        self.totals().chain(self.days.iter().copied())
    }
}

impl Table {
    /// The counters that stand in front of a scope: all that statistics show but the days, and of a
    /// user also what lists ask for. A consistent read, with how far they have counted.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counters_in_front(
        &self,
        scope: &Scope,
    ) -> Result<(FrontPosition, CountersRead), TableError> {
        let item = self.get_item(keys::counters(scope), FRONT.to_owned()).await?;
        let position = item.as_ref().map(FrontPosition::read).unwrap_or_default();
        Ok((position, CountersRead::of_front(scope, item)))
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
}

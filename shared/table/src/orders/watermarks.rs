//! How far each consumer of the table's stream has got with each order: the last version of the
//! order that it has applied. What is at or below it is a repeat.
//!
//! That of who counts is written before the counters are, and says which records of the stream it
//! speaks of ([`Claim`]): a counter that has counted up to these has the order's new version, and
//! any other the one before.
//!
//! | attribute | what it says |
//! |---|---|
//! | `version` | the version that is applied, or being counted |
//! | `k`, `q` | being counted: the shard, and the order's records of the batch with the version that each shows |
//! | `b`, `p` | which version was counted before, and by which record of the same shard |
//! | `h` | when that was, in hours since 1970 |

use crate::counters::counted::{count, number};
use crate::counters::stream_position::{Sequence, Shard};
use crate::writes::{VERSION, part};
use crate::{Item, Table, TableError, key, keys, text};
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use oms_domain::OrderId;
use std::collections::{BTreeMap, HashMap};

const SHARD: &str = "k";
const RECORDS: &str = "q";
const BEFORE: &str = "b";
const BEFORE_BY: &str = "p";
const HOUR: &str = "h";

/// How long a batch may be on its way, in hours: the stream keeps its records for 24.
pub(crate) const SETTLED_AFTER_HOURS: u64 = 25;

/// The move of one order's watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatermarkAdvance {
    /// The order.
    pub order: OrderId,
    /// Where the watermark was seen; 0 where there was none.
    pub seen: u64,
    /// Where it goes.
    pub to: u64,
}

/// How far a consumer has got with an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watermark {
    /// The version that it has applied, or is counting.
    pub version: u64,
    /// Which records brought it there, where counters tell which of these they have.
    pub claim: Option<Claim>,
}

/// The records of an order in one batch, which are being counted or have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The stream's shard that the batch is of.
    pub shard: Shard,
    /// The records, with the version that each shows.
    pub records: BTreeMap<Sequence, u64>,
    /// The version that all counters had before.
    pub before: u64,
    /// The record of the same shard that showed it, if one did.
    pub before_by: Option<Sequence>,
    /// When it was made, in hours since 1970.
    pub hour: u64,
}

impl Claim {
    fn read(item: &Item) -> Option<Self> {
        let filled = |name| Some(text(item, name)).filter(|text| !text.is_empty());
        let records = filled(RECORDS)?.split(' ').filter_map(|record| {
            let (sequence, version) = record.split_once(':')?;
            Some((Sequence::stored(sequence), version.parse().ok()?))
        });
        Some(Self {
            shard: Shard::stored(filled(SHARD)?),
            records: records.collect(),
            before: count(item, BEFORE),
            before_by: filled(BEFORE_BY).map(Sequence::stored),
            hour: count(item, HOUR),
        })
    }

    fn write(&self, item: &mut Item) {
        let texts = [
            (SHARD, Some(self.shard.as_str().to_owned())),
            (RECORDS, Some(self.records_text())),
            (BEFORE_BY, self.before_by.as_ref().map(|by| by.as_str().to_owned())),
        ];
        for (name, value) in texts {
            item.extend(value.map(|value| (name.to_owned(), AttributeValue::S(value))));
        }
        item.insert(BEFORE.to_owned(), number(self.before));
        item.insert(HOUR.to_owned(), number(self.hour));
    }

    fn records_text(&self) -> String {
        let records = self.records.iter().map(|(record, version)| format!("{}:{version}", record.as_str()));
        records.collect::<Vec<_>>().join(" ")
    }

    /// The version that a counter has, which has counted the shard up to a record.
    #[must_use]
    pub fn version_at(&self, counted: Option<&Sequence>) -> u64 {
        let reached = counted.and_then(|counted| self.records.range(..=counted).next_back());
        reached.map_or(self.before, |(_, version)| *version)
    }

    /// The version that it shows before a record.
    #[must_use]
    pub fn version_before(&self, record: &Sequence) -> u64 {
        self.records.range(..record).next_back().map_or(self.before, |(_, version)| *version)
    }

    /// The last of its records.
    #[must_use]
    pub fn last(&self) -> Option<&Sequence> {
        self.records.keys().next_back()
    }

    /// Whether its batch is certainly not on its way any more.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.hour + SETTLED_AFTER_HOURS < this_hour()
    }
}

/// The hours since 1970.
pub fn this_hour() -> u64 {
    u64::try_from(oms_runtime::clock::now().as_second() / 3_600).unwrap_or_default()
}

impl Watermark {
    fn read(item: &Item) -> Self {
        Self { version: count(item, VERSION), claim: Claim::read(item) }
    }

    /// What it comes to where a batch of a shard has these records of the order, with the version
    /// that each shows: itself where they are claimed or counted.
    #[must_use]
    pub fn claiming(self, shard: &Shard, records: &BTreeMap<Sequence, u64>) -> Self {
        let fresh = records.iter().filter(|(_, version)| **version > self.version);
        let fresh: BTreeMap<Sequence, u64> =
            fresh.map(|(record, version)| (record.clone(), *version)).collect();
        let Some(version) = fresh.values().max().copied() else { return self };
        let of_shard = self.claim.filter(|claim| claim.shard == *shard);
        let claim = match of_shard {
            // It may have been under way with fewer records, and have been counted here and there.
            Some(claim) if claim.last() >= records.keys().next() => {
                Claim { records: claim.records.into_iter().chain(fresh).collect(), ..claim }
            }
            of_shard => Claim {
                shard: shard.clone(),
                records: fresh,
                before: self.version,
                before_by: of_shard.as_ref().and_then(Claim::last).cloned(),
                hour: this_hour(),
            },
        };
        Self { version, claim: Some(claim) }
    }
}

fn keys_of(consumer: &str, orders: impl IntoIterator<Item = OrderId>) -> Vec<(String, String)> {
    orders.into_iter().map(|id| (keys::order(id), keys::watermark(consumer))).collect()
}

fn marks_in(items: &[Item]) -> HashMap<OrderId, Watermark> {
    let mark = |item| Some((keys::order_of(text(item, keys::PK))?, Watermark::read(item)));
    items.iter().filter_map(mark).collect()
}

impl Table {
    /// How far a consumer has got with some orders; an order without a watermark is left out.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn watermarks(
        &self,
        consumer: &str,
        orders: impl IntoIterator<Item = OrderId>,
    ) -> Result<HashMap<OrderId, Watermark>, TableError> {
        Ok(marks_in(&self.get_items(keys_of(consumer, orders)).await?))
    }

    /// The same for half the price, perhaps as they were a moment ago: what they say of counters
    /// that were read before them is what these have at least.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn watermarks_soon(
        &self,
        consumer: &str,
        orders: impl IntoIterator<Item = OrderId>,
    ) -> Result<HashMap<OrderId, Watermark>, TableError> {
        Ok(marks_in(&self.get_parts_soon(keys_of(consumer, orders), &[]).await?))
    }

    /// Moves a watermark by itself, where what it stands for can be repeated without harm.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where it is not as it was seen.
    pub async fn advance(&self, consumer: &str, claim: &WatermarkAdvance) -> Result<(), TableError> {
        self.put(self.watermark_put(consumer, claim)?, None).await
    }

    /// Says which version of an order is being counted, before it is.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where the watermark is not as it was seen.
    pub async fn claim(
        &self,
        consumer: &str,
        order: OrderId,
        seen: Option<&Watermark>,
        to: &Watermark,
    ) -> Result<(), TableError> {
        let mut item = key(keys::order(order), keys::watermark(consumer));
        item.insert(VERSION.into(), number(to.version));
        if let Some(claim) = &to.claim {
            claim.write(&mut item);
        }
        let mut put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .expression_attribute_names("#version", VERSION);
        put = match seen {
            None => put.condition_expression("attribute_not_exists(#version)"),
            Some(Watermark { version, claim: None }) => put
                .condition_expression("#version = :version AND attribute_not_exists(#records)")
                .expression_attribute_names("#records", RECORDS)
                .expression_attribute_values(":version", number(*version)),
            Some(Watermark { version, claim: Some(claim) }) => put
                .condition_expression("#version = :version AND #records = :records")
                .expression_attribute_names("#records", RECORDS)
                .expression_attribute_values(":version", number(*version))
                .expression_attribute_values(":records", AttributeValue::S(claim.records_text())),
        };
        self.put(put.build().map_err(TableError::request)?, None).await
    }

    pub(crate) fn move_watermark(
        &self,
        consumer: &str,
        claim: &WatermarkAdvance,
    ) -> Result<TransactWriteItem, TableError> {
        Ok(part(self.watermark_put(consumer, claim)?))
    }

    fn watermark_put(&self, consumer: &str, claim: &WatermarkAdvance) -> Result<Put, TableError> {
        let mut item = key(keys::order(claim.order), keys::watermark(consumer));
        item.insert(VERSION.into(), number(claim.to));
        self.put_over(Some(claim.seen).filter(|seen| *seen > 0), item)
    }
}

//! The counters that statistics and counts are read from, one small item a group of a scope.
//!
//! | sk | attributes |
//! |---|---|
//! | `AT_QUARTER#<day>` | `n<quarter><currency>` orders placed, `r<quarter><currency>` revenue, by quarter of an hour |
//! | `AT_TOTAL` | `n…` orders, by the size and first two digits of their total |
//! | `AT_TOTAL#<size and two digits>` | `n<two more digits>` orders |
//! | `BY_DAY#<year>-<month>` | `n<day><currency>` orders placed, `r<day><currency>` revenue |
//! | `BY_STATUS` | all that statistics show but the days, and of which orders it has what (see [`crate::counters::snapshot`]): `n<status><currency>` orders, `a<status><currency>` amount; `o<year><month>` orders placed, `e<year><month><currency>` revenue; `p<status><currency>` payments, `q<status><currency>` amount, `m<method>` payments, `r<currency>` refunded; `l` lines, `v` how many were rated, `s` their stars; `c<from><to>` how often, `t<from><to>` microseconds together; of all orders `held` and `journal`, an operator's lock ([`crate::counters::lock`]) |
//! | `CELLS#<status>` | `n…` orders by payment status, payment method, shipping method, currency; of a user's pending ones `k`, how many of their orders have ever been counted |
//! | `PAYMENTS` | `n…` payments by status, method, currency, and `!` where a person must look at them |
//!
//! An addition is charged by the size of the whole item, so attribute names are short: each choice
//! stands for itself as one letter, `a` for the first of its list, and the lists only ever grow at
//! their end. `BY_STATUS` grows by some 30 bytes a month.

pub mod counted;
pub(crate) mod layout;
pub mod lock;
pub mod snapshot;

use crate::counters::layout::{
    AT_TOTAL, BY_DAY, CELLS, FRONT, PAYMENTS, at_quarter, cells_of, of_total, place_of,
};
use crate::counters::snapshot::{STAMP, WRITES, place_of_order, writes_of};
use crate::orders::unpaid;
use crate::orders::watermarks::WatermarkAdvance;
use crate::{Table, TableError, key, keys};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use futures::future::try_join_all;
use jiff::civil::Date;
use oms_domain::Decimal;
use oms_domain::calendar::runs;
use oms_domain::reconciliation::{Counters, Difference};
use oms_domain::statistics::Counts;
use oms_domain::tally::{Counter, Scope, Tally};
use oms_domain::totals::TotalBucket;
use std::collections::{BTreeMap, BTreeSet};

/// Until when an operator's lock stands.
pub(crate) const HELD: &str = "held";
/// What the lock asks of whoever counts.
pub(crate) const JOURNAL: &str = "journal";

/// How many items a transaction may have.
const TRANSACTION_LIMIT: usize = 100;

/// How a write stands to an operator's lock.
#[derive(Clone, Copy)]
enum Lock<'a> {
    /// It wants that there is none.
    None,
    /// It keeps the journal that the lock asks for, and wants that this is still so.
    Journal(&'a str),
    /// The lock is the writer's own.
    Ours,
}

/// An order of which something is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The move of its watermark.
    pub claim: WatermarkAdvance,
    /// Whose counters it is counted in.
    pub scopes: [Scope; 3],
}

/// What is written to one item.
#[derive(Clone, Debug, Default, PartialEq)]
struct Writes {
    add: BTreeMap<String, Decimal>,
    set: BTreeMap<String, AttributeValue>,
}

/// What is written, by scope and sort key.
type Additions = BTreeMap<(Scope, String), Writes>;

/// What a tally adds to which items. `BY_STATUS` learns how often days have been written.
fn additions(cells: impl IntoIterator<Item = (Scope, Counter, Decimal)>) -> Additions {
    let mut additions = Additions::new();
    for (scope, cell, value) in cells {
        let (sk, name) = place_of(&cell);
        additions.entry((scope, sk)).or_default().add.insert(name, value);
    }
    let mut days = Vec::new();
    for ((scope, sk), writes) in &mut additions {
        if let Some(name) = writes_of(sk) {
            writes.add.insert(WRITES.to_owned(), Decimal::ONE);
            days.push((scope.clone(), name));
        }
    }
    for (scope, name) in days {
        additions.entry((scope, FRONT.to_owned())).or_default().add.insert(name, Decimal::ONE);
    }
    additions
}

/// What is written where some orders are counted: also that they are.
fn additions_of(counted: &[Counted], tally: &Tally) -> Additions {
    let cells = tally.iter().map(|(scope, cell, value)| (scope.clone(), cell, value));
    let mut additions = additions(cells);
    for Counted { claim, scopes } in counted {
        for scope in scopes {
            let (place, value) = place_of_order(claim.order, claim.to);
            let front = additions.entry((scope.clone(), FRONT.to_owned())).or_default();
            front.set.insert(place, value);
            front.set.insert(STAMP.to_owned(), stamp());
            if claim.seen == 0 && matches!(scope, Scope::User(_)) {
                let pending = additions.entry((scope.clone(), unpaid::sk_of_counters())).or_default();
                *pending.add.entry(unpaid::KNOWN.to_owned()).or_default() += Decimal::ONE;
            }
        }
    }
    additions
}

fn stamp() -> AttributeValue {
    AttributeValue::S(oms_runtime::ids::random_uuid_v7().simple().to_string())
}

/// Whether orders and the counters of their tally fit into one transaction, with an entry of a
/// journal.
#[must_use]
pub fn fits(counted: &[Counted], tally: &Tally) -> bool {
    counted.len() + additions_of(counted, tally).len() < TRANSACTION_LIMIT
}

impl Table {
    /// The orders of a scope by quarter of an hour, of some days: those that follow one another
    /// are read together. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn quarter_hours(&self, scope: &Scope, days: &BTreeSet<Date>) -> Result<Counts, TableError> {
        let runs = runs(days);
        let reads = runs
            .iter()
            .map(|(first, last)| self.between(keys::counters(scope), at_quarter(*first), at_quarter(*last)));
        let items: Vec<_> = try_join_all(reads).await?.into_iter().flatten().collect();
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The same by consistent reads, as they stand in the table.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn quarters_now(
        &self,
        scope: &Scope,
        days: &BTreeSet<Date>,
    ) -> Result<Vec<(Counter, Decimal)>, TableError> {
        let reads = runs(days).into_iter().map(|(first, last)| {
            self.between_exactly(keys::counters(scope), at_quarter(first), at_quarter(last))
        });
        let items: Vec<_> = try_join_all(reads).await?.into_iter().flatten().collect();
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The orders of a scope by status, and all else that statistics show but the days. Not a
    /// consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counts_by_status(&self, scope: &Scope) -> Result<Counts, TableError> {
        let items = self.between(keys::counters(scope), FRONT.to_owned(), FRONT.to_owned()).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The payments of a scope by facets alone. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counts_of_payments(&self, scope: &Scope) -> Result<Counts, TableError> {
        let items = self.between(keys::counters(scope), PAYMENTS.to_owned(), PAYMENTS.to_owned()).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The orders of a scope by facets alone. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counts_by_facets(&self, scope: &Scope) -> Result<Counts, TableError> {
        let items = self.between(keys::counters(scope), CELLS.to_owned(), format!("{CELLS}~")).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The orders of a scope by day, from the month of `since` on. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counts_by_day(&self, scope: &Scope, since: Date) -> Result<Counts, TableError> {
        let from = format!("{BY_DAY}{}", since.strftime("%Y-%m"));
        let items = self.between(keys::counters(scope), from, format!("{BY_DAY}~")).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The orders of a scope by total: coarsely, or within a coarse bucket. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counts_by_total(
        &self,
        scope: &Scope,
        within: Option<TotalBucket>,
    ) -> Result<Counts, TableError> {
        let sk = within.map_or_else(|| AT_TOTAL.to_owned(), of_total);
        let items = self.between(keys::counters(scope), sk.clone(), sk).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// Every counter of a scope that is not zero. A consistent read of all there is, for verifying.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn cells(&self, scope: &Scope) -> Result<Counters, TableError> {
        let items = self.range(keys::counters(scope), "", true).await?;
        let cells = items.iter().flat_map(cells_of);
        Ok(cells.filter(|(_, value)| !value.is_zero()).collect())
    }

    /// Adds a tally to the counters, and moves the watermarks of the orders that it is of, all or
    /// nothing; with them goes an entry of the journal that an operator's lock asks for
    /// ([`Table::state_of_counter_lock`]).
    ///
    /// # Errors
    /// [`TableError::Conflict`] where a watermark is not as it was seen: somebody else has counted
    /// some of it; and where the lock asks for something else.
    pub async fn count(
        &self,
        consumer: &str,
        counted: &[Counted],
        tally: &Tally,
        journal: Option<&str>,
    ) -> Result<(), TableError> {
        let lock = journal.map_or(Lock::None, Lock::Journal);
        let mut items = Vec::with_capacity(TRANSACTION_LIMIT);
        if let Some(journal) = journal {
            items.push(self.journal_entry(journal, counted)?);
        }
        for counted in counted {
            items.push(self.move_watermark(consumer, &counted.claim)?);
        }
        for ((scope, sk), writes) in additions_of(counted, tally) {
            items.push(self.add(&scope, sk, writes, lock)?);
        }
        self.transact(items, None).await.map_err(TableError::or_conflict)
    }

    /// Adds what is missing to the wrong counters of a scope, and takes away what is too much. As
    /// it adds, what the consumer counts meanwhile stays counted.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written; then some may be corrected, and verifying
    /// tells which are not.
    pub async fn correct(&self, scope: &Scope, wrong: &[Difference]) -> Result<(), TableError> {
        let cells = wrong.iter().map(|one| (scope.clone(), one.cell, one.expected - one.counted));
        let cells: Vec<_> = cells.collect();
        // Each days' item and `BY_STATUS` together, which tells how often days are written.
        for cells in cells.chunks(TRANSACTION_LIMIT - 2) {
            let mut additions = additions(cells.iter().cloned());
            let front = additions.entry((scope.clone(), FRONT.to_owned())).or_default();
            front.set.insert(STAMP.to_owned(), stamp());
            let items = additions
                .into_iter()
                .map(|((scope, sk), writes)| self.add(&scope, sk, writes, Lock::Ours))
                .collect::<Result<_, _>>()?;
            self.transact(items, None).await.map_err(TableError::or_conflict)?;
        }
        Ok(())
    }

    /// Every order counts among all orders, on whose counters a lock stands.
    fn add(
        &self,
        scope: &Scope,
        sk: String,
        writes: Writes,
        lock: Lock<'_>,
    ) -> Result<TransactWriteItem, TableError> {
        let mut update = Update::builder().table_name(&self.name);
        if *scope == Scope::All && sk == FRONT {
            update = match lock {
                Lock::None => update
                    .condition_expression("attribute_not_exists(#held)")
                    .expression_attribute_names("#held", HELD),
                Lock::Journal(state) => update
                    .condition_expression("#journal = :journal")
                    .expression_attribute_names("#journal", JOURNAL)
                    .expression_attribute_values(":journal", AttributeValue::S(state.to_owned())),
                Lock::Ours => update,
            };
        }
        update = update.set_key(Some(key(keys::counters(scope), sk)));
        let add = writes.add.into_iter().map(|(name, value)| (name, AttributeValue::N(value.to_string())));
        let clauses =
            [("ADD", " ", add.collect::<Vec<_>>()), ("SET", " = ", writes.set.into_iter().collect())];
        let mut expression = Vec::new();
        let mut number = 0;
        for (verb, between, values) in clauses {
            let mut parts = Vec::with_capacity(values.len());
            for (name, value) in values {
                parts.push(format!("#a{number}{between}:v{number}"));
                update = update
                    .expression_attribute_names(format!("#a{number}"), name)
                    .expression_attribute_values(format!(":v{number}"), value);
                number += 1;
            }
            if !parts.is_empty() {
                expression.push(format!("{verb} {}", parts.join(", ")));
            }
        }
        let update = update.update_expression(expression.join(" "));
        let update = update.build().map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

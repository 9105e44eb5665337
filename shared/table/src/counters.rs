//! The counters that statistics and counts are read from, one small item a group of a scope.
//!
//! | sk | attributes |
//! |---|---|
//! | `AT_QUARTER#<day>` | `n<quarter><currency>` orders placed, `r<quarter><currency>` revenue, by quarter of an hour |
//! | `AT_TOTAL` | `n…` orders, by the size and first two digits of their total |
//! | `AT_TOTAL#<size and two digits>` | `n<two more digits>` orders |
//! | `BY_DAY#<year>-<month>` | `n<day><currency>` orders placed, `r<day><currency>` revenue |
//! | `BY_STATUS` | all that statistics show but the days, and of which orders it has what (see [`crate::counters::snapshot`]): `n<status><currency>` orders, `a<status><currency>` amount; `o<year><month>` orders placed, `e<year><month><currency>` revenue; `p<status><currency>` payments, `q<status><currency>` amount, `m<method>` payments, `r<currency>` refunded; `l` lines, `v` how many were rated, `s` their stars; `c<from><to>` how often, `t<from><to>` microseconds together; of a user what `CELLS` and `PAYMENTS` have of others, `f<status>…` and `g…`, so that an order of theirs is counted in one item, and `k`, how many of their orders have ever been counted; of all orders `held` and `journal`, an operator's lock ([`crate::counters::lock`]) |
//! | `CELLS#<status>` | `n…` orders by payment status, payment method, shipping method, currency; of a store and of all |
//! | `PAYMENTS` | `n…` payments by status, method, currency, and `!` where a person must look at them; of a store and of all |
//! | every one | `=<shard>`, up to which record of the stream's shard it has counted ([`crate::counters::stream_position`]) |
//!
//! An addition is charged by the size of the whole item, so attribute names are short: each choice
//! stands for itself as one letter, `a` for the first of its list, and the lists only ever grow at
//! their end. `BY_STATUS` grows by some 30 bytes a month.

pub mod batches;
pub mod counted;
pub(crate) mod layout;
pub mod lock;
mod read;
pub mod snapshot;
pub mod stream_position;

use crate::counters::layout::{
    AT_TOTAL, BY_DAY, CELLS, FRONT, PAYMENTS, at_quarter, cells_of, of_total, place_of,
};
pub use crate::counters::read::CountersRead;
use crate::counters::snapshot::{STAMP, place_of_order};
use crate::counters::stream_position::Lanes;
use crate::orders::unpaid;
use crate::{Item, Table, TableError, key, keys, text};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use futures::future::try_join_all;
use jiff::civil::Date;
use oms_domain::calendar::runs;
use oms_domain::reconciliation::{Counters, Difference};
use oms_domain::tally::{Counter, Scope, Tally};
use oms_domain::totals::TotalBucket;
use oms_domain::{Decimal, OrderId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Until when an operator's lock stands.
pub(crate) const HELD: &str = "held";
/// What the lock asks of whoever counts.
pub(crate) const JOURNAL: &str = "journal";

/// How many items a transaction may have.
const TRANSACTION_LIMIT: usize = 100;

/// An order of which something is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The order.
    pub order: OrderId,
    /// The version up to which it is counted already; 0 for none.
    pub from: u64,
    /// The version up to which it is counted now.
    pub to: u64,
    /// Whose counters it is counted in.
    pub scopes: [Scope; 3],
}

/// What is written to one item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Writes {
    add: BTreeMap<String, Decimal>,
    set: BTreeMap<String, AttributeValue>,
}

/// An item of counters: whose, and its sort key.
pub type Place = (Scope, String);

/// What is written, by item.
pub type Additions = BTreeMap<Place, Writes>;

/// The item that every batch writes first.
#[must_use]
pub fn front_of_all() -> Place {
    (Scope::All, FRONT.to_owned())
}

/// The sort key of the item that a counter of a scope stands in.
#[must_use]
pub fn item_of(scope: &Scope, cell: &Counter) -> String {
    place_of(scope, cell).0
}

/// What a tally adds to which items.
fn additions(cells: impl IntoIterator<Item = (Scope, Counter, Decimal)>) -> Additions {
    let mut additions = Additions::new();
    for (scope, cell, value) in cells {
        let (sk, name) = place_of(&scope, &cell);
        additions.entry((scope, sk)).or_default().add.insert(name, value);
    }
    additions
}

/// What is written where an order is counted: also that it is.
#[must_use]
pub fn additions_of(counted: &Counted, tally: &Tally) -> Additions {
    let cells = tally.iter().map(|(scope, cell, value)| (scope.clone(), cell, value));
    let mut additions = additions(cells);
    let Counted { order, from, to, scopes } = counted;
    for scope in scopes {
        let (place, value) = place_of_order(*order, *to);
        let front = additions.entry((scope.clone(), FRONT.to_owned())).or_default();
        front.set.insert(place, value);
        if *from == 0 && matches!(scope, Scope::User(_)) {
            *front.add.entry(unpaid::KNOWN.to_owned()).or_default() += Decimal::ONE;
        }
    }
    additions
}

/// Writes more, after what was to be written. Where additions cancel out, the item is written all
/// the same: how far it has counted must not depend on what they are taken together with.
pub fn absorb(additions: &mut Additions, more: Additions) {
    for (place, Writes { add, set }) in more {
        let writes = additions.entry(place).or_default();
        for (name, value) in add {
            *writes.add.entry(name).or_default() += value;
        }
        writes.set.extend(set);
    }
}

fn stamp() -> AttributeValue {
    AttributeValue::S(oms_runtime::ids::random_uuid_v7().simple().to_string())
}

/// An expression that adds and sets, with its names and values.
#[derive(Default)]
struct Expression {
    text: String,
    names: HashMap<String, String>,
    values: Item,
}

impl Expression {
    fn of(writes: Writes) -> Self {
        let add = writes.add.into_iter().filter(|(_, value)| !value.is_zero());
        let add = add.map(|(name, value)| (name, AttributeValue::N(value.to_string())));
        let clauses =
            [("ADD", " ", add.collect::<Vec<_>>()), ("SET", " = ", writes.set.into_iter().collect())];
        let mut expression = Self::default();
        let mut texts = Vec::new();
        for (verb, between, values) in clauses {
            let mut parts = Vec::with_capacity(values.len());
            for (name, value) in values {
                let number = expression.names.len();
                parts.push(format!("#a{number}{between}:v{number}"));
                expression.names.insert(format!("#a{number}"), name);
                expression.values.insert(format!(":v{number}"), value);
            }
            if !parts.is_empty() {
                texts.push(format!("{verb} {}", parts.join(", ")));
            }
        }
        expression.text = texts.join(" ");
        expression
    }
}

impl Table {
    /// The orders of a scope by quarter of an hour, of some days: those that follow one another
    /// are read together. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn quarter_hours(
        &self,
        scope: &Scope,
        days: &BTreeSet<Date>,
    ) -> Result<CountersRead, TableError> {
        let runs = runs(days);
        let reads =
            runs.iter().map(|(first, last)| self.counters(scope, at_quarter(*first), at_quarter(*last)));
        let mut reads = try_join_all(reads).await?.into_iter();
        let first = reads.next().unwrap_or_else(|| CountersRead::nothing(scope));
        Ok(reads.fold(first, CountersRead::and))
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
    pub async fn counts_by_status(&self, scope: &Scope) -> Result<CountersRead, TableError> {
        self.counters(scope, FRONT.to_owned(), FRONT.to_owned()).await
    }

    /// The payments of a scope by facets, of a user with all that statistics show. Not a consistent
    /// read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counts_of_payments(&self, scope: &Scope) -> Result<CountersRead, TableError> {
        let sk = if matches!(scope, Scope::User(_)) { FRONT } else { PAYMENTS };
        self.counters(scope, sk.to_owned(), sk.to_owned()).await
    }

    /// The orders of a scope by facets, of a user with all that statistics show. Not a consistent
    /// read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counts_by_facets(&self, scope: &Scope) -> Result<CountersRead, TableError> {
        if matches!(scope, Scope::User(_)) {
            return self.counts_by_status(scope).await;
        }
        self.counters(scope, CELLS.to_owned(), format!("{CELLS}~")).await
    }

    /// The orders of a scope by day, from the month of `since` on. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counts_by_day(&self, scope: &Scope, since: Date) -> Result<CountersRead, TableError> {
        let from = format!("{BY_DAY}{}", since.strftime("%Y-%m"));
        self.counters(scope, from, format!("{BY_DAY}~")).await
    }

    /// The orders of a scope by total: coarsely, or within a coarse bucket. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counts_by_total(
        &self,
        scope: &Scope,
        within: Option<TotalBucket>,
    ) -> Result<CountersRead, TableError> {
        let sk = within.map_or_else(|| AT_TOTAL.to_owned(), of_total);
        self.counters(scope, sk.clone(), sk).await
    }

    /// Every counter of a scope that is not zero. A consistent read of all there is, for verifying.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn cells(&self, scope: &Scope) -> Result<Counters, TableError> {
        Ok(self.cells_by_item(scope).await?.into_iter().flat_map(|(_, _, cells)| cells).collect())
    }

    /// The same by item: its sort key, how far it has got with the stream, and its counters. What
    /// stands where its scope has it no more is left out.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn cells_by_item(
        &self,
        scope: &Scope,
    ) -> Result<Vec<(String, Lanes, Vec<(Counter, Decimal)>)>, TableError> {
        let items = self.range(keys::counters(scope), "", true).await?;
        let of_item = |item: &Item| {
            let sk = text(item, keys::SK);
            let is_here = |cell: &Counter| item_of(scope, cell) == sk;
            let cells = cells_of(item).filter(|(cell, value)| !value.is_zero() && is_here(cell));
            (sk.to_owned(), Lanes::read(item), cells.collect())
        };
        Ok(items.iter().map(of_item).collect())
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
        for cells in cells.chunks(TRANSACTION_LIMIT - 1) {
            let mut additions = additions(cells.iter().cloned());
            let front = additions.entry((scope.clone(), FRONT.to_owned())).or_default();
            front.set.insert(STAMP.to_owned(), stamp());
            let items = additions
                .into_iter()
                .map(|((scope, sk), writes)| self.add(&scope, sk, writes))
                .collect::<Result<_, _>>()?;
            self.transact(items, None).await.map_err(TableError::or_conflict)?;
        }
        Ok(())
    }

    fn add(&self, scope: &Scope, sk: String, writes: Writes) -> Result<TransactWriteItem, TableError> {
        let Expression { text, names, values } = Expression::of(writes);
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key(keys::counters(scope), sk)))
            .update_expression(text)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values));
        let update = update.build().map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

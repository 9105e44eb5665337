//! The counters that statistics and counts are read from, one small item a group of a scope.
//!
//! | sk | attributes |
//! |---|---|
//! | `AT_QUARTER#<day>` | `n<quarter><currency>` orders placed, `r<quarter><currency>` revenue, by quarter of an hour |
//! | `AT_STATUS` | `n<status>` orders |
//! | `AT_TOTAL` | `n…` orders, by the size and first two digits of their total |
//! | `AT_TOTAL#<size and two digits>` | `n<two more digits>` orders |
//! | `BY_DAY#<year>-<month>` | `n<day><currency>` orders placed, `r<day><currency>` revenue |
//! | `CELLS#<status>` | `n…` orders, `a…` amount, by payment status, payment method, shipping method, currency; `l` their lines, `v` how many were rated, `s` their stars |
//! | `PAYMENTS` | `n…` payments, `a…` amount, by status, method, currency; `r<currency>` refunded |
//! | `STAMP` | `v` a text that is another one after each change of the scope's counters; of all orders `held`, until when nothing is counted ([`super::hold`]) |
//! | `TRANSITIONS` | `n<from><to>` how often, `t<from><to>` microseconds together |
//!
//! An addition is charged by the size of the whole item, so attribute names are short: each choice
//! stands for itself as one letter, `a` for the first of its list, and the lists only ever grow at
//! their end. The sort keys begin where one query reads the last months and all the rest.

use super::counter_names::{
    AT_QUARTER, AT_STATUS, AT_TOTAL, BY_DAY, CELLS, PAYMENTS, at_quarter, cells_of, of_total, place_of,
};
use super::watermarks::Claim;
use super::{Table, TableError, key, keys};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use futures::future::try_join_all;
use jiff::civil::Date;
use oms_domain::Decimal;
use oms_domain::drift::{Cells, Difference};
use oms_domain::statistics::Counts;
use oms_domain::tally::{Cell, Scope, Tally};
use oms_domain::totals::TotalBucket;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const STAMP: &str = "STAMP";
const STAMP_VALUE: &str = "v";
/// While it is there, nothing is counted.
pub(super) const HELD: &str = "held";

/// How many items a transaction may have.
const TRANSACTION_LIMIT: usize = 100;

/// Whether a hold keeps a write from being done.
#[derive(Clone, Copy)]
enum Hold {
    Heeded,
    /// It is the writer's own.
    Ours,
}

/// The additions to one item.
type Additions = BTreeMap<(Scope, String), BTreeMap<String, Decimal>>;

fn additions(tally: &Tally) -> Additions {
    let mut additions = Additions::new();
    for (scope, cell, value) in tally.iter() {
        let (sk, name) = place_of(&cell);
        additions.entry((scope.clone(), sk)).or_default().insert(name, value);
    }
    additions
}

fn scopes_of(additions: &Additions) -> BTreeSet<&Scope> {
    additions.keys().map(|(scope, _)| scope).collect()
}

/// Whether claims and the counters of a tally fit into one transaction.
#[must_use]
pub fn fits(claims: usize, tally: &Tally) -> bool {
    let additions = additions(tally);
    claims + additions.len() + scopes_of(&additions).len() <= TRANSACTION_LIMIT
}

impl Table {
    /// The counters of a scope: of the months from `since` on, and all that have no month. Not a
    /// consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counts(&self, scope: &Scope, since: Date) -> Result<Counts, TableError> {
        let from = format!("{BY_DAY}{}", since.strftime("%Y-%m"));
        let items = self.range(keys::counters(scope), &from, false).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The orders of a scope by quarter of an hour, of some days: those that follow one another
    /// are read together. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn quarters(&self, scope: &Scope, days: &BTreeSet<Date>) -> Result<Counts, TableError> {
        let runs = runs(days);
        let reads = runs
            .iter()
            .map(|(first, last)| self.between(keys::counters(scope), at_quarter(*first), at_quarter(*last)));
        let items: Vec<_> = try_join_all(reads).await?.into_iter().flatten().collect();
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// What [`counts`](Self::counts) and [`quarters`](Self::quarters) give, by consistent reads,
    /// together with what is still to be counted.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn counts_and(
        &self,
        scope: &Scope,
        since: Date,
        days: &BTreeSet<Date>,
        missing: &Tally,
    ) -> Result<Counts, TableError> {
        let from = format!("{BY_DAY}{}", since.strftime("%Y-%m"));
        let quarters = runs(days).into_iter().map(|(first, last)| (at_quarter(first), at_quarter(last)));
        // After every sort key that is used.
        let ranges = quarters.chain([(from, "~".to_owned())]);
        let reads = ranges.map(|(from, to)| self.between_exactly(keys::counters(scope), from, to));
        let items: Vec<_> = try_join_all(reads).await?.into_iter().flatten().collect();
        let is_asked_for = |cell: &Cell| match place_of(cell).0.strip_prefix(AT_QUARTER) {
            Some(day) => day.parse().is_ok_and(|day| days.contains(&day)),
            None => true,
        };
        let missing = missing.of(scope).filter(|(cell, _)| is_asked_for(cell));
        let mut cells: BTreeMap<Cell, Decimal> = BTreeMap::new();
        for (cell, value) in items.iter().flat_map(cells_of).chain(missing) {
            *cells.entry(cell).or_default() += value;
        }
        Ok(cells.into_iter().collect())
    }

    /// The orders of a scope by status alone. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub(crate) async fn counts_by_status(&self, scope: &Scope) -> Result<Counts, TableError> {
        let items = self.between(keys::counters(scope), AT_STATUS.to_owned(), AT_STATUS.to_owned()).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The payments of a scope alone. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub(crate) async fn counts_of_payments(&self, scope: &Scope) -> Result<Counts, TableError> {
        let items = self.between(keys::counters(scope), PAYMENTS.to_owned(), PAYMENTS.to_owned()).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The orders of a scope by facets alone. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub(crate) async fn counts_by_facets(&self, scope: &Scope) -> Result<Counts, TableError> {
        let items = self.between(keys::counters(scope), CELLS.to_owned(), format!("{CELLS}~")).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The orders of a scope by day, from the month of `since` on. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub(crate) async fn counts_by_day(&self, scope: &Scope, since: Date) -> Result<Counts, TableError> {
        let from = format!("{BY_DAY}{}", since.strftime("%Y-%m"));
        let items = self.between(keys::counters(scope), from, format!("{BY_DAY}~")).await?;
        Ok(items.iter().flat_map(cells_of).collect())
    }

    /// The orders of a scope by total: coarsely, or within a coarse bucket. Not a consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub(crate) async fn counts_by_total(
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
    pub async fn cells(&self, scope: &Scope) -> Result<Cells, TableError> {
        let items = self.range(keys::counters(scope), "", true).await?;
        let cells = items.iter().flat_map(cells_of);
        Ok(cells.filter(|(_, value)| !value.is_zero()).collect())
    }

    /// Adds a tally to the counters, and moves the watermarks of the orders that it is of, all or
    /// nothing.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where a watermark is not as it was seen: somebody else has counted
    /// some of it; and where a hold keeps everything from being counted.
    pub async fn count(&self, consumer: &str, claims: &[Claim], tally: &Tally) -> Result<(), TableError> {
        let mut items = Vec::with_capacity(TRANSACTION_LIMIT);
        for claim in claims {
            items.push(self.move_watermark(consumer, claim)?);
        }
        let additions = additions(tally);
        for scope in scopes_of(&additions) {
            items.push(self.stamp(scope, Hold::Heeded)?);
        }
        for ((scope, sk), values) in additions {
            items.push(self.add(keys::counters(&scope), sk, values)?);
        }
        self.transact(items).await.map_err(TableError::or_conflict)
    }

    /// The stamps of some scopes, in one trip and as consistent reads, in no order: other ones as
    /// soon as any of their counters has changed.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn stamps(&self, scopes: &[Scope]) -> Result<BTreeMap<String, String>, TableError> {
        let wanted = scopes.iter().map(|scope| (keys::counters(scope), STAMP.to_owned()));
        let items = self.get_items(wanted.collect()).await?;
        let text = |item: &super::Item, name: &str| super::text(item, name).to_owned();
        Ok(items.iter().map(|item| (text(item, keys::PK), text(item, STAMP_VALUE))).collect())
    }

    /// Moves a scope's stamp. Every order counts among all orders, whose stamp a hold stands on.
    fn stamp(&self, scope: &Scope, hold: Hold) -> Result<TransactWriteItem, TableError> {
        let stamp = crate::config::random_uuid_v7().simple().to_string();
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key(keys::counters(scope), STAMP.to_owned())))
            .update_expression("SET #stamp = :stamp")
            .expression_attribute_names("#stamp", STAMP_VALUE)
            .expression_attribute_values(":stamp", AttributeValue::S(stamp));
        let update = match (hold, scope) {
            (Hold::Heeded, Scope::All) => update
                .condition_expression("attribute_not_exists(#held)")
                .expression_attribute_names("#held", HELD),
            (Hold::Heeded, Scope::User(_) | Scope::Store(_)) | (Hold::Ours, _) => update,
        };
        let update = update.build().map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Adds what is missing to the wrong counters of a scope, and takes away what is too much. As it
    /// adds, what the consumer counts meanwhile stays counted.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written; then some may be corrected, and verifying
    /// tells which are not.
    pub async fn correct(&self, scope: &Scope, wrong: &[Difference]) -> Result<(), TableError> {
        let mut additions: BTreeMap<String, BTreeMap<String, Decimal>> = BTreeMap::new();
        for Difference { cell, counted, expected } in wrong {
            let (sk, name) = place_of(cell);
            additions.entry(sk).or_default().insert(name, expected - counted);
        }
        let pk = keys::counters(scope);
        let items: Vec<_> = additions
            .into_iter()
            .map(|(sk, values)| self.add(pk.clone(), sk, values))
            .collect::<Result<_, _>>()?;
        for items in items.chunks(TRANSACTION_LIMIT - 1) {
            let stamped = items.iter().cloned().chain([self.stamp(scope, Hold::Ours)?]);
            self.transact(stamped.collect()).await.map_err(TableError::or_conflict)?;
        }
        Ok(())
    }

    fn add(
        &self,
        pk: String,
        sk: String,
        values: BTreeMap<String, Decimal>,
    ) -> Result<TransactWriteItem, TableError> {
        let mut update = Update::builder().table_name(&self.name).set_key(Some(key(pk, sk)));
        let mut clauses = Vec::with_capacity(values.len());
        for (n, (name, value)) in values.into_iter().enumerate() {
            clauses.push(format!("#a{n} :v{n}"));
            update = update
                .expression_attribute_names(format!("#a{n}"), name)
                .expression_attribute_values(format!(":v{n}"), AttributeValue::N(value.to_string()));
        }
        let update = update.update_expression(format!("ADD {}", clauses.join(", ")));
        let update = update.build().map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// The first and last of each run of days without a gap.
fn runs(days: &BTreeSet<Date>) -> Vec<(Date, Date)> {
    let mut runs: Vec<(Date, Date)> = Vec::new();
    for day in days {
        match runs.last_mut().filter(|(_, last)| last.tomorrow().ok().as_ref() == Some(day)) {
            Some((_, last)) => *last = *day,
            None => runs.push((*day, *day)),
        }
    }
    runs
}

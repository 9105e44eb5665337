//! Folds the changes of orders into the counters, and into the entries that lists find them by.
//!
//! Exactly once, by plain writes. The watermark of each order says which version is being counted,
//! and by which records of the stream; then each item of counters takes what they add to it, in one
//! write that also says up to which record of the shard it has counted. A batch that comes again
//! after it was done in part finds that in each item, and adds what is missing there. A shard is
//! read by one invocation at a time, in its order, so a batch is either behind what an item has, or
//! next, or the very one that was under way. The whole log in each record makes up for one that
//! never came.

mod uncounted;

use self::uncounted::Uncounted;
use super::failures::Unapplied;
use super::stream::OrderImage;
use crate::app::App;
use crate::statistics::verify::STATS;
use futures::{StreamExt, TryStreamExt};
use oms_domain::Order;
use oms_domain::business_metrics::measures;
use oms_domain::tally::Scope;
use oms_runtime::logging::chain;
use oms_runtime::metrics::Metrics;
use oms_runtime::retry;
use oms_table::TableError;
use oms_table::counters::batches::{Lock, Outcome};
use oms_table::counters::stream_position::{BatchRange, Sequence, Shard};
use oms_table::counters::{self, Additions, Counted, Place, Writes, additions_of, front_of_all};

/// How many orders, or items of counters, are written at the same time.
const AT_ONCE: usize = 32;

/// Counts what is new about the orders of a batch; what it could not count. A batch is counted as a
/// whole or comes again as a whole, but for what would fail each time. Where nobody says which
/// shard it is of, as in an event made by hand, each order is a shard of its own, and its versions
/// are the records' numbers: right as well, but each order leaves its mark in the counters for a
/// day.
///
/// # Panics
/// Where DynamoDB will never take what several records count for together: so Lambda delivers them
/// in halves, until the one that it does not take is alone and set aside.
pub async fn apply(
    app: &App,
    metrics: Option<Metrics>,
    shard: Option<&Shard>,
    arrived: Vec<OrderImage>,
) -> Unapplied {
    let Some(shard) = shard else {
        let mut unapplied = Unapplied::default();
        for mut one in arrived {
            let shard = Shard::new(&one.order.id.to_string());
            let versions =
                one.versions.into_values().map(|version| (Sequence::new(&version.to_string()), version));
            one.versions = versions.collect();
            unapplied.absorb(apply_batch(app, metrics, &shard, vec![one]).await);
        }
        return unapplied;
    };
    let all = records_of(&arrived);
    match try_batch(app, metrics, shard, arrived).await {
        Ok(unapplied) => unapplied,
        Err(error) if !error.is_lasting() => to_come_again(all, &error),
        Err(error) if all.len() > 1 => panic!("these cannot be counted together: {}", chain(&error)),
        Err(error) => {
            tracing::error!(error = chain(&error), "cannot be counted");
            let mut unapplied = Unapplied::default();
            unapplied.set_aside(all, error);
            unapplied
        }
    }
}

/// The same of a batch whose shard is known, as an operator has it: all that it could not count is
/// left to be looked at again.
pub(super) async fn apply_batch(
    app: &App,
    metrics: Option<Metrics>,
    shard: &Shard,
    arrived: Vec<OrderImage>,
) -> Unapplied {
    let all = records_of(&arrived);
    try_batch(app, metrics, shard, arrived).await.unwrap_or_else(|error| to_come_again(all, &error))
}

fn records_of(arrived: &[OrderImage]) -> Vec<String> {
    arrived.iter().flat_map(|one| one.records.clone()).collect()
}

fn to_come_again(all: Vec<String>, error: &TableError) -> Unapplied {
    tracing::error!(error = chain(error), "could not count");
    Unapplied { again: all, ..Unapplied::default() }
}

/// Counts a batch as a whole, but for what would fail each time.
async fn try_batch(
    app: &App,
    metrics: Option<Metrics>,
    shard: &Shard,
    arrived: Vec<OrderImage>,
) -> Result<Unapplied, TableError> {
    let mut unapplied = Unapplied::default();
    let Some(batch) = range_of(shard, &arrived) else { return Ok(unapplied) };
    // Boxed, or its layout would be too deep for callers that nest it further.
    let counted = Box::pin(count_batch(app, &batch, arrived, &mut unapplied)).await?;
    tracing::debug!(orders = counted.len(), "counted");
    if let Some(metrics) = metrics {
        let figures = counted.iter().flat_map(|one| measures(&one.order, one.seen));
        figures.for_each(|measure| metrics.note(measure));
    }
    Ok(unapplied)
}

/// Where the records of some orders stand in their shard; none where there are none.
fn range_of(shard: &Shard, arrived: &[OrderImage]) -> Option<BatchRange> {
    let sequences = || arrived.iter().flat_map(|one| one.versions.keys());
    let (first, last) = (sequences().min()?.clone(), sequences().max()?.clone());
    Some(BatchRange { shard: shard.clone(), first, last })
}

async fn count_batch(
    app: &App,
    batch: &BatchRange,
    arrived: Vec<OrderImage>,
    unapplied: &mut Unapplied,
) -> Result<Vec<Uncounted>, TableError> {
    let marks = app.table().watermarks(STATS, arrived.iter().map(|one| one.order.id)).await?;
    let arrived = app.free_of_others(batch, arrived, &marks, unapplied).await?;
    let uncounted = app.uncounted_of(batch, arrived, marks).await?;
    let written = write_all_rows(app, uncounted, unapplied).await?;
    // Before the counters, so that whoever reads these can tell what they have.
    let claims = written.into_iter().map(|one| async {
        let claimed = persistently(batch, || claim(app, &one)).await;
        (one, claimed)
    });
    let claimed: Vec<_> = futures::stream::iter(claims).buffer_unordered(AT_ONCE).collect().await;
    let mut written = Vec::with_capacity(claimed.len());
    for (one, claimed) in claimed {
        match claimed {
            Ok(()) => written.push(one),
            // The stream's consumer has it: the others are the operator's all the same.
            Err(TableError::Conflict) if batch.shard.is_of_operator() => {
                unapplied.again.extend(one.records);
            }
            Err(error) => return Err(error),
        }
    }
    persistently(batch, || count_everywhere(app, batch, &written)).await?;
    Ok(written)
}

/// Does something that the stream would bring again, and for an operator nobody does: then it is
/// tried for some seconds, so that what is claimed is counted.
async fn persistently<F: Future<Output = Result<(), TableError>>>(
    batch: &BatchRange,
    work: impl Fn() -> F,
) -> Result<(), TableError> {
    let mut tries = 0;
    loop {
        let done = work().await;
        let passes = matches!(done, Err(TableError::Throttled)) && batch.shard.is_of_operator();
        if !passes || !retry::while_busy(&mut tries).await {
            return done;
        }
    }
}

async fn claim(app: &App, one: &Uncounted) -> Result<(), TableError> {
    if one.found.as_ref() == Some(&one.mark) {
        return Ok(());
    }
    app.table().claim(STATS, one.order.id, one.found.as_ref(), &one.mark).await
}

/// Counts some orders in every item that they change, first in that of all orders.
async fn count_everywhere(app: &App, batch: &BatchRange, orders: &[Uncounted]) -> Result<(), TableError> {
    let mut additions = added(app, orders, None)?;
    let counting = Counting { app, batch, orders };
    if let Some((place, writes)) = additions.remove_entry(&front_of_all()) {
        counting.begin(&place, writes).await?;
    }
    let rest = additions.into_iter().map(|(place, writes)| async move {
        let is_counted = counting.count(&place, writes, Lock::None).await?;
        if is_counted { Ok(()) } else { Err(TableError::Conflict) }
    });
    futures::stream::iter(rest).buffer_unordered(AT_ONCE).try_collect().await
}

/// Brings the rows of some orders up to date; those of which that could be done.
async fn write_all_rows(
    app: &App,
    uncounted: Vec<Uncounted>,
    unapplied: &mut Unapplied,
) -> Result<Vec<Uncounted>, TableError> {
    let mut written = Vec::with_capacity(uncounted.len());
    // Rows come first, so that a list has what its count says.
    let rows = uncounted.into_iter().map(|one| async {
        let rows = match app.added_by(&one.order, &one.versions_after(None)) {
            Ok(_) => write_rows(app, &one).await,
            Err(error) => Err(error),
        };
        (one, rows)
    });
    let mut rows = futures::stream::iter(rows).buffer_unordered(AT_ONCE);
    while let Some((one, rows)) = rows.next().await {
        match rows {
            Ok(()) => written.push(one),
            Err(error) if error.is_lasting() => {
                tracing::error!(order = %one.order.id, error = chain(&error), "cannot be counted");
                unapplied.set_aside(one.records, error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

/// Brings the rows of an order, by which lists and searches find it, up to date.
async fn write_rows(app: &App, one: &Uncounted) -> Result<(), TableError> {
    let order = &one.order;
    let before = order.as_of(one.seen).filter(|before| !before.is_deleted());
    let changes = [(before.as_ref(), order)];
    app.table().write_order_rows([order]).await?;
    app.table().write_payment_rows(changes).await?;
    app.table().write_line_rows(changes).await?;
    app.table().write_search_rows([(before, order)]).await
}

/// What some orders add to an item that has counted the batch up to a record, if any of it.
fn added(app: &App, orders: &[Uncounted], counted: Option<&Sequence>) -> Result<Additions, TableError> {
    let mut additions = Additions::new();
    for one in orders {
        counters::absorb(&mut additions, app.added_by(&one.order, &one.versions_after(counted))?);
    }
    Ok(additions)
}

impl App {
    /// What an order adds to which items as it goes through some of its versions.
    pub(super) fn added_by(&self, order: &Order, versions: &[u64]) -> Result<Additions, TableError> {
        let mut additions = Additions::new();
        let scopes = Scope::of(order);
        for (from, to) in versions.iter().copied().zip(versions.iter().copied().skip(1)) {
            let counted = Counted { order: order.id, from, to, scopes: scopes.clone() };
            let tally = self.tally_between(order, from, to)?;
            counters::absorb(&mut additions, additions_of(&counted, &tally));
        }
        Ok(additions)
    }
}

/// A batch on its way into the counters.
#[derive(Clone, Copy)]
struct Counting<'a> {
    app: &'a App,
    batch: &'a BatchRange,
    orders: &'a [Uncounted],
}

impl Counting<'_> {
    /// Counts in the item of all orders, on which an operator's lock may stand.
    async fn begin(self, place: &Place, writes: Writes) -> Result<(), TableError> {
        let mut journal = None;
        for _ in 0..retry::LOST_RACES_OF_COUNTERS {
            let lock = journal.as_deref().map_or(Lock::None, Lock::Journal);
            if self.count(place, writes.clone(), lock).await? {
                return Ok(());
            }
            journal = self.app.journal_to_keep().await?;
            if let Some(state) = &journal {
                let orders = self.orders.iter().map(|one| one.order.id);
                self.app.table().keep_journal(state, orders).await?;
            }
        }
        Err(TableError::Conflict)
    }

    /// Counts in one item what it has not counted yet; whether it has all now, and no lock stands
    /// in the way.
    async fn count(self, place: &Place, mut writes: Writes, lock: Lock<'_>) -> Result<bool, TableError> {
        let mut reached = None;
        for _ in 0..retry::LOST_RACES_OF_COUNTERS {
            match self.app.table().count(self.batch, place, writes, reached.as_ref(), lock).await? {
                Outcome::Counted => return Ok(true),
                Outcome::Locked => return Ok(false),
                // Also what this very loop has written, where the answer got lost.
                Outcome::Reached(now) if now.last >= self.batch.last => return Ok(true),
                Outcome::Reached(now) => {
                    let mut rest = added(self.app, self.orders, Some(&now.last))?;
                    writes = rest.remove(place).unwrap_or_default();
                    reached = Some(now);
                }
            }
        }
        Err(TableError::Conflict)
    }
}

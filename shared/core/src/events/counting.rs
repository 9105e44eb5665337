//! Folds the changes of orders into the counters, and into the entries that lists find them by.
//!
//! Exactly once: an order's watermark moves in the same transaction as the counters that its
//! changes add to, so that a repeated record finds nothing left to count, and the whole log in each
//! record makes up for one that never came.

use super::failures::{Failed, Unapplied};
use super::stream::{OrderImage, UnappliedOrder};
use crate::app::App;
use crate::statistics::verify::STATS;
use oms_domain::Order;
use oms_domain::business_metrics::{BusinessMetric, measures};
use oms_domain::tally::{Scope, Tally, tally};
use oms_runtime::logging::chain;
use oms_runtime::metrics::Metrics;
use oms_runtime::retry;
use oms_table::TableError;
use oms_table::counters::{Counted, fits};
use oms_table::orders::watermarks::WatermarkAdvance;

/// Counts what is new about some orders; what it could not count.
pub async fn apply(app: &App, metrics: Option<Metrics>, arrived: Vec<OrderImage>) -> Unapplied {
    let mut unapplied = Unapplied::default();
    let mut batches = vec![arrived];
    while let Some(batch) = batches.pop() {
        // Boxed, or its layout would be too deep for callers that nest it further.
        let counting = Box::pin(count_batch(app, metrics, batch, &mut unapplied));
        let Some(Failed { error, mut left }) = counting.await else { continue };
        match left.len() {
            0 => {}
            1 => unapplied.set_aside(left.remove(0).records, error),
            // Which of them cannot be counted shows when each is counted alone.
            _ => batches.extend(left.into_iter().map(|order| vec![order])),
        }
    }
    unapplied
}

/// Counts some orders together, again where others were counting them; what no retry would help.
async fn count_batch(
    app: &App,
    metrics: Option<Metrics>,
    mut arrived: Vec<OrderImage>,
    unapplied: &mut Unapplied,
) -> Option<Failed> {
    let mut journal = None;
    for _ in 0..retry::LOST_RACES_OF_COUNTERS {
        let counting = count_all(app, metrics, std::mem::take(&mut arrived), journal.as_deref(), unapplied);
        match counting.await {
            Ok(raced) if raced.is_empty() => return None,
            Ok(raced) => arrived = raced,
            Err(failed) => {
                tracing::error!(error = chain(&failed.error), "could not count");
                if failed.error.is_lasting() {
                    return Some(failed);
                }
                arrived = failed.left;
                break;
            }
        }
        // It may have been no race, but an operator's lock.
        match app.journal_to_keep().await {
            Ok(asked) => journal = asked,
            Err(error) => {
                tracing::error!(error = chain(&error), "could not look for a lock");
                break;
            }
        }
    }
    unapplied.deliver_again(arrived);
    None
}

/// Counts what is fresh, in as few transactions as it fits into. Orders that somebody else was
/// counting come back, to be looked at again; an error comes with what it left uncounted.
async fn count_all(
    app: &App,
    metrics: Option<Metrics>,
    arrived: Vec<OrderImage>,
    journal: Option<&str>,
    unapplied: &mut Unapplied,
) -> Result<Vec<OrderImage>, Failed> {
    let fresh = app.fresh(STATS, arrived).await?;
    // Before the watermarks move: what is repeated writes the same rows again, or finds newer ones.
    if let Err(error) = write_order_rows(app, &fresh).await {
        let left = fresh.into_iter().map(|fresh| fresh.arrived).collect();
        return Err(Failed { error, left });
    }
    let mut raced = Vec::new();
    let (chunks, too_short) = into_chunks(app, fresh);
    for OrderImage { order, records } in too_short {
        unapplied.set_aside(records, TableError::LogTooShort(order.id));
    }
    let mut chunks = chunks.into_iter();
    while let Some(chunk) = chunks.next() {
        let counted = app.table().count(STATS, &chunk.counted, &chunk.tally, journal).await;
        match counted {
            Ok(()) => {
                tracing::debug!(orders = chunk.counted.len(), "counted");
                if let Some(metrics) = metrics {
                    chunk.measures.into_iter().for_each(|measure| metrics.note(measure));
                }
            }
            Err(TableError::Conflict) => raced.extend(chunk.arrived),
            Err(error) => {
                let left = chunk.arrived.into_iter().chain(raced);
                let left = left.chain(chunks.flat_map(|chunk| chunk.arrived)).collect();
                return Err(Failed { error, left });
            }
        }
    }
    Ok(raced)
}

/// Brings the rows of orders, by which lists and searches find them, up to date.
async fn write_order_rows(app: &App, fresh: &[UnappliedOrder]) -> Result<(), TableError> {
    let orders = fresh.iter().map(|fresh| &fresh.arrived.order);
    app.table().write_order_rows(orders.clone()).await?;
    let changes: Vec<(Option<Order>, &Order)> = fresh
        .iter()
        .map(|UnappliedOrder { arrived, seen }| {
            let order = &arrived.order;
            (order.as_of(*seen).filter(|before| !before.is_deleted()), order)
        })
        .collect();
    let children = changes.iter().map(|(before, after)| (before.as_ref(), *after));
    app.table().write_payment_rows(children.clone()).await?;
    app.table().write_line_rows(children).await?;
    app.table().write_search_rows(changes).await
}

/// What one transaction counts.
#[derive(Default)]
struct Chunk {
    arrived: Vec<OrderImage>,
    counted: Vec<Counted>,
    tally: Tally,
    measures: Vec<BusinessMetric>,
}

/// Orders in as few transactions as they fit into, and those whose log no longer reaches back to
/// what was counted last: counting them would count twice.
fn into_chunks(app: &App, fresh: Vec<UnappliedOrder>) -> (Vec<Chunk>, Vec<OrderImage>) {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut too_short = Vec::new();
    for UnappliedOrder { arrived, seen } in fresh {
        let order = &arrived.order;
        let before = order.as_of(seen);
        // What is new to us, or has been deleted, needs its whole log.
        let needed = if order.is_deleted() { 0 } else { seen };
        if !order.log_reaches(needed) {
            too_short.push(arrived);
            continue;
        }
        let claim = WatermarkAdvance { order: order.id, seen, to: order.version };
        let more = tally(before.as_ref(), order, &app.config().time_zone);
        let figures = measures(order, seen);
        let one = Counted { claim, scopes: Scope::of(order) };
        let has_room = |chunk: &&mut Chunk| {
            let counted: Vec<_> = chunk.counted.iter().chain([&one]).cloned().collect();
            fits(&counted, &chunk.tally.plus(&more))
        };
        match chunks.last_mut().filter(has_room) {
            Some(chunk) => {
                chunk.tally.absorb(more);
                chunk.counted.push(one);
                chunk.arrived.push(arrived);
                chunk.measures.extend(figures);
            }
            None => chunks.push(Chunk {
                arrived: vec![arrived],
                counted: vec![one],
                tally: more,
                measures: figures,
            }),
        }
    }
    (chunks, too_short)
}

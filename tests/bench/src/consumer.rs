//! How many changes a second one consumer of the stream folds into the statistics, and what a
//! change costs, by the size of its batches; and how many lives of orders all consumers of a stream
//! take, where each call of the table takes its time.

use jiff::SignedDuration;
use oms_domain::{Decimal, Order};
use oms_harness::Harness;
use oms_harness::OrderGenerator;
use oms_runtime::deadline::Deadline;
use oms_runtime::invocation::{Invocation, within};
use oms_runtime::meter::Consumed;
use oms_simulation::ceiling::{self, Load, Taken};
use oms_workspace::report::{Fault, Report};
use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

const USERS: u64 = 1_000;
const STORES: u64 = 50;
/// How long after each order the next one is placed: 100,000 a year.
const EVERY: SignedDuration = SignedDuration::from_secs(86_400 / 274);
/// How many changes a batch brings.
const BATCH_SIZES: [usize; 3] = [1, 10, 100];

/// What folding some changes took.
struct Folded {
    changes: u64,
    took: Duration,
    consumed: Consumed,
}

/// Folds all changes of so many orders, each time into an empty table, and reports what it took.
///
/// # Errors
/// Where the table cannot be set up, or something is left uncounted.
pub(crate) async fn run(orders: u64, shards: &[usize], progress: &mut impl Write) -> Result<Report, Fault> {
    let mut text = format!(
        "{:>10} {:>9} {:>10} {:>12} {:>12} {:>13}\n",
        "batch size", "changes", "changes/s", "WCU/change", "RCU/change", "trips/change"
    );
    for size in BATCH_SIZES {
        writeln!(progress, "folding in batches of {size}")?;
        let Folded { changes, took, consumed } = fold(orders, size).await?;
        let each = |total: Decimal| (total / Decimal::from(changes.max(1))).round_dp(2);
        let a_second = u128::from(changes) * 1_000 / took.as_millis().max(1);
        writeln!(
            text,
            "{size:>10} {changes:>9} {a_second:>10} {:>12} {:>12} {:>13}",
            each(consumed.write_units()),
            each(consumed.read_units()),
            each(Decimal::from(consumed.trips)),
        )?;
    }
    writeln!(
        text,
        "\n{:>10} {:>9} {:>10} {:>12} {:>12} {:>13}",
        "shards", "stores", "lives/s", "changes/s", "conflicts", "batches again"
    )?;
    let mut adds_up = true;
    for shards in shards {
        for stores in [STORES, 1] {
            writeln!(progress, "{shards} shards, {stores} stores, on the clock that jumps")?;
            let taken = ceiling::consumer(Load { shards: *shards, stores, orders })?;
            let a_second = |what: u64| u128::from(what) * 1_000 / taken.took.as_millis().max(1);
            let (lives, changes) = (a_second(orders), a_second(taken.changes));
            let Taken { conflicts, again, .. } = taken;
            writeln!(text, "{shards:>10} {stores:>9} {lives:>10} {changes:>12} {conflicts:>12} {again:>13}")?;
            adds_up &= taken.adds_up;
        }
    }
    text.push_str(if adds_up { "drift 0\n" } else { "the statistics do not add up\n" });
    Ok(Report::new(text, adds_up))
}

async fn fold(orders: u64, size: usize) -> Result<Folded, Fault> {
    let harness = Harness::set_up()?;
    let generator =
        OrderGenerator::new(USERS, STORES, harness.app.now() - SignedDuration::from_hours(24 * 300), EVERY);
    let orders = (0..orders).map(|number| generator.order(number)).collect::<Result<Vec<_>, _>>()?;
    let records = records(&orders);
    let scope = Arc::new(Invocation::new("bench".to_owned(), Deadline::default()));
    let began = std::time::Instant::now();
    for batch in records.chunks(size) {
        within(Arc::clone(&scope), harness.apply(batch.to_vec())).await?;
    }
    Ok(Folded { changes: records.len() as u64, took: began.elapsed(), consumed: scope.meter().total() })
}

/// What the stream has of some orders, which are all on their way at the same time: the first
/// change of each, then the second.
fn records(orders: &[Order]) -> Vec<Order> {
    let versions = orders.iter().map(|order| order.version).max().unwrap_or(0);
    (1..=versions)
        .flat_map(|version| {
            orders.iter().filter_map(
                move |order| {
                    if version <= order.version { order.as_of(version) } else { None }
                },
            )
        })
        .collect()
}

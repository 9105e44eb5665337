//! How many orders a second take of one variant, by how many shards its shelf may have.

use oms_simulation::ceiling::shelf::{Rush, Sold, rush};
use oms_workspace::report::{Fault, Report};
use std::fmt::Write as _;
use std::io::Write;

/// How many customers order at the same time.
const BUYERS: u64 = 64;
/// How many pieces an order takes at most.
const MOST: i64 = 3;

/// Has customers order the same thing, with each number of shards, and reports how many a second
/// got it; at last as many as have to share too few pieces.
///
/// # Errors
/// Where it cannot be run.
pub(crate) fn run(orders: u64, shards: &[u32], progress: &mut impl Write) -> Result<Report, Fault> {
    let mut text = format!(
        "{:>10} {:>9} {:>9} {:>10} {:>10} {:>10} {:>9} {:>9}\n",
        "shards", "pieces", "orders/s", "p50 ms", "p99 ms", "conflicts", "refused", "gave up"
    );
    let mut adds_up = true;
    for shards in shards {
        for pieces in [orders * 10, orders] {
            writeln!(progress, "{shards} shards, {pieces} pieces, on the clock that jumps")?;
            let sold = rush(Rush { shards: *shards, pieces, orders, most: MOST, buyers: BUYERS })?;
            let a_second = u128::from(orders) * 1_000 / sold.took.as_millis().max(1);
            let [half, most] = waits(&sold);
            let (refused, gave_up) = (sold.refused.len(), sold.gave_up);
            writeln!(
                text,
                "{shards:>10} {pieces:>9} {a_second:>9} {half:>10} {most:>10} {:>10} {refused:>9} {gave_up:>9}",
                sold.conflicts
            )?;
            adds_up &= sold.adds_up(pieces);
        }
    }
    text.push_str(if adds_up { "no piece lost, none sold twice\n" } else { "the stock does not add up\n" });
    Ok(Report::new(text, adds_up))
}

/// How long half of the orders took at most, and 99 of 100, in milliseconds.
fn waits(sold: &Sold) -> [u128; 2] {
    let mut waits = sold.waits.clone();
    waits.sort_unstable();
    [50, 99].map(|percent| {
        let at = (waits.len() * percent / 100).min(waits.len().saturating_sub(1));
        waits.get(at).map_or(0, |wait| wait.as_millis())
    })
}

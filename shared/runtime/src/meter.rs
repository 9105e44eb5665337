//! What a request costs: DynamoDB's capacity units and the round trips to it.

use crate::invocation;
use futures::future::try_join_all;
use oms_domain::Decimal;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Capacity in tenths of a unit (DynamoDB charges in halves), and round trips.
#[derive(Debug, Default)]
pub struct Meter {
    read_tenths: AtomicU64,
    write_tenths: AtomicU64,
    trips: AtomicU64,
}

impl Meter {
    /// Adds read units, as `ReturnConsumedCapacity` reports them.
    pub fn record_read(&self, units: f64) {
        self.read_tenths.fetch_add(tenths(units), Ordering::Relaxed);
    }

    /// Adds write units, as `ReturnConsumedCapacity` reports them.
    pub fn record_write(&self, units: f64) {
        self.write_tenths.fetch_add(tenths(units), Ordering::Relaxed);
    }

    /// Adds one round trip.
    pub fn record_trip(&self) {
        self.trips.fetch_add(1, Ordering::Relaxed);
    }

    /// What has been recorded so far.
    #[must_use]
    pub fn total(&self) -> Consumed {
        Consumed {
            read_tenths: self.read_tenths.load(Ordering::Relaxed),
            write_tenths: self.write_tenths.load(Ordering::Relaxed),
            trips: self.trips.load(Ordering::Relaxed),
        }
    }
}

/// What a request has cost. Displays as `rcu=0.5;wcu=0;trips=1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consumed {
    /// Read units, in tenths.
    pub read_tenths: u64,
    /// Write units, in tenths.
    pub write_tenths: u64,
    /// Round trips to DynamoDB.
    pub trips: u64,
}

impl Consumed {
    /// Read units.
    #[must_use]
    pub fn read_units(self) -> Decimal {
        units(self.read_tenths)
    }

    /// Write units.
    #[must_use]
    pub fn write_units(self) -> Decimal {
        units(self.write_tenths)
    }
}

impl fmt::Display for Consumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rcu={};wcu={};trips={}", self.read_units(), self.write_units(), self.trips)
    }
}

tokio::task_local! {
    /// What one of several calls that are made at the same time costs.
    static BRANCH: Arc<Meter>;
}

/// Makes calls at the same time: their units add up, but of their round trips only the longest
/// row counts, because that is what the client waits for.
pub async fn side_by_side<T, E>(
    calls: impl IntoIterator<Item = impl Future<Output = Result<T, E>>>,
) -> Result<Vec<T>, E> {
    let mut branches = Vec::new();
    let calls = calls.into_iter().map(|call| {
        let branch = Arc::new(Meter::default());
        branches.push(Arc::clone(&branch));
        BRANCH.scope(branch, call)
    });
    let calls: Vec<_> = calls.collect();
    let answers = try_join_all(calls).await;
    join(&branches);
    answers
}

/// Makes two calls at the same time, of which each may take several trips: like [`side_by_side`].
///
/// # Errors
/// That of whichever fails first.
pub async fn both<A, B, E>(
    one: impl Future<Output = Result<A, E>>,
    other: impl Future<Output = Result<B, E>>,
) -> Result<(A, B), E> {
    let branches = [Arc::new(Meter::default()), Arc::new(Meter::default())];
    let [a, b] = branches.clone();
    let answers = futures::try_join!(BRANCH.scope(a, one), BRANCH.scope(b, other));
    join(&branches);
    answers
}

/// Adds what calls cost that were made at the same time.
fn join(branches: &[Arc<Meter>]) {
    let consumed: Vec<Consumed> = branches.iter().map(|branch| branch.total()).collect();
    with_meter(|meter| {
        let sum = |of: fn(&Consumed) -> u64| consumed.iter().map(of).sum();
        meter.read_tenths.fetch_add(sum(|one| one.read_tenths), Ordering::Relaxed);
        meter.write_tenths.fetch_add(sum(|one| one.write_tenths), Ordering::Relaxed);
        let longest = consumed.iter().map(|one| one.trips).max().unwrap_or(0);
        meter.trips.fetch_add(longest, Ordering::Relaxed);
    });
}

fn with_meter(record: impl FnOnce(&Meter)) {
    if let Ok(branch) = BRANCH.try_with(Arc::clone) {
        record(&branch);
    } else if let Some(invocation) = invocation::current() {
        record(invocation.meter());
    }
}

/// Adds read units to the request in progress; nothing happens outside one.
pub fn record_read(units: f64) {
    with_meter(|meter| meter.record_read(units));
}

/// Adds write units to the request in progress; nothing happens outside one.
pub fn record_write(units: f64) {
    with_meter(|meter| meter.record_write(units));
}

/// Adds a round trip to the request in progress; nothing happens outside one.
pub fn record_trip() {
    with_meter(Meter::record_trip);
}

/// Makes calls at the same time, one each: together they are one round trip.
pub async fn at_once<F: Future>(calls: F) -> F::Output {
    let Some(invocation) = invocation::current() else { return calls.await };
    let before = invocation.meter().trips.load(Ordering::Relaxed);
    let outcome = calls.await;
    let together = invocation.meter().trips.load(Ordering::Relaxed).min(before + 1);
    invocation.meter().trips.store(together, Ordering::Relaxed);
    outcome
}

/// A float that makes no sense as a quantity (negative, infinite) counts as nothing.
fn tenths(units: f64) -> u64 {
    Decimal::try_from(units)
        .ok()
        .and_then(|units| units.checked_mul(Decimal::TEN))
        .and_then(|tenths| u64::try_from(tenths.round()).ok())
        .unwrap_or(0)
}

fn units(tenths: u64) -> Decimal {
    (Decimal::from(tenths) / Decimal::TEN).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_add_up_and_show_without_needless_digits() {
        let meter = Meter::default();
        meter.record_read(0.5);
        meter.record_read(1.0);
        meter.record_write(8.0);
        meter.record_trip();
        assert_eq!(meter.total().to_string(), "rcu=1.5;wcu=8;trips=1");
    }

    #[test]
    fn what_is_no_quantity_counts_as_nothing() {
        let meter = Meter::default();
        meter.record_read(-1.0);
        meter.record_read(f64::NAN);
        meter.record_write(f64::INFINITY);
        assert_eq!(meter.total(), Consumed::default());
    }
}

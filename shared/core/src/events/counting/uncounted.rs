//! What a batch brings that may not be counted yet.

use crate::app::App;
use crate::events::stream::OrderImage;
use oms_domain::tally::{Tally, tally};
use oms_domain::{Order, OrderId};
use oms_table::TableError;
use oms_table::counters::stream_position::{BatchRange, Sequence};
use oms_table::orders::watermarks::{Claim, Watermark};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An order with changes that some counters may lack.
pub(super) struct Uncounted {
    pub(super) order: Order,
    /// The sequence numbers of its records.
    pub(super) records: Vec<String>,
    /// The watermark as it was found.
    pub(super) found: Option<Watermark>,
    /// The watermark as it is to be.
    pub(super) mark: Watermark,
    claim: Claim,
    /// The version that whatever has not counted the batch has.
    pub(super) seen: u64,
}

impl App {
    /// What the counters may not have of the orders of a batch, with logs that reach back to what
    /// all of them have.
    pub(super) async fn uncounted_of(
        &self,
        batch: &BatchRange,
        arrived: Vec<OrderImage>,
        mut marks: HashMap<OrderId, Watermark>,
    ) -> Result<Vec<Uncounted>, TableError> {
        let uncounted = arrived.into_iter().filter_map(|image| {
            let found = marks.remove(&image.order.id);
            Uncounted::of(batch, image, found)
        });
        let mut uncounted: Vec<Uncounted> = uncounted.collect();
        for Uncounted { order, seen, .. } in &mut uncounted {
            self.complete_log(order, *seen).await?;
        }
        Ok(uncounted)
    }

    /// What an order contributes from one version to another.
    pub(super) fn tally_between(&self, order: &Order, from: u64, to: u64) -> Result<Tally, TableError> {
        let as_of;
        let after = match to == order.version {
            true => order,
            false => {
                as_of = order.as_of(to).ok_or(TableError::LogTooShort(order.id))?;
                &as_of
            }
        };
        // What is new to us, or has been deleted, needs its whole log.
        let needed = if after.is_deleted() { 0 } else { from };
        if !order.log_reaches(needed) {
            return Err(TableError::LogTooShort(order.id));
        }
        let work = || tally(order.as_of(from).as_ref(), after, &self.config().time_zone);
        // A bug that one order brings out must not hold up the others.
        catch_unwind(AssertUnwindSafe(work))
            .map_err(|_| TableError::Invalid("the consumer panicked on it".into()))
    }
}

impl Uncounted {
    /// What the counters may not have of an order; none where they have all of it.
    fn of(batch: &BatchRange, image: OrderImage, found: Option<Watermark>) -> Option<Self> {
        let mark = found.clone().unwrap_or_default().claiming(&batch.shard, &image.versions);
        let claim = mark.claim.clone().filter(|claim| claim.shard == batch.shard)?;
        let seen = claim.version_before(&batch.first);
        let OrderImage { order, records, .. } = image;
        (order.version > seen).then_some(Self { order, records, found, mark, claim, seen })
    }

    /// The versions that an item of counters is to take, after the one that it has, which comes
    /// first: record by record. It has counted the batch up to a record, if any of it.
    pub(super) fn versions_after(&self, counted: Option<&Sequence>) -> Vec<u64> {
        let begin = counted.map_or(self.seen, |counted| self.claim.version_at(Some(counted)).max(self.seen));
        let rest = self.claim.records.values().copied();
        let rest = rest.filter(|version| *version > begin && *version <= self.order.version);
        std::iter::once(begin).chain(rest).collect()
    }
}

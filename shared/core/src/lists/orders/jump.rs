//! Where a page far into a list begins, by the counters: by day and then by quarter of an hour, or
//! by the first two digits of the total and then by four.

use super::ordering::SortIndex;
use super::plan::Base;
use super::scope_of;
use crate::app::App;
use oms_domain::quarter_hour::QuarterHour;
use oms_domain::totals::TotalBucket;
use oms_table::TableError;
use oms_table::lists::time_bound;
use std::collections::BTreeMap;

/// A place in an index, and how many entries lie before it.
pub(super) struct Jump {
    pub(super) to: String,
    pub(super) over: u64,
}

/// The bucket that the entry after `skipped` others is in, and how many come before the bucket.
fn bucket<K: Copy>(buckets: impl Iterator<Item = (K, u64)>, skipped: u64) -> Option<(K, u64)> {
    let mut before = 0;
    for (bucket, count) in buckets {
        if before + count > skipped {
            return Some((bucket, before));
        }
        before += count;
    }
    None
}

fn find<K: Copy + Ord>(counts: &BTreeMap<K, u64>, descends: bool, skipped: u64) -> Option<(K, u64)> {
    let counts = counts.iter().map(|(key, count)| (*key, *count));
    if descends { bucket(counts.rev(), skipped) } else { bucket(counts, skipped) }
}

impl App {
    /// The last place that the counters know before the entry after `skipped` others; nothing
    /// where they know too few.
    pub(super) async fn jump(
        &self,
        base: &Base,
        along: SortIndex,
        descends: bool,
        skipped: u64,
    ) -> Result<Option<Jump>, TableError> {
        match along {
            SortIndex::Created => self.jump_by_time(base, descends, skipped).await,
            SortIndex::Total => self.jump_by_total(base, descends, skipped).await,
        }
    }

    async fn jump_by_time(
        &self,
        base: &Base,
        descends: bool,
        skipped: u64,
    ) -> Result<Option<Jump>, TableError> {
        let Some((day, before)) = find(&base.counts.days, descends, skipped) else { return Ok(None) };
        let counts = self.table().quarter_hours(&scope_of(&base.list), &[day].into()).await?.counts();
        let mut quarter_hours: BTreeMap<QuarterHour, u64> = BTreeMap::new();
        for ((_, quarter_hour), group) in &counts.quarter_hours {
            *quarter_hours.entry(*quarter_hour).or_default() += group.count;
        }
        let Some((quarter_hour, within)) = find(&quarter_hours, descends, skipped - before) else {
            return Ok(None);
        };
        let edge = if !descends {
            self.begin_of(quarter_hour)
        } else if let Some((next, _)) = quarter_hours.range(quarter_hour..).nth(1) {
            self.begin_of(*next)
        } else {
            day.tomorrow().map_or(jiff::Timestamp::MAX, |day| self.begin_of(QuarterHour { day, number: 0 }))
        };
        Ok(Some(Jump { to: time_bound(edge), over: before + within }))
    }

    async fn jump_by_total(
        &self,
        base: &Base,
        descends: bool,
        skipped: u64,
    ) -> Result<Option<Jump>, TableError> {
        let Some((coarse, before)) = find(&base.counts.totals, descends, skipped) else { return Ok(None) };
        let fine = self.table().counts_by_total(&scope_of(&base.list), Some(coarse)).await?.counts().totals;
        let found: Option<(TotalBucket, u64)> = find(&fine, descends, skipped - before);
        let Some((bucket, within)) = found else { return Ok(None) };
        // `~` stands after everything that begins with the bucket's digits.
        let to = if descends { format!("{}~", bucket.text()) } else { bucket.text() };
        Ok(Some(Jump { to, over: before + within }))
    }
}

//! The ways through a list, and what each costs.

use super::{Base, PlanInput};
use crate::lists::orders::filters::Filters;
use oms_domain::tally::OrderFacets;
use oms_domain::{PaymentStatus, Status};
use oms_table::keys::Index;
use oms_table::lists::Span;
use oms_table::projections::order_rows;
use std::collections::BTreeMap;

/// What an entry with a summary weighs, about, in bytes.
const SUMMARY_BYTES: u64 = 800;
/// What an entry with facts weighs.
pub(crate) const ENTRY_BYTES: u64 = 195;
/// How much is read for [`BLOCK`], in bytes.
const BLOCK_BYTES: u64 = 4_096;
/// What a block, or whatever less one query finds, costs to read, in thousandths of a read unit.
const BLOCK: u64 = 500;
/// Of how many lists the whole page is read, since any may hold it.
const FEW: usize = 8;
/// From how many thousandths on much is sifted: one of three is wanted.
const MUCH: u64 = 3_000;
/// How many lists are merged at most.
const MAX_PARTS: usize = 120;

/// A way through a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lists::orders) enum AccessPath {
    /// The list itself.
    List,
    /// The lists of the statuses that are wanted.
    Statuses,
    /// The facts of the payment statuses that are wanted; of the whole list, if they are all. They
    /// tell all facets but the status, as do the next.
    Payments,
    /// The facts of the methods and currencies that are wanted.
    Methods,
    /// The facts of the combinations that are wanted and have any orders.
    Facets,
    /// The list by total.
    Totals,
}

impl AccessPath {
    /// What an entry weighs, in bytes.
    pub(super) const fn bytes(self) -> u64 {
        match self {
            Self::List | Self::Statuses | Self::Totals => SUMMARY_BYTES,
            Self::Payments | Self::Methods | Self::Facets => ENTRY_BYTES,
        }
    }
}

/// A part of an index, and about how many entries it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) span: Span,
    pub(crate) entries: u64,
}

/// A way through one list, and what lies along it.
pub(super) struct PathCost {
    pub(super) way: AccessPath,
    pub(super) parts: Vec<Part>,
}

/// How many entries of each part to read at a time to find `reach` that are wanted, of which one
/// is among `scanned_per_match` thousandths, in one round most often: chance may have put more of
/// what is wanted further away, or more of the page into one list. Where much is sifted from
/// entries with summaries (`bytes` each), a second round now and then is cheaper than reading more
/// each time.
pub(crate) fn at_once(parts: &[Part], reach: u64, scanned_per_match: u64, bytes: u64) -> Vec<u64> {
    let all: u64 = parts.iter().map(|part| part.entries).sum();
    let through = reach.saturating_mul(scanned_per_match) / 1_000;
    let of_part = |part: &Part| {
        let share = through.saturating_mul(part.entries).div_ceil(all.max(1));
        match (parts.len(), scanned_per_match) {
            (..=FEW, 1_000) => reach,
            (..=FEW, MUCH..) if bytes > ENTRY_BYTES => share + share / 2,
            (..=FEW, _) => share + share / 2 + reach,
            (_, 1_000) => (share * 2).max(BLOCK_BYTES / ENTRY_BYTES).min(reach),
            (_, _) => (share * 2).max(BLOCK_BYTES / ENTRY_BYTES),
        }
    };
    parts.iter().map(of_part).collect()
}

impl PathCost {
    fn new(way: AccessPath, index: Index, parts: impl IntoIterator<Item = (String, u64)>) -> Self {
        let parts = parts.into_iter().map(|(hash, entries)| Part { span: Span::all(index, hash), entries });
        Self { way, parts: parts.collect() }
    }

    /// How many entries lie along it.
    pub(super) fn entries(&self) -> u64 {
        self.parts.iter().map(|part| part.entries).sum()
    }

    /// How many entries are looked through to find one of `count` that are wanted, times a
    /// thousand.
    pub(super) fn scanned_per_match(&self, count: u64) -> u64 {
        self.entries().saturating_mul(1_000).div_ceil(count.max(1)).max(1_000)
    }

    /// What it costs to find so many of `count` that are wanted, and then what a page of them
    /// shows.
    pub(super) fn cost_of_walk(&self, reach: u64, count: u64, page: u64) -> u64 {
        self.cost(&at_once(&self.parts, reach, self.scanned_per_match(count), self.way.bytes()), page)
    }

    /// What it costs to read it all, and then what a page shows.
    pub(super) fn cost_of_all(&self, page: u64) -> u64 {
        self.cost(&vec![u64::MAX; self.parts.len()], page)
    }

    fn cost(&self, read: &[u64], page: u64) -> u64 {
        let bytes = self.way.bytes();
        let blocks = |(part, read): (&Part, &u64)| {
            part.entries.min(*read).saturating_mul(bytes).div_ceil(BLOCK_BYTES).max(1)
        };
        let shown = if bytes == ENTRY_BYTES { page } else { 0 };
        (self.parts.iter().zip(read).map(blocks).sum::<u64>() + shown).saturating_mul(BLOCK)
    }
}

impl Base {
    /// How many were placed in the times, or on the days, that are wanted, where they are limited.
    fn placed(&self) -> Option<u64> {
        [self.in_times, self.on_days].into_iter().flatten().min()
    }

    /// What part of `of` has the times, or the totals, that are wanted.
    fn part(&self, of: u64, known: Option<u64>) -> u64 {
        of.saturating_mul(known.unwrap_or_else(|| self.total())).div_ceil(self.total().max(1))
    }

    /// A way through the parts of an index that some keys name, each with how many orders it has.
    fn way<K>(
        &self,
        (way, index): (AccessPath, Index),
        keys: impl IntoIterator<Item = (K, u64)>,
        hash: impl Fn(&str, &K) -> String,
    ) -> PathCost {
        let names = self.scopes.len().max(1) as u64;
        let mut parts = Vec::new();
        for (key, entries) in keys {
            let entries = self.part(entries, self.placed()).div_ceil(names);
            parts.extend(self.scopes.iter().map(|scope| (hash(scope, &key), entries)));
        }
        PathCost::new(way, index, parts)
    }

    /// The ways through the list in the order of time, and by total.
    pub(super) fn ways(&self, wish: &PlanInput<'_>) -> Vec<PathCost> {
        let filters = wish.filters;
        let entries = self.part(self.total(), self.placed()).div_ceil(self.spans.len().max(1) as u64);
        let whole = self.spans.iter().cloned().map(|span| Part { span, entries });
        let mut ways = vec![PathCost { way: AccessPath::List, parts: whole.collect() }];
        if self.scopes.is_empty() {
            return ways;
        }
        if let Some(statuses) = &filters.statuses {
            let keys = statuses.iter().map(|status| (*status, self.of_status(*status)));
            ways.push(self.way((AccessPath::Statuses, Index::Status), keys, |scope, status| {
                order_rows::of_status(scope, *status)
            }));
        }
        let in_totals = self.part(self.total(), self.in_totals).div_ceil(self.scopes.len() as u64);
        let totals = self.scopes.iter().map(|scope| (scope.clone(), in_totals));
        ways.push(PathCost::new(AccessPath::Totals, Index::Total, totals));
        if self.tells(filters) && wish.ordering.is_by_facts() {
            ways.extend(self.ways_by_facts(wish));
        }
        ways
    }

    /// The ways along which only the facts are read, where these tell what is asked for.
    fn ways_by_facts(&self, wish: &PlanInput<'_>) -> Vec<PathCost> {
        let (filters, ordering) = (wish.filters, wish.ordering);
        let is_by_status = filters.statuses.is_some() || ordering.is_by_status();
        let mut ways = Vec::new();
        if !is_by_status {
            ways.push(self.way(
                (AccessPath::Payments, Index::Payment),
                self.payments(filters),
                |scope, status| order_rows::of_payment(scope, *status),
            ));
        }
        if self.counts.cells.is_empty() {
            return ways;
        }
        if !is_by_status && filters.limit_methods() {
            let methods =
                |facets: &OrderFacets| (facets.payment_method, facets.shipping_method, facets.currency);
            let keys = self.groups(filters, methods).into_values();
            ways.push(self.way((AccessPath::Methods, Index::Methods), keys, order_rows::of_methods));
        }
        let keys = self.facets(filters).map(|(facets, count)| (*facets, count));
        ways.push(self.way((AccessPath::Facets, Index::Facets), keys, order_rows::of_facets));
        ways.retain(|access| access.parts.len() <= MAX_PARTS);
        ways
    }

    /// How many orders have a status.
    pub(super) fn of_status(&self, status: Status) -> u64 {
        if self.counts.statuses.is_empty() {
            let cells = self.counts.cells.iter().filter(|(facets, _)| facets.status == status);
            return cells.map(|(_, count)| count).sum();
        }
        self.counts.statuses.get(&status).copied().unwrap_or(0)
    }

    /// The payment statuses that orders which are wanted have, and how many have each.
    fn payments(&self, filters: &Filters) -> Vec<(PaymentStatus, u64)> {
        if self.counts.cells.is_empty() {
            let share = self.total().div_ceil(PaymentStatus::ALL.len() as u64);
            return PaymentStatus::ALL.iter().map(|status| (*status, share)).collect();
        }
        let groups = self.groups(filters, |facets| facets.payment_status);
        groups.into_iter().map(|(status, (_, count))| (status, count)).collect()
    }

    /// The groups that orders which are wanted are in, one of its facets, and how many orders each
    /// has.
    fn groups<K: Ord>(
        &self,
        filters: &Filters,
        key: impl Fn(&OrderFacets) -> K,
    ) -> BTreeMap<K, (OrderFacets, u64)> {
        let wanted = self.facets(filters).map(|(facets, _)| (key(facets), (*facets, 0)));
        let mut groups: BTreeMap<K, (OrderFacets, u64)> = wanted.collect();
        for (facets, count) in &self.counts.cells {
            if let Some((_, sum)) = groups.get_mut(&key(facets)) {
                *sum += count;
            }
        }
        groups
    }
}

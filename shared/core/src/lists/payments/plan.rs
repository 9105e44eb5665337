//! How a page of payments is found: which parts of which indexes are read, in which direction, and
//! what is sifted out on the way. A pure function of what is asked for and what the counters say,
//! simpler than that of orders: every entry tells everything that payments are filtered by.

use super::{Key, PaymentQuery};
use crate::lists::orders::{ENTRY_BYTES, Part, at_once};
use crate::lists::paging::{SortPosition, Sorting};
use oms_domain::tally::PaymentFacets;
use oms_table::keys::Index;
use oms_table::lists::{Span, position};
use oms_table::projections::order_rows::total_position;
use oms_table::projections::payment_rows;
use std::collections::BTreeMap;

/// What an entry weighs, about, in bytes.
const BYTES: u64 = 260;
/// What 4 KB cost to read, or whatever less one query finds, in thousandths of a read unit.
const BLOCK: u64 = 500;
/// How many lists are merged at most.
const MAX_PARTS: usize = 120;
/// How many payments are sorted in memory at most.
pub(super) const MAX_SORTED: u64 = 10_000;

/// A list to look through, and what its counters say.
#[derive(Clone, Debug)]
pub(super) struct Base {
    /// The parts of the index that keep it by time.
    pub(super) spans: Vec<Span>,
    /// Its names in the other indexes; none of a user's list, which stands only by time.
    pub(super) scopes: Vec<String>,
    pub(super) counts: BTreeMap<PaymentFacets, u64>,
}

/// In the order of which key an index keeps what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SortIndex {
    Created,
    Amount,
}

/// How the page is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Along which key entries are read until the page is full; none where all that is wanted is
    /// gathered and sorted.
    pub(super) along: Option<SortIndex>,
    pub(super) parts: Vec<Part>,
    /// How many entries are looked through to find one that is wanted, times a thousand.
    scanned_per_match: u64,
    cost: u64,
}

impl Plan {
    /// The parts to read, and how many entries of each at a time: to find `reach` that are wanted,
    /// or all.
    pub(super) fn reads(&self, reach: u64) -> Vec<(Span, u64)> {
        let at_once = if self.along.is_some() {
            at_once(&self.parts, reach, self.scanned_per_match, ENTRY_BYTES)
        } else {
            // One more than there should be, so that the end is seen at once.
            self.parts.iter().map(|part| part.entries + 2).collect()
        };
        self.parts.iter().map(|part| part.span.clone()).zip(at_once).collect()
    }
}

/// Where a page begins, how it is read, and how many entries that takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlanInput<'a> {
    pub(super) query: &'a PaymentQuery,
    pub(super) sorting: &'a Sorting<Key>,
    pub(super) after: Option<&'a SortPosition>,
    pub(super) reach: u64,
}

/// A way through one list.
struct AccessPath(Vec<Part>);

impl AccessPath {
    fn entries(&self) -> u64 {
        self.0.iter().map(|part| part.entries).sum()
    }

    /// What reading so many of its entries costs.
    fn cost(&self, entries: u64) -> u64 {
        entries.min(self.entries()).saturating_mul(BYTES) * BLOCK / 4_096 + self.0.len() as u64 * BLOCK
    }
}

impl Base {
    fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    fn facets<'a>(&'a self, query: &'a PaymentQuery) -> impl Iterator<Item = (&'a PaymentFacets, u64)> {
        let wanted = self.counts.iter().filter(|(facets, count)| **count > 0 && query.wants_facets(facets));
        wanted.map(|(facets, count)| (facets, *count))
    }

    /// How many have the facets that are wanted.
    pub(super) fn counted(&self, query: &PaymentQuery) -> u64 {
        self.facets(query).map(|(_, count)| count).sum()
    }

    /// The whole list by time, and the lists of the facets that are wanted and have any.
    fn by_time(&self, query: &PaymentQuery) -> Vec<AccessPath> {
        let mut ways = vec![self.whole(self.spans.clone())];
        let part = |scope: &String, facets: &PaymentFacets, entries| {
            let span = Span::all(Index::Facets, payment_rows::of_facets(scope, facets));
            Part { span, entries }
        };
        let shards = self.scopes.len().max(1) as u64;
        let parts = self.facets(query).flat_map(|(facets, count)| {
            self.scopes.iter().map(move |scope| part(scope, facets, count.div_ceil(shards)))
        });
        let parts: Vec<Part> = parts.collect();
        if !self.scopes.is_empty() && query.limits_facets() && parts.len() <= MAX_PARTS {
            ways.push(AccessPath(parts));
        }
        ways
    }

    fn by_amount(&self) -> Vec<AccessPath> {
        let spans = self.scopes.iter().map(|scope| Span::all(Index::Total, scope.clone()));
        let spans: Vec<Span> = spans.collect();
        if spans.is_empty() { Vec::new() } else { vec![self.whole(spans)] }
    }

    /// The whole list, spread over some spans.
    fn whole(&self, spans: Vec<Span>) -> AccessPath {
        let entries = self.total().div_ceil(spans.len().max(1) as u64);
        AccessPath(spans.into_iter().map(|span| Part { span, entries }).collect())
    }
}

/// The plan that costs least. A search has no count, so what it looks through is gathered.
pub(super) fn plan(bases: &[Base], wish: &PlanInput<'_>) -> Plan {
    let gather = gather(bases, wish);
    let walk = along(wish.sorting).filter(|_| wish.query.terms.is_empty());
    let walk = walk.and_then(|along| merge_along(bases, along, wish));
    let counted: u64 = bases.iter().map(|base| base.counted(wish.query)).sum();
    match walk {
        // A gathered list pays for its pages again and again; a walk is as good at twice the price.
        Some(walk) if walk.cost <= gather.cost.saturating_mul(2) || counted > MAX_SORTED => walk,
        Some(_) | None => gather,
    }
}

/// The index that keeps an order, if any does.
fn along(sorting: &Sorting<Key>) -> Option<SortIndex> {
    match sorting.keys().as_slice() {
        [] => Some(SortIndex::Created),
        [Key::Amount] => Some(SortIndex::Amount),
        _ => None,
    }
}

fn merge_along(bases: &[Base], along: SortIndex, wish: &PlanInput<'_>) -> Option<Plan> {
    let mut plan = Plan { along: Some(along), parts: Vec::new(), scanned_per_match: 1_000, cost: 0 };
    let all: u64 = bases.iter().map(|base| base.counted(wish.query)).sum();
    for base in bases {
        let count = base.counted(wish.query);
        // Of the page, each list has about the part that it has of all.
        let reach = (wish.reach * count).div_ceil(all.max(1));
        let scanned_per_match =
            |access: &AccessPath| (access.entries() * 1_000).div_ceil(count.max(1)).max(1_000);
        let cost = |access: &AccessPath| access.cost((reach * scanned_per_match(access)).div_ceil(1_000));
        let ways = match along {
            SortIndex::Created => base.by_time(wish.query),
            SortIndex::Amount => base.by_amount(),
        };
        let best = ways.into_iter().min_by_key(cost)?;
        plan.cost += cost(&best);
        plan.scanned_per_match = plan.scanned_per_match.max(scanned_per_match(&best));
        let beyond = |part: Part| Part { span: beyond(part.span, wish), ..part };
        plan.parts.extend(best.0.into_iter().map(beyond));
    }
    Some(plan)
}

fn gather(bases: &[Base], wish: &PlanInput<'_>) -> Plan {
    let mut plan = Plan { along: None, parts: Vec::new(), scanned_per_match: 1_000, cost: 0 };
    for base in bases {
        let best = base.by_time(wish.query).into_iter().min_by_key(|access| access.cost(access.entries()));
        let Some(best) = best else { continue };
        plan.cost += best.cost(best.entries());
        plan.parts.extend(best.0);
    }
    plan
}

/// The part of a span that comes after the cursor.
fn beyond(span: Span, wish: &PlanInput<'_>) -> Span {
    let after = wish.after.and_then(|place| {
        let position = position(place.created_at, place.id);
        if span.index == Index::Total {
            place.amount().map(|amount| total_position(amount, &position))
        } else {
            Some(position)
        }
    });
    span.narrowed(after, wish.sorting.descends)
}

#[cfg(test)]
mod tests;

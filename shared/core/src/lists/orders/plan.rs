//! How a page of a list is found: which parts of which indexes are read, in which direction, and
//! what is sifted out on the way. A pure function of what is asked for and what the counters say.
//!
//! A list has up to six ways through it ([`AccessPath`]). Each costs what its entries weigh: a
//! summary is four times as heavy as the facts. Where the counters know how many orders are wanted,
//! and an index keeps them in the order that is asked for, a page is a walk that ends when it is
//! full. Which way is the cheapest depends on what part of its entries is wanted, far less on how
//! many there are: so a page costs about the same in a list of any length. Where the counters do
//! not know, or no index keeps the order, all that may be wanted is gathered, counted and sorted.

use super::filters::Filters;
use super::ordering::{Ordering, SortIndex};
use crate::lists::paging::SortPosition;
pub(super) use access_paths::AccessPath;
use access_paths::PathCost;
pub(crate) use access_paths::{ENTRY_BYTES, Part, at_once};
use jiff::Timestamp;
use oms_domain::Decimal;
use oms_domain::statistics::Counts;
use oms_domain::tally::OrderFacets;
use oms_runtime::meter::Consumed;
use oms_table::counters::CountersRead;
use oms_table::keys::Index;
use oms_table::lists::{OrderList, Span, time_bound};
use oms_table::projections::order_rows;
use serde_json::{Value, json};

/// How many parts an explanation shows.
const SHOWN_SPANS: usize = 10;

/// A list to look through, and what its counters say.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pub(super) list: OrderList,
    /// Whether the caller may see all of it.
    pub(super) is_whole: bool,
    pub(super) counts: Counts,
    /// Where these stand.
    pub(super) read: Vec<CountersRead>,
    /// How many were placed in the times that are asked for, where they are limited.
    pub(super) in_times: Option<u64>,
    /// How many have the totals that are asked for, where they are limited and it is known.
    pub(super) in_totals: Option<u64>,
    /// How many were placed on the days that are asked for, where they are.
    pub(super) on_days: Option<u64>,
    /// The parts of the index that keep the list itself.
    pub(super) spans: Vec<Span>,
    /// The names of the list in the indexes of rows; none of a user's list.
    pub(super) scopes: Vec<String>,
}

/// How the page is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) method: Method,
    /// In the order of which key what is read stands.
    pub(super) along: SortIndex,
    /// The way through each of the lists.
    pub(super) ways: Vec<AccessPath>,
    pub(super) parts: Vec<Part>,
    /// How many entries are looked through to find one that is wanted, times a thousand.
    pub(super) scanned_per_match: u64,
    /// What it should cost, in thousandths of a read unit.
    pub(super) cost: u64,
}

/// What is done with what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Read until the page is full. The counters have counted all that is wanted.
    IndexMerge {
        /// How many orders are wanted, on all pages.
        count: u64,
    },
    /// Read all, keep what is wanted, sort and count it.
    Gather,
}

/// What is asked for, as far as the plan depends on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlanInput<'a> {
    pub(super) filters: &'a Filters,
    pub(super) ordering: &'a Ordering,
    /// Where the page begins, where a cursor says so.
    pub(super) after: Option<&'a SortPosition>,
    /// How many orders come before the page and are on it.
    pub(super) reach: u64,
    /// How many are on it.
    pub(super) page: u64,
}

impl Base {
    fn total(&self) -> u64 {
        self.counts.total()
    }

    /// Whether the filters ask for no more than what this list's counters and facts tell.
    fn tells(&self, filters: &Filters) -> bool {
        let (store, user, terms) = filters.uncounted();
        let by_list = match &self.list {
            OrderList::OfUser(_) => store.is_none(),
            OrderList::OfStore(_) => user.is_none(),
            OrderList::All => store.is_none() && user.is_none(),
        };
        self.is_whole && by_list && terms.is_empty()
    }

    fn facets<'a>(&'a self, filters: &'a Filters) -> impl Iterator<Item = (&'a OrderFacets, u64)> {
        let wanted =
            self.counts.cells.iter().filter(|(facets, count)| **count > 0 && filters.want_facets(**facets));
        wanted.map(|(facets, count)| (facets, *count))
    }

    /// How many have the facets that are wanted.
    fn of_facets(&self, filters: &Filters) -> u64 {
        match &filters.statuses {
            Some(statuses) if !filters.limit_more_than_statuses() => {
                statuses.iter().map(|status| self.of_status(*status)).sum()
            }
            None if !filters.limit_more_than_statuses() => self.total(),
            Some(_) | None => self.facets(filters).map(|(_, count)| count).sum(),
        }
    }

    /// How many are wanted, where the counters know.
    pub(super) fn counted(&self, filters: &Filters) -> Option<u64> {
        let limits =
            [filters.limit_facets(), filters.limit_times(), filters.limit_totals(), filters.days.is_some()];
        if !self.tells(filters) || limits.iter().filter(|limits| **limits).count() > 1 {
            return None;
        }
        if filters.days.is_some() {
            self.on_days
        } else if filters.limit_times() {
            self.in_times
        } else if filters.limit_totals() {
            self.in_totals
        } else {
            Some(self.of_facets(filters))
        }
    }
}

impl Plan {
    /// The parts to read, and how many entries of each at a time to find `reach` that are wanted.
    pub(super) fn reads(&self, reach: u64) -> Vec<(Span, u64)> {
        let bytes = self.ways.iter().map(|way| way.bytes()).min().unwrap_or(0);
        let at_once = at_once(&self.parts, reach, self.scanned_per_match, bytes);
        self.parts.iter().map(|part| part.span.clone()).zip(at_once).collect()
    }

    /// The plan in words, with what the request has cost so far.
    pub(super) fn explain(&self, spent: Option<Consumed>) -> Value {
        let units =
            |thousandths: u64| (Decimal::new(i64::try_from(thousandths).unwrap_or(i64::MAX), 3)).normalize();
        let (method, count) = match self.method {
            Method::IndexMerge { count } => ("walk", Some(count)),
            Method::Gather => ("gather", None),
        };
        let spans = self.parts.iter().take(SHOWN_SPANS).map(|Part { span, entries }| {
            json!({
                "index": span.index.name(),
                "hash": span.hash,
                "above": span.above,
                "below": span.below,
                "entries": entries,
            })
        });
        json!({
            "method": method,
            "counted": count,
            "along": match self.along { SortIndex::Created => "created_at", SortIndex::Total => "total_amount" },
            "ways": self.ways.iter().map(|way| format!("{way:?}")).collect::<Vec<_>>(),
            "spans": spans.collect::<Vec<_>>(),
            "span_count": self.parts.len(),
            "expected_units": units(self.cost),
            "units": spent.map(|spent| spent.read_units()),
            "trips": spent.map(|spent| spent.trips),
        })
    }
}

/// The plan, and what it should cost.
pub(super) fn plan(bases: &[Base], wish: &PlanInput<'_>) -> Plan {
    let counts: Option<Vec<u64>> = bases.iter().map(|base| base.counted(wish.filters)).collect();
    let walk = counts.and_then(|counts| walk(bases, &counts, wish));
    let gather = gather(bases, wish);
    match walk {
        // A gathered list pays for its pages again and again; a walk is as good at twice the price.
        Some(walk) if walk.cost <= gather.cost.saturating_mul(2) || gather.scanned_per_match == 0 => walk,
        Some(_) | None => gather,
    }
}

fn walk(bases: &[Base], counts: &[u64], wish: &PlanInput<'_>) -> Option<Plan> {
    let along = wish.ordering.along()?;
    let all: u64 = counts.iter().sum();
    let mut plan = Plan {
        method: Method::IndexMerge { count: all },
        along,
        ways: Vec::new(),
        parts: Vec::new(),
        scanned_per_match: 1_000,
        cost: 0,
    };
    for (base, count) in bases.iter().zip(counts) {
        // Of the page, each list has about the part that it has of all.
        let reach = (wish.reach * count).div_ceil(all.max(1));
        let page = (wish.page * count).div_ceil(all.max(1));
        let ways = base
            .ways(wish)
            .into_iter()
            .filter(|access| (access.way == AccessPath::Totals) == (along == SortIndex::Total));
        let cost = |access: &PathCost| access.cost_of_walk(reach, *count, page);
        let best = ways.min_by_key(cost)?;
        plan.cost += cost(&best);
        plan.scanned_per_match = plan.scanned_per_match.max(best.scanned_per_match(*count));
        plan.ways.push(best.way);
        plan.parts.extend(best.parts.into_iter().flat_map(|part| within(part, wish)));
    }
    plan.parts.retain(|part| !part.span.is_empty());
    Some(plan)
}

fn gather(bases: &[Base], wish: &PlanInput<'_>) -> Plan {
    // What is gathered begins at the beginning, wherever the page does.
    let wish = &PlanInput { after: None, ..*wish };
    let mut plan = Plan {
        method: Method::Gather,
        along: SortIndex::Created,
        ways: Vec::new(),
        parts: Vec::new(),
        scanned_per_match: 0,
        cost: 0,
    };
    for base in bases {
        let ways = base
            .ways(wish)
            .into_iter()
            .filter(|access| access.way != AccessPath::Totals || wish.filters.limit_totals());
        let Some(best) = ways.min_by_key(|access| access.cost_of_all(wish.page)) else { continue };
        plan.cost += best.cost_of_all(wish.page);
        plan.scanned_per_match += best.entries();
        plan.ways.push(best.way);
        plan.parts.extend(best.parts.into_iter().flat_map(|part| within(part, wish)));
    }
    plan.parts.retain(|part| !part.span.is_empty());
    plan
}

/// What of a part holds the times or totals that are wanted, after the cursor.
fn within(part: Part, wish: &PlanInput<'_>) -> Vec<Part> {
    let filters = wish.filters;
    let after = wish.after.map(|place| wish.ordering.begin_after(place));
    let descends = wish.ordering.descends;
    let Part { span, entries } = part;
    if span.index == Index::Total {
        let total = wish.after.and_then(SortPosition::amount);
        let after = after.zip(total).map(|(position, total)| order_rows::total_position(total, &position));
        let (above, below) =
            (filters.least.map(order_rows::total_bound), filters.most.map(order_rows::after_total));
        return vec![Part { span: Span { above, below, ..span }.narrowed(after, descends), entries }];
    }
    let days = filters.days.as_ref().map(|days| days.ranges.clone());
    let days = days.unwrap_or_else(|| vec![(Timestamp::MIN, Timestamp::MAX)]);
    let entries = entries.div_ceil(days.len().max(1) as u64);
    let of_days = |(first, last): (Timestamp, Timestamp)| {
        let from = filters.from.map_or(first, |from| from.max(first));
        let before = filters.before.map_or(last, |before| before.min(last));
        let above = (from > Timestamp::MIN).then(|| time_bound(from));
        let below = (before < Timestamp::MAX).then(|| time_bound(before));
        Part { span: Span { above, below, ..span.clone() }.narrowed(after.clone(), descends), entries }
    };
    days.into_iter().map(of_days).collect()
}

mod access_paths;
#[cfg(test)]
mod tests;

//! How a page of a list is found: which parts of which indexes are read, in which direction, how
//! far, and what is sifted out on the way. A pure function of what is asked for and what the
//! counters say.

use super::filters::Filters;
use super::ordering::{Along, Ordering, Place};
use crate::table::lists::{OrderList, Span, position, time_bound};
use oms_domain::statistics::Counts;

/// A list to look through, and how many orders of which facets it has.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pub(super) list: OrderList,
    /// Whether the caller may see all of it.
    pub(super) is_whole: bool,
    pub(super) counts: Counts,
    /// How many were placed in the times that are asked for, where they are limited.
    pub(super) in_times: Option<u64>,
    /// The parts of the index that keep it.
    pub(super) spans: Vec<Span>,
}

/// How the page is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) spans: Vec<Span>,
    pub(super) method: Method,
}

/// What is done with what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// The index keeps the order: read from where the page begins until it is full. The counters
    /// have counted all that is wanted.
    Walk {
        /// How many orders are wanted, on all pages.
        count: u64,
        /// How many of those that are read are.
        of: u64,
    },
    /// Read all, keep what is wanted, sort and count it.
    Gather,
}

/// How many of a list are wanted, where its counters know.
fn counted(base: &Base, filters: &Filters) -> Option<u64> {
    let by_list = match &base.list {
        OrderList::OfUser(_) => filters.store.is_none(),
        OrderList::OfStore(_) => filters.user.is_none(),
        OrderList::All => filters.store.is_none() && filters.user.is_none(),
    };
    if !base.is_whole || !by_list || !filters.terms.is_empty() || filters.limit_totals() {
        return None;
    }
    if filters.limit_times() {
        return base.in_times.filter(|_| !filters.limit_facets());
    }
    let wanted = base.counts.cells.iter().filter(|(facets, _)| filters.want_facets(facets));
    Some(wanted.map(|(_, count)| count).sum())
}

/// The plan. `after` is where the page begins, where a cursor says so.
pub(super) fn plan(bases: &[Base], filters: &Filters, ordering: &Ordering, after: Option<&Place>) -> Plan {
    let counts: Option<Vec<u64>> = bases.iter().map(|base| counted(base, filters)).collect();
    let walks = counts.filter(|_| ordering.along() == Some(Along::Created));
    let method = match walks {
        Some(counts) => {
            let all = bases.iter().map(|base| base.in_times.unwrap_or_else(|| base.counts.total()));
            Method::Walk { count: counts.iter().sum(), of: all.sum() }
        }
        None => Method::Gather,
    };
    let after = after.filter(|_| method != Method::Gather).map(|place| position(place.created_at, place.id));
    let spans = bases.iter().flat_map(|base| base.spans.clone());
    let spans = spans.map(|span| within_times(span, filters, ordering.descends, after.as_ref()));
    Plan { spans: spans.filter(|span| !span.is_empty()).collect(), method }
}

fn within_times(mut span: Span, filters: &Filters, descends: bool, after: Option<&String>) -> Span {
    span.above = filters.from.map(time_bound);
    span.below = filters.before.map(time_bound);
    if let Some(after) = after.cloned() {
        if descends {
            span.below = Some(span.below.map_or(after.clone(), |below| below.min(after)));
        } else {
            span.above = Some(span.above.map_or(after.clone(), |above| above.max(after)));
        }
    }
    span
}

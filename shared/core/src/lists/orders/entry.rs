//! An entry of an index: what a list shows of an order, or only the facts by which it is sought.

use super::filters::Filters;
use jiff::Timestamp;
use oms_domain::{Decimal, OrderId, OrderSummary};
use oms_runtime::meter::side_by_side;
use oms_table::lists::{Entry, RangeKeys};
use oms_table::projections::order_rows::{Facts, KnownFacets};
use oms_table::{Carried, Table, TableError};
use serde::de::Deserializer;
use std::collections::HashMap;

/// An entry of an index.
#[derive(Clone, Debug)]
pub(super) enum ListEntry {
    Summary(Box<OrderSummary>),
    Facts(Facts),
}

impl Entry for ListEntry {
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<(RangeKeys, Self), D::Error> {
        let carried = Carried::from_answer(json)?;
        let keys = carried.range_keys();
        let entry = match carried.facts() {
            Some(facts) => Self::Facts(facts),
            None => Self::Summary(Box::new(carried.summary()?)),
        };
        Ok((keys, entry))
    }
}

impl ListEntry {
    pub(super) fn id(&self) -> OrderId {
        match self {
            Self::Summary(order) => order.id,
            Self::Facts(entry) => entry.id,
        }
    }

    pub(super) fn created_at(&self) -> Timestamp {
        match self {
            Self::Summary(order) => order.created_at,
            Self::Facts(entry) => entry.created_at,
        }
    }

    /// Its facets, as far as it tells them.
    pub(super) fn facets(&self) -> KnownFacets {
        match self {
            Self::Summary(order) => order.facets().into(),
            Self::Facts(entry) => entry.facets,
        }
    }

    pub(super) fn total(&self) -> Decimal {
        match self {
            Self::Summary(order) => order.total_amount,
            Self::Facts(entry) => entry.total,
        }
    }

    /// What only summaries tell; facts are read where nothing else is needed.
    pub(super) fn summary(&self) -> Option<&OrderSummary> {
        match self {
            Self::Summary(order) => Some(order),
            Self::Facts(_) => None,
        }
    }

    /// Whether it is wanted, as far as it can tell.
    pub(super) fn is_wanted(&self, filters: &Filters) -> bool {
        match self {
            Self::Summary(order) => filters.want(order),
            Self::Facts(entry) => filters.want_entry(entry.facets, entry.created_at, entry.total),
        }
    }
}

/// What a page shows of its entries. Whose row has gone meanwhile has been deleted.
pub(super) async fn in_full(table: &Table, listed: Vec<ListEntry>) -> Result<Vec<OrderSummary>, TableError> {
    let missing: Vec<OrderId> =
        listed.iter().filter(|one| one.summary().is_none()).map(ListEntry::id).collect();
    let found = if missing.is_empty() {
        Vec::new()
    } else {
        side_by_side([table.summaries(&missing)]).await?.into_iter().flatten().collect()
    };
    let mut found: HashMap<OrderId, OrderSummary> =
        found.into_iter().map(|order| (order.id, order)).collect();
    let full = listed.into_iter().filter_map(|one| match one {
        ListEntry::Summary(order) => Some(*order),
        ListEntry::Facts(entry) => found.remove(&entry.id),
    });
    Ok(full.collect())
}

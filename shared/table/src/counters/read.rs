//! Counters as they are read for a list: item by item, each with how far it has counted, so that
//! what it lacks of some orders can be added.

use super::item_of;
use super::layout::{FRONT, cells_of};
use crate::counters::stream_position::Lanes;
use crate::{Item, Table, TableError, keys, text};
use oms_domain::Decimal;
use oms_domain::statistics::Counts;
use oms_domain::tally::{Counter, Scope};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Some counters of a scope: those whose items stand in some ranges of sort keys.
#[derive(Clone, Debug)]
pub struct CountersRead {
    scope: Scope,
    ranges: Vec<(String, String)>,
    items: Vec<Arc<Item>>,
}

impl CountersRead {
    /// None of a scope's.
    pub(super) fn nothing(scope: &Scope) -> Self {
        Self { scope: scope.clone(), ranges: Vec::new(), items: Vec::new() }
    }

    /// Those of the item that each batch writes, where there is one.
    pub(super) fn of_front(scope: &Scope, item: Option<Item>) -> Self {
        let ranges = vec![(FRONT.to_owned(), FRONT.to_owned())];
        Self { scope: scope.clone(), ranges, items: item.into_iter().map(Arc::new).collect() }
    }

    /// With those of another read of the same scope.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.ranges.extend(other.ranges);
        self.items.extend(other.items);
        self
    }

    /// Whose they are.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// How far each of the items has counted; where there is none, nothing has been.
    pub fn positions(&self) -> impl Iterator<Item = Lanes> + '_ {
        let nothing = self.items.is_empty().then(Lanes::default);
        self.items.iter().map(|item| Lanes::read(item)).chain(nothing)
    }

    /// What they say.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.items.iter().flat_map(|item| cells_of(item)).collect()
    }

    /// The same with what they lack, which `missing` says of an item by how far it has counted.
    #[must_use]
    pub fn with(&self, missing: impl Fn(&Scope, &Lanes) -> Vec<(Counter, Decimal)>) -> Counts {
        let mut cells: BTreeMap<Counter, Decimal> = BTreeMap::new();
        let mut add = |cell: Counter, value: Decimal| *cells.entry(cell).or_default() += value;
        for item in &self.items {
            let sk = text(item, keys::SK);
            let lacks = missing(&self.scope, &Lanes::read(item)).into_iter();
            let of_item = lacks.filter(|(cell, _)| item_of(&self.scope, cell) == sk);
            cells_of(item).chain(of_item).for_each(|(cell, value)| add(cell, value));
        }
        // What nothing has been counted of yet has no item.
        let is_there = |sk: &String| self.items.iter().any(|item| text(item, keys::SK) == sk);
        let is_asked = |sk: &String| self.ranges.iter().any(|(from, to)| (from..=to).contains(&sk));
        for (cell, value) in missing(&self.scope, &Lanes::default()) {
            let sk = item_of(&self.scope, &cell);
            if is_asked(&sk) && !is_there(&sk) {
                add(cell, value);
            }
        }
        // They may have counted more than was known of them when their orders were read.
        let is_time = |cell: &Counter| matches!(cell, Counter::TransitionMicros(..));
        let at_least_none = |(cell, value): (Counter, Decimal)| {
            (cell, if is_time(&cell) { value } else { value.max(Decimal::ZERO) })
        };
        cells.into_iter().map(at_least_none).collect()
    }
}

impl Table {
    /// The counters of a scope whose items stand from one sort key to another. Not a consistent
    /// read.
    pub(super) async fn counters(
        &self,
        scope: &Scope,
        from: String,
        to: String,
    ) -> Result<CountersRead, TableError> {
        let items = self.between(keys::counters(scope), from.clone(), to.clone()).await?;
        let items = items.into_iter().map(Arc::new).collect();
        Ok(CountersRead { scope: scope.clone(), ranges: vec![(from, to)], items })
    }
}

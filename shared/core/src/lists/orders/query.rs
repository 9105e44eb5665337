//! What a request asks a list of orders for, and which page of it.

use super::Visible;
use super::entry::ListEntry;
use super::filters::Filters;
use super::ordering::Ordering;
use super::pages::OrderPage;
use super::plan::PlanInput;
use crate::lists::paging::{self, CursorBound};
use crate::lists::read_your_writes::{Settling, not_shown};
use oms_domain::{Caller, Error, OrderId, OrderSummary, Outcome};
use oms_http::pages::{PageNumber, PageRequest};
use oms_http::query::Query;
use oms_table::counters::CountersRead;
use oms_table::lists::OrderList;
use oms_table::recent_writes::RecentWrite;
use std::collections::BTreeMap;

/// From how many entries on the counters are asked where they end, instead of reading over them.
pub(super) const FAR: u64 = 60;

/// What a request asks a list for.
#[derive(Clone, Debug)]
pub struct OrderQuery {
    pub(super) filters: Filters,
    pub(super) ordering: Ordering,
    pub(super) explain: bool,
}

/// A page of orders before it is shown.
pub(super) type PageSlice = paging::PageSlice<ListEntry>;

/// A request for a page.
#[derive(Clone, Copy)]
pub(super) struct PageQuery<'a> {
    pub(super) caller: &'a Caller,
    pub(super) visible: &'a Visible,
    pub(super) asked: &'a OrderQuery,
    pub(super) request: &'a PageRequest,
    pub(super) at: Option<&'a CursorBound>,
    pub(super) changed: &'a Changed,
    /// What is wanted, also of what the search has found already.
    pub(super) wanted: &'a Filters,
}

impl OrderQuery {
    /// Reads `ordering`, beside filters that have been read.
    #[must_use]
    pub fn new(filters: Filters, query: &Query) -> Self {
        let explain = query.filled("explain") == Some("true");
        Self { filters, ordering: Ordering::read(query), explain }
    }

    /// What was too much, and what to do about it.
    pub(super) fn too_many(&self) -> Error {
        let filters = &self.filters;
        let name = if !filters.terms.is_empty() || filters.days.is_some() {
            "search"
        } else if self.ordering.along().is_none() {
            return self.too_many_to_sort();
        } else if filters.least.is_some() {
            "total_amount__gte"
        } else if filters.most.is_some() {
            "total_amount__lte"
        } else {
            "created_at__gte"
        };
        Error::field(name, "Too many orders to look through: narrow the filter.")
    }

    pub(super) fn too_many_to_sort(&self) -> Error {
        let by = self.ordering.first();
        Error::field("ordering", format!("Too many orders to sort by {by}: narrow the filter."))
    }
}

impl<'a> PageQuery<'a> {
    /// The direction in which the page is read.
    pub(super) fn ordering(self) -> Ordering {
        self.asked.ordering.towards(self.at)
    }

    pub(super) fn wish(self, ordering: &'a Ordering) -> PlanInput<'a> {
        let size = u64::from(self.request.size);
        // What the counters jump over is not read.
        let before = if self.at.is_some() || self.is_of_all() { 0 } else { self.before() };
        PlanInput {
            filters: &self.asked.filters,
            ordering,
            after: self.at.map(CursorBound::place),
            reach: before + size + 1,
            page: size,
        }
    }

    /// How many entries come before the page, where its number says so.
    pub(super) fn before(self) -> u64 {
        match self.request.number {
            PageNumber::Nth(number) => number.saturating_sub(1).saturating_mul(u64::from(self.request.size)),
            PageNumber::Last => 0,
        }
    }

    /// A page of all that is wanted, sorted here.
    pub(super) fn cut(self, listed: Vec<ListEntry>) -> Outcome<PageSlice> {
        let PageQuery { asked, request, at, .. } = self;
        let placed = listed.into_iter().map(|order| (asked.ordering.place_of(&order), order));
        asked.ordering.cut(placed.collect(), request, at)
    }

    /// Whether the counters may say where the page begins: far into a list of which all is wanted.
    pub(super) fn may_jump(self, list: &OrderList) -> bool {
        let Filters { store, user, .. } = &self.asked.filters;
        let by_list = match list {
            OrderList::OfUser(_) => store.is_none(),
            OrderList::OfStore(_) => user.is_none(),
            OrderList::All => true,
        };
        by_list && self.at.is_none() && self.before() >= FAR && self.is_of_all()
    }

    /// Whether all orders of some user or store, or all, are wanted.
    pub(super) fn is_of_all(self) -> bool {
        Filters { store: None, user: None, ..self.asked.filters.clone() } == Filters::default()
    }
}

/// What the reader of a list has done to its orders, of which its index and its counters may know
/// nothing yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Changed {
    /// The orders as they are now; nothing of one that has been deleted.
    pub(super) orders: BTreeMap<OrderId, Option<OrderSummary>>,
    /// The same whole, and how far each is counted.
    pub(super) settling: Settling,
    /// Counters that were read before this, and need not be read again: of some lists those in
    /// front, or all that the page is planned by.
    pub(super) read: BTreeMap<OrderList, CountersOfList>,
}

/// The counters of a list.
#[derive(Clone, Debug)]
pub(super) enum CountersOfList {
    /// The item in front.
    Front(CountersRead),
    /// All that a page is planned by.
    All(Vec<CountersRead>),
}

impl Changed {
    /// The orders of some changes, as their reader sees them now.
    pub(super) fn new(settling: Settling, caller: &Caller, visible: &Visible) -> Self {
        let orders = settling.orders.values().map(|order| {
            let is_visible = visible.sees(caller, &order.user.id, order.store.id) && !order.is_deleted();
            (order.id, is_visible.then(|| OrderSummary::of(order)))
        });
        Self { orders: orders.collect(), settling, read: BTreeMap::new() }
    }

    /// With what else has changed.
    pub(super) fn absorb(&mut self, more: Self) {
        self.orders.extend(more.orders);
        self.settling.absorb(more.settling);
    }

    /// Whether a page that was read without knowing of them shows them all the same, or need not:
    /// the counters had them, and it shows each as its reader left it, unless it is not asked for.
    pub(super) fn are_shown(&self, page: &PageRead, recent: &[RecentWrite], asked: &OrderQuery) -> bool {
        let is_wanted = |id: &OrderId| {
            let order = self.orders.get(id).and_then(Option::as_ref);
            order.is_some_and(|order| asked.filters.want(order))
        };
        let is_listed = |id: &OrderId| page.listed.iter().any(|one| one.id == *id);
        let unseen = not_shown(recent, &page.listed);
        unseen.iter().all(|id| !is_wanted(id) && !is_listed(id))
            && page.counters.values().flatten().all(|read| self.settling.is_counted(read))
    }
}

/// A page with what it was made of.
pub(super) struct PageRead {
    pub(super) page: OrderPage,
    /// What it shows.
    pub(super) listed: Vec<OrderSummary>,
    /// The counters that it was planned by.
    pub(super) counters: BTreeMap<OrderList, Vec<CountersRead>>,
}

impl PageQuery<'_> {
    pub(super) fn has_changed(self, order: OrderId) -> bool {
        self.changed.orders.contains_key(&order)
    }

    /// What the caller has changed, as it is now, of what is asked for.
    pub(super) fn changed_and_wanted(self) -> impl Iterator<Item = ListEntry> {
        let changed = self.changed.orders.values().flatten();
        let wanted = changed.filter(move |order| self.wanted.want(order)).cloned();
        wanted.map(|order| ListEntry::Summary(Box::new(order)))
    }

    /// How many of these no list counts that is looked through: those of a vendor's own from the
    /// stores of others, and those that are found by a code and not by their day.
    pub(super) fn changed_elsewhere(self) -> u64 {
        let is_elsewhere = |order: &OrderSummary| {
            self.has_own_elsewhere() && !self.visible.owned.contains(&order.store.id)
                || self.asked.filters.days.as_ref().is_some_and(|days| !days.hold(order.created_at))
        };
        let changed = self.changed_and_wanted();
        changed.filter(|order| order.summary().is_some_and(is_elsewhere)).count() as u64
    }

    /// Whether a vendor's own orders are looked through beside those of their stores.
    pub(super) fn has_own_elsewhere(self) -> bool {
        let lists = self.visible.narrowed(self.caller, &self.asked.filters);
        lists.len() > 1 && lists.iter().any(|list| matches!(list, OrderList::OfUser(_)))
    }
}

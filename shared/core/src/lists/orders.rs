//! Lists of orders as a caller may see them: filtered, searched, sorted, counted and cut into
//! pages.
//!
//! [`filters`] and [`ordering`] say what is asked for, [`plan`] how it is found, [`walk`] reads it.

mod days;
mod entry;
mod filters;
mod index_merge;
mod jump;
mod my_orders;
mod ordering;
mod pages;
mod plan;
mod query;
mod search;
mod times;

pub use filters::Filters;
pub(crate) use index_merge::{IndexMerge, MAX_READ};
pub(crate) use oms_table::lists::Entry;
pub use pages::OrderPage;
pub(crate) use plan::{ENTRY_BYTES, Part, at_once};
pub use query::OrderQuery;

use crate::app::App;
use oms_domain::statistics::Counts;
use oms_domain::tally::Scope;
use oms_domain::{Caller, Error, OrderId, OrderSummary, Outcome, StoreId, UserId};
use oms_http::views::order::OrderListView;
use oms_runtime::meter::{self, side_by_side};
use oms_table::lists::{OrderList, Wanted};
use oms_table::recent_writes::RecentWrite;

/// Of how many of a vendor's own orders it is looked which are from their own stores.
const MAX_OWN: usize = 10_000;

/// How long an order is a recent one: 30 days.
const RECENT: jiff::SignedDuration = jiff::SignedDuration::from_hours(30 * 24);

/// Which orders a caller may see, as lists and as counters.
#[derive(Clone, Debug)]
pub struct Visible {
    lists: Vec<OrderList>,
    /// The stores that the caller owns, where that matters.
    owned: Vec<StoreId>,
}

/// How many orders some lists have together, and how many lines.
#[derive(Clone, Debug)]
pub(crate) struct LineCount {
    /// A vendor's own orders from their own stores twice.
    pub(crate) orders: u64,
    pub(crate) lines: u64,
    /// What the reader has changed that lists may not have.
    pub(crate) recent: Vec<RecentWrite>,
}

impl App {
    /// All orders that a caller may see: their own; a vendor's also those of their stores; for
    /// staff all.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn visible_to(&self, caller: &Caller) -> Outcome<Visible> {
        if caller.is_staff() {
            return Ok(Visible { lists: vec![OrderList::All], owned: Vec::new() });
        }
        let own = OrderList::OfUser(caller.user.id.clone());
        let owned: Vec<StoreId> = if caller.is_vendor() {
            let stores = self.table().stores_ever_of(&caller.user.id).await?;
            stores.into_iter().map(|store| store.id).collect()
        } else {
            Vec::new()
        };
        let stores = owned.iter().map(|store| OrderList::OfStore(*store));
        Ok(Visible { lists: std::iter::once(own).chain(stores).collect(), owned })
    }

    /// The orders that a caller runs: a vendor's those of their stores; for staff all.
    ///
    /// # Errors
    /// 403 for customers; 503 where the table cannot be read.
    pub async fn run_by(&self, caller: &Caller) -> Outcome<Visible> {
        if !caller.is_staff() && !caller.is_vendor() {
            return Err(Error::Forbidden);
        }
        let mut visible = self.visible_to(caller).await?;
        visible.lists.retain(|list| !matches!(list, OrderList::OfUser(_)));
        Ok(visible)
    }

    /// The caller's own orders, whoever they are.
    #[must_use]
    pub fn my_orders(&self, caller: &Caller) -> Visible {
        Visible { lists: vec![OrderList::OfUser(caller.user.id.clone())], owned: Vec::new() }
    }

    /// Since when an order is a recent one: for 30 days.
    #[must_use]
    pub fn recent(&self) -> jiff::Timestamp {
        self.now().checked_sub(RECENT).unwrap_or(jiff::Timestamp::MIN)
    }

    /// How many orders some lists have together, and how many lines these, by the counters and
    /// what these lack of what the caller has changed.
    pub(crate) async fn count_lines(&self, caller: &Caller, visible: &Visible) -> Outcome<LineCount> {
        let read = visible.lists.iter().map(|list| async move {
            let scope = scope_of(list);
            self.table().counts_by_status(&scope).await
        });
        let (read, recent) =
            meter::both(async { Ok(side_by_side(read).await?) }, self.settling_writes(caller)).await?;
        // How far they are counted is read after the counters, which tell only then.
        let changed: Vec<OrderId> = recent.iter().map(|write| write.order).collect();
        let settling = self.settled(&changed).await?;
        let zone = &self.config().time_zone;
        let counts: Vec<Counts> = read.iter().map(|read| settling.complete(read, zone)).collect();
        // The first list is the caller's own.
        let has_own = counts.first().is_some_and(|own| own.total() > 0);
        let twice = if has_own { self.in_two_lists(visible).await? } else { Vec::new() };
        let lines: u64 = counts.iter().map(|counts| counts.lines).sum();
        let twice: u64 = twice.iter().map(|order| u64::from(order.item_count)).sum();
        let orders = counts.iter().map(Counts::total).sum();
        Ok(LineCount { orders, lines: lines.saturating_sub(twice), recent })
    }

    /// A vendor's own orders from their own stores, which are in two of the lists.
    pub(crate) async fn in_two_lists(&self, visible: &Visible) -> Outcome<Vec<OrderSummary>> {
        if visible.owned.is_empty() {
            return Ok(Vec::new());
        }
        let own: Vec<_> = visible.lists.iter().take(1).cloned().collect();
        let mut own = self.table().listed_orders(&own, &Wanted::default(), MAX_OWN).await?;
        own.retain(|order| visible.owned.contains(&order.store.id));
        Ok(own)
    }
}

/// Whose counters count a list.
pub(crate) fn scope_of(list: &OrderList) -> Scope {
    match list {
        OrderList::OfUser(user) => Scope::User(user.clone()),
        OrderList::OfStore(store) => Scope::Store(*store),
        OrderList::All => Scope::All,
    }
}

impl Visible {
    /// The lists that hold them; a vendor's own orders from their own stores are in two.
    pub(crate) fn lists(&self) -> &[OrderList] {
        &self.lists
    }

    /// Whether an order of a user from a store is among them.
    #[must_use]
    pub fn sees(&self, caller: &Caller, user: &UserId, store: StoreId) -> bool {
        caller.is_staff() || *user == caller.user.id || self.owned.contains(&store)
    }

    /// Whether a store is one of the caller's own, where that matters.
    pub(crate) fn owns(&self, store: StoreId) -> bool {
        self.owned.contains(&store)
    }

    /// The lists that hold what is asked for, as few and as small as the filters allow. Together
    /// they may hold more than the caller may see, and an order twice.
    fn narrowed(&self, caller: &Caller, filters: &Filters) -> Vec<OrderList> {
        if let Some(user) = &filters.user {
            let list = OrderList::OfUser(user.clone());
            return if self.shows_all_of(&list) || !self.owned.is_empty() { vec![list] } else { Vec::new() };
        }
        if let Some(store) = filters.store {
            let own = OrderList::OfUser(caller.user.id.clone());
            let list = OrderList::OfStore(store);
            return vec![if self.shows_all_of(&list) { list } else { own }];
        }
        self.lists.clone()
    }

    /// Whether an order is in one of the lists.
    fn holds(&self, order: &OrderSummary) -> bool {
        self.lists.iter().any(|list| list.holds(order))
    }

    /// Whether all orders of a list are among them.
    fn shows_all_of(&self, list: &OrderList) -> bool {
        self.lists.contains(list) || self.lists.contains(&OrderList::All)
    }

    fn show(&self, caller: &Caller, order: &OrderSummary) -> OrderListView {
        let manages = caller.is_staff() || self.owned.contains(&order.store.id);
        OrderListView::new(order, manages)
    }
}

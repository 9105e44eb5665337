//! Statistics of one user's orders of one store. There are no counters of such pairs, because they
//! would be many and their orders are few: these are read, each consistently, and added up.

use super::{NEWEST, StatisticsQuery};
use crate::app::App;
use crate::statistics::read_your_writes::Snapshot;
use jiff::Timestamp;
use oms_domain::calendar::Calendar;
use oms_domain::statistics::Counts;
use oms_domain::tally::{Scope, Tally, tally};
use oms_domain::{Caller, Error, Order, OrderId, OrderSummary, Outcome, StoreId, UserId};
use oms_table::lists::{OrderList, Wanted, position};
use std::collections::BTreeSet;

/// The most orders of a user that are looked through for those of one store.
const MAX_ORDERS: usize = 10_000;
/// How many orders are looked at in one go.
const PAGE: usize = 250;

/// A user and a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) user: UserId,
    pub(crate) store: StoreId,
}

/// What some orders add up to.
#[derive(Default)]
struct Folded {
    tally: Tally,
    newest: Vec<OrderSummary>,
    /// The orders with the newest payments: each with the time of its newest.
    paying: Vec<(Timestamp, OrderSummary)>,
}

impl App {
    /// What the statistics of a pair are made of: the orders that the user's index has and those
    /// that the caller has just changed, which it may not have yet.
    ///
    /// # Errors
    /// 400 for a user of more than 10,000 orders; 503 where the table cannot be read.
    pub(crate) async fn folded(
        &self,
        caller: &Caller,
        pair: &Pair,
        calendar: &Calendar,
    ) -> Outcome<Snapshot> {
        let steps = self.table().recent_writes(&caller.user.id, self.now()).await?;
        let steps = steps.into_iter().filter(|step| step.user == pair.user && step.store == pair.store);
        let changed: BTreeSet<OrderId> = steps.map(|step| step.order).collect();
        let mut folded = Folded::default();
        self.fold(changed.iter().copied().collect(), &mut folded).await?;
        let list = [OrderList::OfUser(pair.user.clone())];
        let (mut seen, mut after) = (0, None);
        loop {
            let wanted = Wanted { after: after.as_deref(), oldest_first: false };
            let page = self.table().listed_orders(&list, &wanted, PAGE).await?;
            seen += page.len();
            if seen > MAX_ORDERS {
                return Err(too_many());
            }
            let of_store = page.iter().filter(|order| order.store.id == pair.store).map(|order| order.id);
            self.fold(of_store.filter(|id| !changed.contains(id)).collect(), &mut folded).await?;
            if page.len() < PAGE {
                return Ok(folded.snapshot(pair, calendar));
            }
            after = page.last().map(|last| position(last.created_at, last.id));
        }
    }

    async fn fold(&self, ids: Vec<OrderId>, folded: &mut Folded) -> Outcome<()> {
        if ids.is_empty() {
            return Ok(());
        }
        for mut order in self.table().orders(ids).await? {
            self.table().recall(&mut order, 0).await?;
            folded.tally.absorb(tally(None, &order, &self.config().time_zone));
            folded.add(&order)?;
        }
        Ok(())
    }
}

impl Folded {
    fn add(&mut self, order: &Order) -> Outcome<()> {
        let summary = OrderSummary::of(order);
        if let Some(newest) = order.payments.iter().map(|payment| payment.created_at).max() {
            self.paying.push((newest, summary.clone()));
            self.paying.sort_by_key(|(at, order)| std::cmp::Reverse((*at, order.id)));
            // Each of the newest payments is of one of these.
            self.paying.truncate(NEWEST);
        }
        self.newest.push(summary);
        self.newest.sort_by_key(|order| std::cmp::Reverse((order.created_at, order.id)));
        self.newest.truncate(NEWEST);
        Ok(())
    }

    fn snapshot(self, pair: &Pair, calendar: &Calendar) -> Snapshot {
        let (since, cut) = (calendar.days_since().first_of_month(), calendar.cut_days());
        let scope = Scope::User(pair.user.clone());
        let cells = self.tally.of(&scope).filter(|(cell, _)| cell.is_shown_since(since, cut));
        let counts = cells.collect::<Counts>();
        let changed = self.paying.into_iter().map(|(_, order)| order).collect();
        Snapshot { counts, newest: self.newest, changed }
    }
}

impl StatisticsQuery {
    /// The orders of one user and one store.
    pub(super) fn of_pair(user: UserId, store: StoreId) -> Self {
        Self { pair: Some(Pair { user, store }), ..Self::new(Vec::new()) }
    }
}

fn too_many() -> Error {
    Error::TooMuch {
        code: "too_many_orders",
        message: format!(
            "The user has more than {MAX_ORDERS} orders, too many to look through for those of one store: ask \
             for the user or the store alone."
        ),
    }
}

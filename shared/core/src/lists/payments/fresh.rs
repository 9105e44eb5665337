//! What the rows may not have yet.
//!
//! Rows follow the orders within moments, usually well within a second. Whoever has just made or
//! paid a payment should not wait for that, so each list asks for the newest of the caller's orders
//! (of all, for staff) and for what the caller has changed. Those that have changed within the last
//! seconds are read consistently, and take the place of whatever rows say of them. So what the
//! caller did shows at once, and what others did to the newest orders as soon as the index has
//! these, which takes milliseconds. A payment of an older order is always shown as it is, since a
//! page shows orders and not rows; but which filtered list it is in follows with its row.

use crate::app::App;
use crate::lists::orders::Visible;
use crate::lists::read_your_writes::SETTLING;
use crate::statistics::StatisticsQuery;
use futures::future::try_join_all;
use jiff::Timestamp;
use oms_domain::{Caller, OrderId, OrderSummary, Outcome, PaymentEntry};
use oms_runtime::meter;
use oms_table::lists::{OrderList, Wanted};
use std::collections::BTreeSet;

/// How many of the newest payments statistics show.
const RECENT: usize = 10;
/// Of how many of the newest orders lists are fresh, over all the lists that a caller sees.
const NEWEST: usize = 10;

impl App {
    /// The newest payments that statistics are of, as their rows have them: half a unit a scope.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn newest_payments(&self, asked: &StatisticsQuery) -> Outcome<Vec<PaymentEntry>> {
        let lists: Vec<_> = asked.scopes().iter().map(OrderList::of).collect();
        let spans = try_join_all(lists.iter().map(|list| self.table().spans_of_payments(list))).await?;
        let spans: Vec<_> = spans.into_iter().flatten().collect();
        let reads = spans.iter().map(|span| self.table().newest(span.index, &span.hash, RECENT));
        Ok(meter::side_by_side(reads).await?.into_iter().flatten().collect())
    }

    /// Those orders whose rows may be behind: of the newest ones, and what the caller has changed.
    pub(super) async fn settling(&self, caller: &Caller, visible: &Visible) -> Outcome<Vec<OrderId>> {
        let limit = NEWEST.div_ceil(visible.lists().len().max(1));
        let wanted = Wanted::default();
        let newest = async { Ok(self.table().listed_orders(visible.lists(), &wanted, limit).await?) };
        let both = async { futures::try_join!(newest, self.settling_writes(caller)) };
        let (newest, recent) = meter::at_once(both).await?;
        let since = self.now().checked_sub(SETTLING).unwrap_or(Timestamp::MIN);
        let is_settling = |order: &OrderSummary| order.updated_at > since;
        let newest = newest.iter().filter(|order| is_settling(order)).map(|order| order.id);
        let all: BTreeSet<OrderId> = newest.chain(recent.iter().map(|write| write.order)).collect();
        Ok(all.into_iter().collect())
    }
}

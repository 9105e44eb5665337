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
use crate::statistics::verify::STATS;
use futures::future::try_join_all;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use oms_domain::tally::{Tally, tally};
use oms_domain::{Caller, Order, OrderId, OrderSummary, Outcome, PaymentEntry};
use oms_runtime::meter;
use oms_table::counters::stream_position::Lanes;
use oms_table::lists::{OrderList, Wanted};
use oms_table::orders::watermarks::Watermark;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many of the newest payments statistics show.
const RECENT: usize = 10;
/// Of how many of the newest orders lists are fresh, over all the lists that a caller sees.
const NEWEST: usize = 10;

/// Orders whose rows may be behind, as they are now, and what the counters lack of them.
#[derive(Debug, Default)]
pub(super) struct Settling {
    /// Those that there are.
    pub(super) orders: BTreeMap<OrderId, Order>,
    /// How far each is counted; its log reaches back to what any counter may have.
    marks: HashMap<OrderId, Watermark>,
}

impl Settling {
    /// What counters that were read afterwards, and have counted so far, may lack of the orders.
    pub(super) fn missing(&self, counted: &Lanes, zone: &TimeZone) -> Tally {
        let mut missing = Tally::default();
        for order in self.orders.values() {
            let seen = self.marks.get(&order.id).map_or(0, |mark| counted.has(mark));
            if seen < order.version {
                missing.absorb(tally(order.as_of(seen).as_ref(), order, zone));
            }
        }
        missing
    }
}

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

    /// Reads orders that may be settling, and how far the consumer has counted them.
    pub(super) async fn settled(&self, orders: &[OrderId]) -> Outcome<Settling> {
        let mut settling = Settling::default();
        if orders.is_empty() {
            return Ok(settling);
        }
        let ids = || orders.iter().copied();
        let read =
            async { futures::try_join!(self.table().orders(ids()), self.table().watermarks(STATS, ids())) };
        let (found, marks) = meter::at_once(read).await?;
        for mut order in found {
            let seen = marks.get(&order.id).map_or(0, |mark| Lanes::default().has(mark));
            if order.version > seen {
                self.table().recall(&mut order, seen).await?;
            }
            settling.orders.insert(order.id, order);
        }
        Ok(Settling { marks, ..settling })
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

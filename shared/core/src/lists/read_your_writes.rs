//! What the reader of a list has just done, which the indexes may not have yet.
//!
//! Indexes follow the table within moments, mostly milliseconds. Whoever has changed an order must
//! not wait for that, so every list asks for their last changes
//! ([`oms_table::recent_writes`], a unit), reads consistently what an index does not show in
//! the version that they left, and puts it where it belongs. What others do shows once the index
//! has it.

use crate::app::App;
use crate::lists::orders::Visible;
use crate::statistics::verify::STATS;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use oms_domain::statistics::Counts;
use oms_domain::tally::{Scope, Tally, tally};
use oms_domain::{Caller, Order, OrderId, OrderSummary, Outcome};
use oms_runtime::meter;
use oms_table::counters::CountersRead;
use oms_table::counters::stream_position::Lanes;
use oms_table::lists::{Wanted, position};
use oms_table::orders::watermarks::Watermark;
use oms_table::recent_writes::RecentWrite;
use std::collections::{BTreeMap, HashMap};

/// How long after a change the indexes and the counters are asked whether they have it: far longer
/// than they take while all is well.
pub(super) const SETTLING: SignedDuration = SignedDuration::from_secs(10);

/// How far the time in an order's id is from that of its placing, at most.
const ID_PRECISION: SignedDuration = SignedDuration::from_millis(100);

/// How long placing an order may take, from its id to its saving: as long as API Gateway waits.
const PLACING: SignedDuration = SignedDuration::from_secs(30);

/// Orders that the indexes and the counters may not have as they are now, and how far each is
/// counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Settling {
    /// Those that there are, also deleted ones; their logs reach back to what any counter may have.
    pub(super) orders: BTreeMap<OrderId, Order>,
    marks: HashMap<OrderId, Watermark>,
}

impl Settling {
    /// What counters that have counted so far may lack of the orders.
    fn missing(&self, counted: &Lanes, zone: &TimeZone) -> Tally {
        let mut missing = Tally::default();
        for order in self.orders.values() {
            let seen = self.counted(order, counted);
            if seen < order.version {
                missing.absorb(tally(order.as_of(seen).as_ref(), order, zone));
            }
        }
        missing
    }

    /// What counters say, with what they lack.
    pub(super) fn complete(&self, read: &CountersRead, zone: &TimeZone) -> Counts {
        if self.orders.is_empty() {
            return read.counts();
        }
        read.with(|scope, counted| self.missing(counted, zone).of(scope).collect())
    }

    /// Whether counters that were read before this lack nothing of the orders.
    pub(super) fn is_counted(&self, read: &CountersRead) -> bool {
        let of_scope = self.orders.values().filter(|order| Scope::of(order).contains(read.scope()));
        let orders: Vec<&Order> = of_scope.collect();
        let has_all =
            |counted: Lanes| orders.iter().all(|order| self.counted(order, &counted) >= order.version);
        read.positions().all(has_all)
    }

    /// Whether it can be told how far the orders are counted in an item that each batch writes,
    /// which was read before this: not where one has been counted more than once since.
    pub(super) fn can_be_told(&self, front: &Lanes) -> bool {
        self.marks.values().all(|mark| front.version_of(mark).is_some())
    }

    /// The orders of which counters that have counted so far lack nothing, and their versions.
    pub(super) fn counted_in(&self, counted: &Lanes) -> impl Iterator<Item = (OrderId, u64)> {
        let versions = self.orders.values().map(|order| (order, self.counted(order, counted)));
        let whole = versions.filter(|(order, version)| *version >= order.version);
        whole.map(|(order, version)| (order.id, version)).collect::<Vec<_>>().into_iter()
    }

    /// With others.
    pub(super) fn absorb(&mut self, other: Self) {
        self.orders.extend(other.orders);
        self.marks.extend(other.marks);
    }

    fn counted(&self, order: &Order, counted: &Lanes) -> u64 {
        self.marks.get(&order.id).map_or(0, |mark| counted.has(mark))
    }
}

impl App {
    /// Reads orders that may be settling, and how far the consumer has counted them.
    pub(super) async fn settled(&self, orders: &[OrderId]) -> Outcome<Settling> {
        let mut settling = Settling::default();
        if orders.is_empty() {
            return Ok(settling);
        }
        let ids = || orders.iter().copied();
        let (table, read) = (self.table(), self.table().orders_and_tombstones(ids()));
        let read = async { futures::try_join!(read, table.watermarks(STATS, ids())) };
        let (found, marks) = meter::at_once(read).await?;
        for mut order in found {
            let seen = marks.get(&order.id).map_or(0, |mark| Lanes::default().has(mark));
            if order.version > seen {
                let since = if order.is_deleted() { 0 } else { seen };
                table.recall(&mut order, since).await?;
            }
            settling.orders.insert(order.id, order);
        }
        Ok(Settling { marks, ..settling })
    }

    /// What a caller has changed that lists may not have: within the last seconds, and before that
    /// where the consumer is so late that it has not written the rows.
    pub(super) async fn settling_writes(&self, caller: &Caller) -> Outcome<Vec<RecentWrite>> {
        let now = self.now();
        let mut recent = self.table().recent_writes(&caller.user.id, now).await?;
        let is_older = |write: &RecentWrite| now.duration_since(write.at) > SETTLING;
        let is_known = |write: &RecentWrite| self.in_lists().has(&write.order, write.version);
        recent.retain(|write| !(is_older(write) && is_known(write)));
        let older: Vec<OrderId> = recent.iter().filter(|one| is_older(one)).map(|one| one.order).collect();
        if older.is_empty() {
            return Ok(recent);
        }
        // Rows are written before their order's watermark moves.
        for (order, mark) in self.table().watermarks_soon(STATS, older).await? {
            self.in_lists().note(order, mark.version);
        }
        recent.retain(|write| !(is_older(write) && is_known(write)));
        Ok(recent)
    }

    /// The orders that a caller has changed and lists may not have, and those of them that there
    /// are, as they are now.
    pub(super) async fn settling_orders(
        &self,
        caller: &Caller,
    ) -> Outcome<(Vec<OrderId>, BTreeMap<OrderId, Order>)> {
        let recent = self.settling_writes(caller).await?;
        let recent: Vec<OrderId> = recent.into_iter().map(|write| write.order).collect();
        let orders = self.table().orders(recent.iter().copied()).await?;
        Ok((recent, orders.into_iter().map(|order| (order.id, order)).collect()))
    }

    /// Visible orders by time, as a list shows them, with all that their reader has just done:
    /// about `limit` of those that are wanted, and after which place there may be more.
    pub(super) async fn listed_with(
        &self,
        caller: &Caller,
        visible: &Visible,
        recent: &[RecentWrite],
        wanted: &Wanted<'_>,
        limit: usize,
    ) -> Outcome<(Vec<OrderSummary>, Option<String>)> {
        let at = |order: &OrderSummary| position(order.created_at, order.id);
        let mut listed = self.table().listed_orders(visible.lists(), wanted, limit).await?;
        // Beyond the last one, what was not read may stand between.
        let end = listed.last().filter(|_| listed.len() >= limit).map(at);
        let (above, below) = match (wanted.oldest_first, wanted.after, end.as_deref()) {
            (true, after, end) => (after, end),
            (false, after, end) => (end, after),
        };
        let mut unseen = not_shown(recent, &listed);
        unseen.retain(|id| listed.iter().any(|one| one.id == *id) || self.may_be_missing(*id, above, below));
        if unseen.is_empty() {
            return Ok((listed, end));
        }
        for order in self.table().orders_and_tombstones(unseen).await? {
            listed.retain(|one| one.id != order.id);
            let is_visible = visible.sees(caller, &order.user.id, order.store.id) && !order.is_deleted();
            let summary = OrderSummary::of(&order);
            let at = at(&summary);
            let is_within = above.is_none_or(|above| *at >= *above)
                && below.is_none_or(|below| *at <= *below)
                && wanted.after != Some(at.as_str());
            if is_visible && is_within {
                listed.push(summary);
            }
        }
        listed.sort_by_cached_key(at);
        if !wanted.oldest_first {
            listed.reverse();
        }
        Ok((listed, end))
    }

    /// Whether the index may have left an order out between two places: one that is new, and was
    /// placed between them. When it was placed, its id tells.
    fn may_be_missing(&self, id: OrderId, above: Option<&str>, below: Option<&str>) -> bool {
        let time = |at: &str| at.split_once('#')?.0.parse::<Timestamp>().ok();
        let (placed, slack) = (id.made_at(), ID_PRECISION);
        self.now().duration_since(placed) <= SETTLING + PLACING
            && above.and_then(time).is_none_or(|above| placed + slack >= above)
            && below.and_then(time).is_none_or(|below| placed <= below + slack)
    }
}

/// The orders among some changes that a list does not show as the changes left them.
pub(super) fn not_shown(recent: &[RecentWrite], listed: &[OrderSummary]) -> Vec<OrderId> {
    let is_shown =
        |write: &RecentWrite| listed.iter().any(|one| one.id == write.order && one.version >= write.version);
    recent.iter().filter(|write| !is_shown(write)).map(|write| write.order).collect()
}

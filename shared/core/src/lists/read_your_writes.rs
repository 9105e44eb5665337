//! What the reader of a list has just done, which the indexes may not have yet.
//!
//! Indexes follow the table within moments, mostly milliseconds. Whoever has changed an order must
//! not wait for that, so every list asks for their last changes
//! ([`oms_table::recent_writes`], a unit), reads consistently what an index does not show in
//! the version that they left, and puts it where it belongs. What others do shows once the index
//! has it.

use crate::app::App;
use crate::lists::orders::Visible;
use jiff::SignedDuration;
use oms_domain::{Caller, Order, OrderId, OrderSummary, Outcome};
use oms_runtime::meter;
use oms_table::lists::{Wanted, position};
use oms_table::recent_writes::RecentWrite;
use std::collections::BTreeMap;

/// How long after a change the indexes and the counters are asked whether they have it: far longer
/// than they take while all is well.
pub(super) const SETTLING: SignedDuration = SignedDuration::from_secs(10);

impl App {
    /// What a caller has changed within the last seconds.
    pub(super) async fn settling_writes(&self, caller: &Caller) -> Outcome<Vec<RecentWrite>> {
        let now = self.now();
        let mut recent = self.table().recent_writes(&caller.user.id, now).await?;
        recent.retain(|write| now.duration_since(write.at) <= SETTLING);
        Ok(recent)
    }

    /// The orders that a caller has changed within the last seconds, and those of them that there
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

    /// Visible orders by time, as a list shows them, with all that their reader has just done.
    pub(super) async fn listed_for(
        &self,
        caller: &Caller,
        visible: &Visible,
        wanted: &Wanted<'_>,
        limit: usize,
    ) -> Outcome<Vec<OrderSummary>> {
        let listed = async { Ok(self.table().listed_orders(visible.lists(), wanted, limit).await?) };
        let both = async { futures::try_join!(listed, self.settling_writes(caller)) };
        let (mut listed, recent) = meter::at_once(both).await?;
        let unseen = not_shown(&recent, &listed);
        if unseen.is_empty() {
            return Ok(listed);
        }
        let at = |order: &OrderSummary| position(order.created_at, order.id);
        let is_on_page = |at: &str| {
            wanted.after.is_none_or(|after| if wanted.oldest_first { at > after } else { at < after })
        };
        for order in self.table().orders_and_tombstones(unseen).await? {
            listed.retain(|one| one.id != order.id);
            let is_visible = visible.sees(caller, &order.user.id, order.store.id) && !order.is_deleted();
            let summary = OrderSummary::of(&order);
            if is_visible && is_on_page(&at(&summary)) {
                listed.push(summary);
            }
        }
        listed.sort_by_cached_key(at);
        if !wanted.oldest_first {
            listed.reverse();
        }
        listed.truncate(limit);
        Ok(listed)
    }
}

/// The orders among some changes that a list does not show as the changes left them.
pub(super) fn not_shown(recent: &[RecentWrite], listed: &[OrderSummary]) -> Vec<OrderId> {
    let is_shown =
        |write: &RecentWrite| listed.iter().any(|one| one.id == write.order && one.version >= write.version);
    recent.iter().filter(|write| !is_shown(write)).map(|write| write.order).collect()
}

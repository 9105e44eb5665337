//! `my_orders`: the caller's own orders, with all that they have just done to them, and kept.
//!
//! What shows that a kept page is what would be answered anew is the stamp of the caller's
//! counters, another one as soon as the consumer has seen any change of any of their orders, and
//! the caller's trail, which has their own changes at once.

use super::pages::{OrderPage, PageWanted};
use super::query::{Changed, OrderQuery};
use crate::app::App;
use crate::lists::read_your_writes::{SETTLING, not_shown};
use crate::response_cache::Answer;
use crate::statistics::verify::STATS;
use jiff::Timestamp;
use oms_domain::tally::{Counter, Scope, Tally};
use oms_domain::{Caller, Decimal, Error, OrderId, OrderSummary, Outcome};
use oms_http::pages::{Links, PageRequest};
use oms_runtime::meter;
use oms_runtime::retry;
use oms_table::counters::snapshot::CounterTotals;
use oms_table::recent_writes::RecentWrite;
use std::collections::BTreeMap;

impl App {
    /// A page of the caller's own orders, with everything that they have done themselves. It takes
    /// two trips and, where the index or the counters turn out not to have the caller's last
    /// changes yet, one or two more. Pages are kept for `CACHE_TIMEOUT`; one that is still good
    /// takes a trip.
    ///
    /// # Errors
    /// Those of [`page_of_orders`](Self::page_of_orders).
    pub async fn page_of_my_orders(
        &self,
        caller: &Caller,
        asked: &OrderQuery,
        request: &PageRequest,
        links: &Links,
    ) -> Outcome<Answer> {
        let now = self.now();
        let scope = Scope::User(caller.user.id.clone());
        let front = async { Ok(self.table().counter_totals(&scope).await?) };
        let recent_writes = async { Ok::<_, Error>(self.table().recent_writes(&caller.user.id, now).await?) };
        let (front, mut steps) = meter::at_once(async { futures::try_join!(front, recent_writes) }).await?;
        steps.retain(|step| step.user == caller.user.id);

        let question = format!("my_orders {:?} {:?} {request:?} {links}", caller.user.id, caller.role);
        let evidence = format!("{} {steps:?}", front.stamp);
        if let Some(answer) = self.response_cache().get(&question, &evidence, now) {
            return Ok(answer);
        }
        let since = now.checked_sub(SETTLING).unwrap_or(Timestamp::MIN);
        let is_settled = steps.iter().all(|step| step.at < since) && front.stamped_at() < since;
        let mut changed = self.changed_since(&scope, front, &steps).await?;
        steps.retain(|step| step.at >= since);
        let own = self.my_orders(caller);
        let wanted = PageWanted { caller, visible: &own, asked, request, links };
        let first = self.page_of(wanted, &changed).await?;
        let page = self.page_with(wanted, &steps, &mut changed, first).await?;
        let body = serde_json::to_string(&page).map_err(Error::internal)?;
        let answer = Answer { body: body.into(), is_kept: false };
        if is_settled && !changed.is_behind && page.explain.is_none() {
            self.response_cache().store(question, evidence, &answer, now, self.config().cache_timeout);
        }
        Ok(answer)
    }

    /// A page that was read, and read anew where it does not show what it should of its reader's
    /// last changes.
    pub(super) async fn page_with(
        &self,
        wanted: PageWanted<'_>,
        recent: &[RecentWrite],
        changed: &mut Changed,
        first: (OrderPage, Vec<OrderSummary>),
    ) -> Outcome<OrderPage> {
        let PageWanted { caller, visible, asked, .. } = wanted;
        let (mut page, mut listed) = first;
        let mut tries = 1;
        loop {
            let mut unseen = not_shown(recent, &listed);
            unseen.retain(|order| !changed.orders.contains_key(order));
            if unseen.is_empty() || tries == retry::MISSING_FROM_INDEX {
                return Ok(page);
            }
            let mut is_good = true;
            for order in self.table().orders_and_tombstones(unseen).await? {
                let summary = OrderSummary::of(&order);
                let is_visible = visible.sees(caller, &order.user.id, order.store.id) && !order.is_deleted();
                let is_wanted = is_visible && asked.filters.want(&summary);
                // What is not wanted and not there needs nothing; what is may be on another page.
                is_good &= !is_wanted && listed.iter().all(|one| one.id != order.id);
                changed.orders.insert(order.id, Some(summary).filter(|_| is_visible));
            }
            if is_good {
                return Ok(page);
            }
            tries += 1;
            (page, listed) = self.page_of(wanted, changed).await?;
        }
    }

    /// What the counters lack of the reader's last steps; where it cannot be told even after some
    /// looks, they have what they have, and the page says that it is behind.
    async fn changed_since(
        &self,
        scope: &Scope,
        mut front: CounterTotals,
        steps: &[RecentWrite],
    ) -> Outcome<Changed> {
        for _ in 1..retry::MOVED_WHILE_READ {
            if let Some(changed) = self.changed(scope, &front, steps).await? {
                return Ok(changed);
            }
            front = self.table().counter_totals(scope).await?;
        }
        let counts = Some(front.cells().collect());
        Ok(Changed { counts, is_behind: true, ..Changed::default() })
    }

    /// What the counters lack of the reader's last steps. None where something was counted
    /// meanwhile and they have to be read anew.
    async fn changed(
        &self,
        scope: &Scope,
        front: &CounterTotals,
        steps: &[RecentWrite],
    ) -> Outcome<Option<Changed>> {
        let lacks = |step: &&RecentWrite| {
            !front.has(step.order, step.version)
                && !self.counted().has(&(scope.clone(), step.order), step.version)
        };
        let uncounted: Vec<OrderId> = steps.iter().filter(lacks).map(|step| step.order).collect();
        if uncounted.is_empty() {
            let counts = Some(front.cells().collect());
            return Ok(Some(Changed { counts, ..Changed::default() }));
        }
        let orders = self.table().orders_and_tombstones(uncounted.iter().copied());
        let marks = self.table().watermarks(STATS, uncounted.iter().copied());
        let (orders, marks) = meter::at_once(async { futures::try_join!(orders, marks) }).await?;
        let mut changed = Changed::default();
        let mut missing = Tally::default();
        for order in orders {
            let counted = match marks.get(&order.id) {
                None => 0,
                Some(mark) => match front.lanes.version_of(mark) {
                    Some(counted) => counted,
                    None => return Ok(None),
                },
            };
            if counted >= order.version {
                self.counted().note((scope.clone(), order.id), counted);
            }
            changed.is_behind |= order.version > counted;
            missing.absorb(self.uncounted(&order, counted).await?);
            let summary = OrderSummary::of(&order);
            changed.orders.insert(order.id, Some(summary).filter(|_| !order.is_deleted()));
        }
        let mut cells: BTreeMap<Counter, Decimal> = BTreeMap::new();
        let shown = missing.of(scope).filter(|(cell, _)| cell.is_in_front());
        for (cell, value) in front.cells().chain(shown) {
            *cells.entry(cell).or_default() += value;
        }
        changed.counts = Some(cells.into_iter().collect());
        Ok(Some(changed))
    }
}

//! `my_orders`: the caller's own orders, with all that they have just done to them, and kept.
//!
//! What shows that a kept page is what would be answered anew is the stamp of the caller's
//! counters, another one as soon as the consumer has seen any change of any of their orders, and
//! the caller's trail, which has their own changes at once.

use super::pages::{OrderPage, PageWanted};
use super::query::{Changed, CountersOfList, OrderQuery};
use crate::app::App;
use crate::lists::read_your_writes::{SETTLING, Settling, not_shown};
use crate::response_cache::Answer;
use jiff::Timestamp;
use oms_domain::tally::Scope;
use oms_domain::{Caller, Error, OrderId, Outcome};
use oms_http::pages::{Links, PageRequest};
use oms_runtime::meter;
use oms_runtime::retry;
use oms_table::counters::CountersRead;
use oms_table::counters::snapshot::FrontPosition;
use oms_table::lists::OrderList;
use oms_table::recent_writes::RecentWrite;

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
        let front = async { Ok(self.table().counters_in_front(&scope).await?) };
        let recent_writes = async { Ok::<_, Error>(self.table().recent_writes(&caller.user.id, now).await?) };
        let (front, mut steps) = meter::at_once(async { futures::try_join!(front, recent_writes) }).await?;
        steps.retain(|step| step.user == caller.user.id);
        let position = &front.0;

        let question = format!("my_orders {:?} {:?} {request:?} {links}", caller.user.id, caller.role);
        let evidence = format!("{} {steps:?}", position.stamp);
        if let Some(answer) = self.response_cache().get(&question, &evidence, now) {
            return Ok(answer);
        }
        let since = now.checked_sub(SETTLING).unwrap_or(Timestamp::MIN);
        let is_settled = steps.iter().all(|step| step.at < since) && position.stamped_at() < since;
        let own = self.my_orders(caller);
        let wanted = PageWanted { caller, visible: &own, asked, request, links };
        let (changed, is_behind) = self.lacking_in_front(wanted, &scope, front, &steps).await?;
        steps.retain(|step| step.at >= since);
        let page = self.page_with(wanted, &steps, changed).await?;
        let body = serde_json::to_string(&page).map_err(Error::internal)?;
        let answer = Answer { body: body.into(), is_kept: false };
        if is_settled && !is_behind && page.explain.is_none() {
            self.response_cache().store(question, evidence, &answer, now, self.config().cache_timeout);
        }
        Ok(answer)
    }

    /// A page, read anew where it does not show what it should of its reader's last changes.
    async fn page_with(
        &self,
        wanted: PageWanted<'_>,
        recent: &[RecentWrite],
        mut changed: Changed,
    ) -> Outcome<OrderPage> {
        let first = self.page_of(wanted, &changed).await?;
        let mut unseen = not_shown(recent, &first.listed);
        unseen.retain(|order| !changed.orders.contains_key(order));
        if unseen.is_empty() {
            return Ok(first.page);
        }
        let more = Changed::new(self.settled(&unseen).await?, wanted.caller, wanted.visible);
        if more.are_shown(&first, recent, wanted.asked) {
            return Ok(first.page);
        }
        changed.absorb(more);
        Ok(self.page_of(wanted, &changed).await?.page)
    }

    /// What the counters lack of the reader's last steps, and whether it is anything, or cannot be
    /// told even after some looks: then they have what they have.
    async fn lacking_in_front(
        &self,
        wanted: PageWanted<'_>,
        scope: &Scope,
        (mut position, mut read): (FrontPosition, CountersRead),
        steps: &[RecentWrite],
    ) -> Outcome<(Changed, bool)> {
        let PageWanted { caller, visible, .. } = wanted;
        let mut tries = 1;
        loop {
            let lacks = |step: &&RecentWrite| {
                !position.has(step.order, step.version)
                    && !self.counted().has(&(scope.clone(), step.order), step.version)
            };
            let uncounted: Vec<OrderId> = steps.iter().filter(lacks).map(|step| step.order).collect();
            let settling = self.settled(&uncounted).await?;
            let is_told = settling.can_be_told(&position.lanes);
            if is_told || tries == retry::MOVED_WHILE_READ {
                let settling = if is_told { settling } else { Settling::default() };
                for (order, version) in settling.counted_in(&position.lanes) {
                    self.counted().note((scope.clone(), order), version);
                }
                let is_behind = !is_told || !settling.is_counted(&read);
                let mut changed = Changed::new(settling, caller, visible);
                let list = OrderList::OfUser(caller.user.id.clone());
                changed.read.insert(list, CountersOfList::Front(read));
                return Ok((changed, is_behind));
            }
            tries += 1;
            (position, read) = self.table().counters_in_front(scope).await?;
        }
    }
}

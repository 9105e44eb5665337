//! What of a reader's changes the counters, or the index, may not have: which is asked for.

use super::StatisticsQuery;
use super::read_your_writes::Look;
use crate::app::App;
use crate::statistics::verify::STATS;
use jiff::{SignedDuration, Timestamp};
use oms_domain::tally::Scope;
use oms_domain::{Order, OrderId, OrderSummary, Outcome};
use oms_runtime::meter;
use oms_table::counters::snapshot::CounterSnapshot;
use oms_table::orders::watermarks::Watermark;
use oms_table::recent_writes::RecentWrite;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// For how long after a change of one of the newest orders of a user or a store it is asked whether
/// the counters have it, whoever made it: longer than the consumer takes while it is well.
const SETTLING: SignedDuration = SignedDuration::from_secs(10);
/// How old a change is of which the counters most likely know: only its watermark is read then, and
/// its order where it says something else.
const MOSTLY_COUNTED: SignedDuration = SignedDuration::from_secs(3);
/// Of how many orders that others have changed it is asked, where the counters leave a doubt; more
/// show when they are counted.
pub const OTHERS: usize = 4;
/// How much earlier than its placing an order's id may have been made.
const ID_MADE: SignedDuration = SignedDuration::from_secs(30);

/// A change that some counters may not have.
#[derive(Clone, Debug)]
pub(super) struct Doubt {
    version: u64,
    at: Timestamp,
    /// Whose counters: all that it is in and that are asked for.
    pub(super) scopes: Vec<Scope>,
}

/// What may be missing, in which the reader could tell.
#[derive(Default)]
pub(super) struct Doubts {
    /// Orders that the counters may not have.
    pub(super) uncounted: BTreeMap<OrderId, Doubt>,
    /// Orders that the index may not have.
    pub(super) unlisted: BTreeSet<OrderId>,
}

impl Doubts {
    pub(super) fn are_none(&self) -> bool {
        self.uncounted.is_empty() && self.unlisted.is_empty()
    }
}

impl App {
    /// What may be missing in what was looked at.
    pub(super) fn doubts(&self, asked: &StatisticsQuery, look: &Look) -> Doubts {
        let mut doubts = Doubts::default();
        let mut doubt = |step: &RecentWrite| {
            let (order, version) = (step.order, step.version);
            let holding = || look.shown.iter().filter(|(scope, _)| holds(scope, step));
            let has = |(scope, shown): &(Scope, CounterSnapshot)| {
                shown.front.has(order, version) || self.counted().has(&(scope.clone(), order), version)
            };
            if holding().all(has) {
                return false;
            }
            let scopes = holding().map(|(scope, _)| scope.clone()).collect();
            let is_new = !doubts.uncounted.contains_key(&order);
            let known = doubts.uncounted.get(&order).map_or(0, |known| known.version);
            if version > known {
                doubts.uncounted.insert(order, Doubt { version, at: step.at, scopes });
            }
            is_new
        };
        for step in &look.own {
            doubt(step);
        }
        // Of all orders, some are on their way at any time: they show when they are counted.
        if !asked.scopes().contains(&Scope::All) {
            let since = self.now().checked_sub(SETTLING).unwrap_or(Timestamp::MIN);
            let settling = look.newest.iter().filter(|order| order.updated_at > since).map(recent_write_of);
            let _ = settling.filter(|step| doubt(step)).take(OTHERS).count();
        }
        let oldest =
            look.newest.get(asked.newest() - 1).and_then(|order| order.created_at.checked_sub(ID_MADE).ok());
        for step in &look.own {
            let listed = look.newest.iter().find(|order| order.id == step.order);
            let is_unlisted = match listed {
                Some(order) => order.version < step.version,
                None => oldest.is_none_or(|oldest| step.order.made_at() > oldest),
            };
            if is_unlisted && asked.scopes().iter().any(|scope| holds(scope, step)) {
                doubts.unlisted.insert(step.order);
            }
        }
        doubts
    }

    /// Reads what is in doubt: the orders of changes that have just been made or stand in no index
    /// yet, with their watermarks, and of older ones first the watermark. What the counters have
    /// after all is in doubt no more.
    pub(super) async fn in_doubt(
        &self,
        shown: &[(Scope, CounterSnapshot)],
        doubts: &mut Doubts,
    ) -> Outcome<(Vec<Order>, HashMap<OrderId, Watermark>)> {
        if doubts.are_none() {
            return Ok(Default::default());
        }
        let since = self.now().checked_sub(MOSTLY_COUNTED).unwrap_or(Timestamp::MIN);
        let (fresh, older): (Vec<_>, Vec<_>) = doubts.uncounted.iter().partition(|(_, of)| of.at >= since);
        let ids = |of: &[(&OrderId, &Doubt)]| of.iter().map(|(id, _)| **id).collect::<BTreeSet<_>>();
        let (fresh, older) = (ids(&fresh), ids(&older));
        let read = async |uncounted: &BTreeSet<OrderId>, unlisted: &BTreeSet<OrderId>| {
            let orders = self.table().orders_and_tombstones(uncounted | unlisted);
            let marks = self.table().watermarks(STATS, uncounted.iter().copied());
            futures::try_join!(orders, marks)
        };
        let soon = self.table().watermarks_soon(STATS, older);
        let both = async { futures::try_join!(read(&fresh, &doubts.unlisted), soon) };
        let ((mut orders, mut marks), soon) = meter::at_once(both).await?;
        doubts.uncounted.retain(|id, Doubt { version, scopes, .. }| {
            let has = |scope: &Scope| {
                let front = shown.iter().find(|(of, _)| of == scope).map(|(_, shown)| &shown.front);
                let counted = soon.get(id).and_then(|mark| front?.lanes.version_of(mark));
                counted.is_some_and(|counted| counted >= *version)
            };
            scopes
                .iter()
                .filter(|scope| has(scope))
                .for_each(|of| self.counted().note((of.clone(), *id), *version));
            // In two scopes it must be the same: what one lacks is looked at in all.
            !scopes.iter().all(has)
        });
        let left: BTreeSet<OrderId> =
            doubts.uncounted.keys().copied().filter(|id| !fresh.contains(id)).collect();
        if !left.is_empty() {
            let more = meter::at_once(read(&left, &BTreeSet::new())).await?;
            orders.retain(|order| !left.contains(&order.id));
            orders.extend(more.0);
            marks.extend(more.1);
        }
        Ok((orders, marks))
    }
}

pub(super) fn recent_write_of(order: &OrderSummary) -> RecentWrite {
    RecentWrite {
        order: order.id,
        at: order.updated_at,
        version: order.version,
        user: order.user.id.clone(),
        store: order.store.id,
    }
}

pub(super) fn holds(scope: &Scope, step: &RecentWrite) -> bool {
    match scope {
        Scope::User(user) => *user == step.user,
        Scope::Store(store) => *store == step.store,
        Scope::All => true,
    }
}

//! Statistics that know what their reader has just done.
//!
//! The counters follow the orders within moments, and say for themselves which orders they have in
//! which version ([`FrontPosition::has`](oms_table::counters::snapshot::FrontPosition::has)). Where
//! that leaves a doubt about an order that the reader has changed
//! ([`recent_writes`](oms_table::recent_writes)), or about one of the newest ones, its watermark is
//! read. The counters say up to which record of the stream they have counted, and the watermark
//! which records made which version: so it is known which version they have. Where that may not be
//! the last one, the order is read, too, and what it has come to since is added, exactly as the
//! consumer will count it.

use crate::app::App;
use crate::response_cache::Answer;
use crate::statistics::StatisticsQuery;
use crate::statistics::doubts::{Doubt, Doubts, holds, recent_write_of};
use crate::statistics::verify::STATS;
use futures::future::try_join_all;
use oms_domain::calendar::Calendar;
use oms_domain::statistics::Counts;
use oms_domain::tally::{Counter, Scope, Tally, tally};
use oms_domain::{Caller, Decimal, Error, Order, OrderId, OrderSummary, Outcome};
use oms_runtime::meter;
use oms_runtime::retry;
use oms_table::counters::snapshot::CounterSnapshot;
use oms_table::lists::{OrderList, Wanted};
use oms_table::orders::watermarks::Watermark;
use oms_table::recent_writes::RecentWrite;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How many of a vendor's own orders are looked through for those from their own stores.
const MOST_OWN: usize = 10_000;

/// What statistics are made of.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The counters, with what they do not have yet.
    pub counts: Counts,
    /// The newest orders.
    pub newest: Vec<OrderSummary>,
    /// Orders that indexes may not have as they are, as they are.
    pub changed: Vec<OrderSummary>,
}

/// What is read for every request, in one trip.
pub(super) struct Look {
    pub(super) shown: Vec<(Scope, CounterSnapshot)>,
    /// What the caller has changed, of what is asked for.
    pub(super) own: Vec<RecentWrite>,
    pub(super) newest: Vec<OrderSummary>,
}

impl App {
    /// Answers with statistics: one trip and, where the caller has changed something that the
    /// counters do not have yet, a second one. They are kept for `STATS_CACHE_TIMEOUT`, and
    /// answered again as long as the stamps of the counters, the newest orders and the day are the
    /// same: as long as they would be made of the same. Without a `question` none is kept. What is
    /// needed `beside` the counters is read in the second trip.
    ///
    /// # Errors
    /// Those of `beside` and `make`; 503 where the table cannot be read.
    pub async fn statistics<T: Serialize, B, F: Future<Output = Outcome<T>>>(
        &self,
        caller: &Caller,
        asked: &StatisticsQuery,
        calendar: &Calendar,
        question: Option<String>,
        beside: impl Future<Output = Outcome<B>>,
        make: impl FnOnce(Snapshot, B) -> F,
    ) -> Outcome<Answer> {
        if let Some(pair) = asked.pair() {
            let (snapshot, beside) = (self.folded(caller, pair, calendar).await?, beside.await?);
            return answered(&make(snapshot, beside).await?);
        }
        let now = self.now();
        let mut tries = 1;
        let mut beside = Some(beside);
        let mut found = None;
        let (snapshot, evidence) = loop {
            let look = self.look(caller, asked, calendar).await?;
            let doubts = self.doubts(asked, &look);
            let evidence = evidence(&look, calendar);
            if let Some(question) = &question
                && doubts.are_none()
                && let Some(answer) = self.response_cache().get(question, &evidence, now)
            {
                return Ok(answer);
            }
            let completed = self.complete(asked, calendar, look, doubts, tries == retry::MOVED_WHILE_READ);
            let completed = match beside.take() {
                None => completed.await?,
                Some(beside) => {
                    let both = async { futures::try_join!(completed, beside) };
                    let is_one_trip = calendar.cut_days().is_empty();
                    let (completed, read) =
                        if is_one_trip { meter::at_once(both).await? } else { both.await? };
                    found = Some(read);
                    completed
                }
            };
            if let Some((snapshot, is_counted)) = completed {
                break (snapshot, is_counted.then_some(evidence));
            }
            tries += 1;
        };
        let beside = found.ok_or_else(|| Error::internal("what stands beside was not read"))?;
        let made = make(snapshot, beside).await?;
        let answer = answered(&made)?;
        if let (Some(question), Some(evidence)) = (question, evidence) {
            self.response_cache().store(question, evidence, &answer, now, self.config().stats_cache_timeout);
        }
        Ok(answer)
    }

    async fn look(&self, caller: &Caller, asked: &StatisticsQuery, calendar: &Calendar) -> Outcome<Look> {
        let since = calendar.days_since();
        let shown = asked.scopes().iter().map(|scope| async {
            let shown = self.table().counter_snapshot(scope, since).await?;
            Ok::<_, Error>((scope.clone(), shown))
        });
        let recent_writes = async { Ok(self.table().recent_writes(&caller.user.id, self.now()).await?) };
        let newest = self.newest_of(asked);
        let (shown, mut own, newest) =
            meter::at_once(async { futures::try_join!(try_join_all(shown), recent_writes, newest) }).await?;
        own.retain(|step| asked.scopes().iter().any(|scope| holds(scope, step)));
        Ok(Look { shown, own, newest })
    }

    /// What was looked at, with what was in doubt, and whether it is what the counters have, with
    /// nothing added. None where something was counted meanwhile and it has to be looked at anew,
    /// unless it is the last try.
    async fn complete(
        &self,
        asked: &StatisticsQuery,
        calendar: &Calendar,
        look: Look,
        mut doubts: Doubts,
        is_last: bool,
    ) -> Outcome<Option<(Snapshot, bool)>> {
        let cut = calendar.cut_days();
        let quarter_hours = async {
            let reads = asked.scopes().iter().map(|scope| self.table().quarters_now(scope, cut));
            Ok::<_, Error>(try_join_all(reads).await?)
        };
        let Look { shown, mut newest, .. } = look;
        let quarter_hours = if cut.is_empty() { Vec::new() } else { quarter_hours.await? };
        let (orders, marks) = self.in_doubt(&shown, &mut doubts).await?;
        let twice = self.counted_twice(asked, &shown, &doubts).await?;
        if doubts.are_none() {
            let counts = sum(&shown, quarter_hours, &Tally::default(), &twice, calendar);
            return Ok(Some((Snapshot { counts, newest, changed: Vec::new() }, true)));
        }
        if !(is_last || cut.is_empty() || self.are_unmoved(&shown).await?) {
            return Ok(None);
        }
        let mut missing = Tally::default();
        for order in &orders {
            let Some(Doubt { scopes, .. }) = doubts.uncounted.get(&order.id) else { continue };
            let mark = marks.get(&order.id);
            let fronts = shown.iter().filter(|(scope, _)| scopes.contains(scope));
            for (scope, shown) in fronts {
                let counted = mark.map_or(Some(0), |mark| shown.front.lanes.version_of(mark));
                let counted = match (counted, is_last) {
                    (Some(counted), _) => counted,
                    // It may show late, but never twice.
                    (None, true) => mark.map_or(0, |mark| mark.version),
                    (None, false) => return Ok(None),
                };
                if counted >= order.version {
                    self.counted().note((scope.clone(), order.id), order.version);
                }
                missing.absorb(self.uncounted(order, counted).await?.only(scope));
            }
        }
        let mut changed = Vec::new();
        for order in orders {
            changed.extend(put_among(&mut newest, &order, asked)?);
        }
        let counts = sum(&shown, quarter_hours, &missing, &twice, calendar);
        Ok(Some((Snapshot { counts, newest, changed }, false)))
    }

    /// What a vendor's own orders from their own stores are counted for: once in their own counters
    /// and once in the store's. An order in doubt will have all of it counted.
    async fn counted_twice(
        &self,
        asked: &StatisticsQuery,
        shown: &[(Scope, CounterSnapshot)],
        doubts: &Doubts,
    ) -> Outcome<Tally> {
        let mut twice = Tally::default();
        let [(Scope::User(user), own), _, ..] = shown else { return Ok(twice) };
        let has_none = own.totals().all(|(_, value)| value.is_zero());
        if has_none && doubts.uncounted.is_empty() {
            return Ok(twice);
        }
        let list = [OrderList::OfUser(user.clone())];
        let listed = self.table().listed_orders(&list, &Wanted::default(), MOST_OWN).await?;
        let stores = |store| asked.scopes().contains(&Scope::Store(store));
        let listed = listed.iter().filter(|order| stores(order.store.id)).map(|order| order.id);
        let ids: BTreeSet<OrderId> = listed.chain(doubts.uncounted.keys().copied()).collect();
        let (orders, marks) = futures::try_join!(
            self.table().orders_and_tombstones(ids.iter().copied()),
            self.table().watermarks(STATS, ids.iter().copied())
        )?;
        for order in orders {
            if order.user.id != *user || !stores(order.store.id) {
                continue;
            }
            let counted = |mark: &Watermark| own.front.lanes.version_of(mark).unwrap_or(mark.version);
            let seen = match doubts.uncounted.contains_key(&order.id) {
                true => order.version,
                false => marks.get(&order.id).map_or(0, counted),
            };
            twice.absorb(self.counted_of(order, seen).await?);
        }
        Ok(twice)
    }

    /// Whether nothing has been counted since some counters were read.
    async fn are_unmoved(&self, shown: &[(Scope, CounterSnapshot)]) -> Outcome<bool> {
        let now = try_join_all(shown.iter().map(|(scope, _)| self.table().counters_in_front(scope))).await?;
        Ok(now.iter().zip(shown).all(|((now, _), (_, shown))| now.stamp == shown.front.stamp))
    }

    /// What counters lack of an order that have it up to a version.
    async fn uncounted(&self, order: &Order, counted: u64) -> Outcome<Tally> {
        if order.version <= counted {
            return Ok(Tally::default());
        }
        let mut order = order.clone();
        let since = if order.is_deleted() { 0 } else { counted };
        self.table().recall(&mut order, since).await?;
        Ok(tally(order.as_of(counted).as_ref(), &order, &self.config().time_zone))
    }
}

fn answered(made: &impl Serialize) -> Outcome<Answer> {
    let body = serde_json::to_string(made).map_err(Error::internal)?;
    Ok(Answer { body: body.into(), is_kept: false })
}

/// Puts an order as it is now among the newest ones, if it is one of them; what it shows, if it is
/// asked for at all.
fn put_among(
    newest: &mut Vec<OrderSummary>,
    order: &Order,
    asked: &StatisticsQuery,
) -> Outcome<Option<OrderSummary>> {
    let summary = OrderSummary::of(order);
    newest.retain(|one| one.id != order.id);
    if !order.is_deleted() && asked.scopes().iter().any(|scope| holds(scope, &recent_write_of(&summary))) {
        newest.push(summary.clone());
        newest.sort_by_key(|order| std::cmp::Reverse((order.created_at, order.id)));
        newest.truncate(asked.newest());
        return Ok(Some(summary));
    }
    Ok(None)
}

/// The counters of all scopes together, with what is missing, and less what is in two of them.
fn sum(
    shown: &[(Scope, CounterSnapshot)],
    quarter_hours: Vec<Vec<(Counter, Decimal)>>,
    missing: &Tally,
    twice: &Tally,
    calendar: &Calendar,
) -> Counts {
    let (since, cut) = (calendar.days_since().first_of_month(), calendar.cut_days());
    let mut quarter_hours = quarter_hours.into_iter();
    let of_scope = |(scope, shown): &(Scope, CounterSnapshot)| {
        // What is in two scopes is in the user's and in a store's.
        let is_user = matches!(scope, Scope::User(_));
        let twice = twice.of(scope).filter(|_| is_user).map(|(cell, value)| (cell, -value));
        let missing = missing.of(scope).chain(twice);
        let missing = missing.filter(|(cell, _)| cell.is_shown_since(since, cut));
        let mut cells: BTreeMap<Counter, Decimal> = BTreeMap::new();
        for (cell, value) in shown.cells().chain(quarter_hours.next().unwrap_or_default()).chain(missing) {
            *cells.entry(cell).or_default() += value;
        }
        cells.into_iter().collect::<Counts>()
    };
    shown.iter().map(of_scope).sum()
}

/// What is different whenever statistics would be. Any change that shows in them moves a counter,
/// and with it the stamp; those of the newest orders can be seen before that.
fn evidence(look: &Look, calendar: &Calendar) -> String {
    let stamps: Vec<_> = look.shown.iter().map(|(scope, shown)| (scope, &shown.front.stamp)).collect();
    let newest: Vec<_> = look.newest.iter().map(|order| (order.id, order.version)).collect();
    let last_day = calendar.orders_by_day(&Counts::default()).into_keys().next_back();
    format!("{stamps:?} {newest:?} {last_day:?}")
}

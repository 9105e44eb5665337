//! Statistics against what they are made of: the orders and their logs.

use crate::app::App;
use crate::statistics::StatisticsQuery;
use futures::future::try_join_all;
use oms_domain::reconciliation::{Counters, Difference, Verified, differences};
use oms_domain::tally::{Scope, Tally, tally};
use oms_domain::{Error, Order, OrderId, Outcome};
use oms_runtime::retry;
use oms_table::TableError;
use oms_table::lists::{OrderList, Wanted, position};
use oms_table::orders::scan::Unreadable;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The consumer whose counters are verified, as its watermarks name it.
pub const STATS: &str = "stats";
/// The most orders that one request verifies: about 20,000 read units.
const MAX_ORDERS: u64 = 10_000;
/// How many orders are looked at in one go.
const PAGE: usize = 250;
/// How long the consumer is given to catch up before it is tried again.
const PAUSE: Duration = Duration::from_millis(300);

/// What was found of all orders.
#[derive(Clone, Debug)]
pub struct VerifiedAll {
    /// How many orders were looked at, deleted ones included.
    pub orders: u64,
    /// Of how many users and stores, and of all.
    pub scopes: usize,
    /// The orders that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Of how many scopes it cannot be told, since such an order may have been counted in them.
    pub doubtful: usize,
    /// The counters that are wrong, by the scope they belong to.
    pub wrong: Vec<(Scope, Vec<Difference>)>,
}

impl App {
    /// Adds up what the orders of some statistics have counted for, each as of its watermark, and
    /// compares it with the counters. Where the consumer counts meanwhile it is tried again, a few
    /// times, so that what is reported is drift and no race.
    ///
    /// # Errors
    /// 400 beyond 10,000 orders; 503 where the table cannot be read.
    pub async fn verify(&self, asked: &StatisticsQuery) -> Outcome<Verified> {
        let all = asked.scopes().iter().map(|scope| self.verify_scope(scope, MAX_ORDERS));
        Ok(try_join_all(all).await?.into_iter().fold(Verified::default(), Verified::and))
    }

    /// The same of one scope of at most so many orders.
    ///
    /// # Errors
    /// 400 where it has more; 503 where the table cannot be read.
    pub async fn verify_scope(&self, scope: &Scope, most: u64) -> Outcome<Verified> {
        let mut found = self.verify_once(scope, most).await?;
        for _ in 1..retry::MOVED_WHILE_VERIFIED {
            if found.differences.is_empty() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            found = self.verify_once(scope, most).await?;
        }
        Ok(found)
    }

    /// Adds up what all orders have counted for, each as of its watermark, and compares it with the
    /// counters of every user, every store and of all: those that differ. It is exact while nothing
    /// is counted ([`oms_table::counters::lock`]). Keeps the sums in memory, some kilobytes a user.
    /// An order that cannot be read is named, and the counters that it may be in are left out.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn verify_all(&self) -> Outcome<VerifiedAll> {
        let mut scopes = BTreeSet::from([Scope::All]);
        let mut expected = Tally::default();
        let mut unreadable = Vec::new();
        let (mut orders, mut after) = (0, None);
        loop {
            let page = self.table().scan_orders(after).await?;
            unreadable.extend(page.unreadable);
            let marks = self.table().watermarks(STATS, page.orders.iter().map(|order| order.id)).await?;
            for order in page.orders {
                orders += 1;
                let (id, of) = (order.id, Scope::of(&order));
                scopes.extend(of.clone());
                let seen = marks.get(&id).copied().unwrap_or(0);
                match self.counted_of(order, seen).await {
                    Ok(counted) => expected.absorb(counted),
                    Err(error) if error.is_of_the_item() => {
                        unreadable.push(Unreadable::new(id.to_string(), &error, Some(of)));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let mut expected_of: BTreeMap<Scope, Counters> = BTreeMap::new();
        for (scope, cell, value) in expected.iter() {
            expected_of.entry(scope.clone()).or_default().insert(cell, value);
        }
        let in_doubt = |scope: &Scope| {
            unreadable.iter().any(|order| order.scopes.as_ref().is_none_or(|scopes| scopes.contains(scope)))
        };
        let (mut wrong, mut doubtful) = (Vec::new(), 0);
        for scope in &scopes {
            if in_doubt(scope) {
                doubtful += 1;
                continue;
            }
            let counted = self.table().cells(scope).await?;
            let found = differences(&counted, &expected_of.remove(scope).unwrap_or_default());
            if !found.is_empty() {
                wrong.push((scope.clone(), found));
            }
        }
        Ok(VerifiedAll { orders, scopes: scopes.len(), wrong, unreadable, doubtful })
    }

    async fn verify_once(&self, scope: &Scope, most: u64) -> Outcome<Verified> {
        let list = OrderList::of(scope);
        let before = self.table().cells(scope).await?;
        let mut found = Verified::default();
        let mut expected = Tally::default();
        let mut after = None;
        loop {
            let wanted = Wanted { after: after.as_deref(), oldest_first: false };
            let page = self.table().listed_orders(std::slice::from_ref(&list), &wanted, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(position(last.created_at, last.id));
            found.orders += page.len() as u64;
            if found.orders > most {
                return Err(too_many(most));
            }
            let ids: Vec<OrderId> = page.iter().map(|order| order.id).collect();
            let (orders, marks) = futures::try_join!(
                self.table().orders(ids.iter().copied()),
                self.table().watermarks(STATS, ids.iter().copied())
            )?;
            for order in orders {
                let seen = marks.get(&order.id).copied().unwrap_or(0);
                found.behind += u64::from(seen < order.version);
                expected.absorb(self.counted_of(order, seen).await?);
            }
            if page.len() < PAGE {
                break;
            }
        }
        let expected: Counters = expected.of(scope).collect();
        let counted = self.table().cells(scope).await?;
        found.moving = before != counted;
        let wrong = differences(&counted, &expected).into_iter();
        found.differences = wrong.map(|difference| (scope.clone(), difference)).collect();
        Ok(found)
    }

    /// What an order has been counted for.
    pub(crate) async fn counted_of(&self, mut order: Order, seen: u64) -> Result<Tally, TableError> {
        if seen == 0 {
            return Ok(Tally::default());
        }
        self.table().recall(&mut order, 0).await?;
        let then = order.as_of(seen);
        Ok(then.map(|then| tally(None, &then, &self.config().time_zone)).unwrap_or_default())
    }
}

fn too_many(most: u64) -> Error {
    Error::TooMuch {
        code: "too_many_orders",
        message: format!(
            "More than {most} orders cannot be verified in a request: narrow it by store or user, or use orderctl."
        ),
    }
}

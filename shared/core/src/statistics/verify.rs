//! Statistics against what they are made of: the orders and their logs.

use crate::app::App;
use crate::statistics::StatisticsQuery;
use futures::future::try_join_all;
use oms_domain::reconciliation::{Counters, Verified, differences};
use oms_domain::tally::{Scope, Tally, tally};
use oms_domain::{Error, Order, OrderId, Outcome};
use oms_runtime::retry;
use oms_table::TableError;
use oms_table::counters::front_of_all;
use oms_table::lists::{OrderList, Wanted, position};
use oms_table::orders::watermarks::Watermark;
use std::time::Duration;

/// The consumer whose counters are verified, as its watermarks name it.
pub const STATS: &str = "stats";
/// The most orders that one request verifies: about 20,000 read units.
const MAX_ORDERS: u64 = 10_000;
/// How many orders are looked at in one go.
const PAGE: usize = 250;
/// How long the consumer is given to catch up before it is tried again.
const PAUSE: Duration = Duration::from_millis(300);

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

    async fn verify_once(&self, scope: &Scope, most: u64) -> Outcome<Verified> {
        let list = OrderList::of(scope);
        let before = self.table().cells_by_item(scope).await?;
        let front = before.iter().find(|(sk, _, _)| *sk == front_of_all().1);
        let lanes = front.map(|(_, lanes, _)| lanes.clone()).unwrap_or_default();
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
                let counted = |mark: &Watermark| lanes.version_of(mark).unwrap_or(mark.version);
                let seen = marks.get(&order.id).map_or(0, counted);
                found.behind += u64::from(seen < order.version);
                expected.absorb(self.counted_of(order, seen).await?);
            }
            if page.len() < PAGE {
                break;
            }
        }
        let expected: Counters = expected.of(scope).collect();
        let counted: Counters = before.into_iter().flat_map(|(_, _, cells)| cells).collect();
        found.moving = self.table().cells(scope).await? != counted;
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

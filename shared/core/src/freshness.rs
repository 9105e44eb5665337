//! Statistics that know what their reader has just done.
//!
//! The counters follow the orders within moments. What they do not have yet of the newest orders is
//! added while reading: each order's state now, less its state at the consumer's watermark, is what
//! is missing, exactly as the consumer will count it.

use crate::app::App;
use crate::http::error::{ApiError, Reply};
use crate::http::meter;
use crate::kept::Answer;
use crate::statistics::Asked;
use crate::table::OrderSummary;
use crate::verify::STATS;
use jiff::SignedDuration;
use oms_domain::OrderId;
use oms_domain::calendar::Calendar;
use oms_domain::statistics::Counts;
use oms_domain::tally::{Tally, tally};
use serde::Serialize;
use std::collections::BTreeMap;

/// For how long after a change of an order it is asked whether the counters have it: longer than
/// the consumer takes while it is well.
const SETTLING: SignedDuration = SignedDuration::from_secs(10);
/// How many of the newest orders statistics show, and are fresh of.
const NEWEST: usize = 10;
/// How often the counters are read anew where the consumer counts at that very moment.
const TRIES: u32 = 4;

/// What statistics are made of.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The counters, with what they do not have yet of the newest orders.
    pub counts: Counts,
    /// The newest orders.
    pub newest: Vec<OrderSummary>,
}

impl App {
    /// Answers with statistics. They are kept for `STATS_CACHE_TIMEOUT`, and answered again as long
    /// as the stamps of the counters, the newest orders and the day are the same: as long as they
    /// would be made of the same. Where one of the newest orders has changed within the last
    /// seconds, what the counters lack of it is added, which costs three units for each and
    /// four more trips, and that again where the consumer counts meanwhile; such an answer is not kept, and without a `question` none is.
    /// What is needed `beside` the counters is read with them.
    ///
    /// # Errors
    /// Those of `beside` and `make`; 503 where the table cannot be read.
    pub async fn statistics<T: Serialize, B, F: Future<Output = Reply<T>>>(
        &self,
        asked: &Asked,
        calendar: &Calendar,
        question: Option<String>,
        beside: impl Future<Output = Reply<B>>,
        make: impl FnOnce(Snapshot, B) -> F,
    ) -> Reply<Answer> {
        let now = self.now();
        // The stamps before the counters: what is kept is never older than its evidence.
        let stamps = async { Ok(self.table().stamps(asked.scopes()).await?) };
        let (stamps, newest) =
            meter::at_once(async { futures::try_join!(stamps, self.newest_of(asked, NEWEST)) }).await?;
        let evidence = evidence(&stamps, &newest, calendar);
        let since = now.checked_sub(SETTLING).unwrap_or(jiff::Timestamp::MIN);
        let settling = newest.iter().filter(|order| order.updated_at > since);
        let settling: Vec<OrderId> = settling.map(|order| order.id).collect();
        let question = question.filter(|_| settling.is_empty());
        if let Some(answer) = question.as_ref().and_then(|question| self.kept().get(question, &evidence, now))
        {
            return Ok(answer);
        }
        let nothing = Tally::default();
        let (counts, beside) = if settling.is_empty() {
            let counts = self.counts_and(asked, calendar, &nothing);
            meter::at_once(async { futures::try_join!(counts, beside) }).await?
        } else {
            futures::try_join!(self.counts_with(asked, calendar, &settling), beside)?
        };
        let made = make(Snapshot { counts, newest }, beside).await?;
        let body = serde_json::to_string(&made).map_err(ApiError::internal)?;
        let answer = Answer { body: body.into(), is_kept: false };
        if let Some(question) = question {
            self.kept().keep(question, evidence, &answer, now, self.config().stats_cache_timeout);
        }
        Ok(answer)
    }

    /// The counters with what they lack of some orders. The watermarks are read before and after
    /// the counters: where they have not moved, the counters have what they say and no more.
    async fn counts_with(&self, asked: &Asked, calendar: &Calendar, orders: &[OrderId]) -> Reply<Counts> {
        let mut tries = 1;
        loop {
            let (missing, before) = self.uncounted(orders).await?;
            let counts = self.counts_and(asked, calendar, &missing).await?;
            let after = self.table().watermarks(STATS, before.iter().map(|(id, _)| *id)).await?;
            let stood = before.iter().all(|(id, seen)| after.get(id).copied().unwrap_or(0) == *seen);
            if stood || tries == TRIES {
                return Ok(counts);
            }
            tries += 1;
        }
    }

    /// What the counters lack of some orders, and the watermarks of those of which they lack any.
    async fn uncounted(&self, orders: &[OrderId]) -> Reply<(Tally, Vec<(OrderId, u64)>)> {
        let ids = || orders.iter().copied();
        let (found, marks) =
            futures::try_join!(self.table().orders(ids()), self.table().watermarks(STATS, ids()))?;
        let mut missing = Tally::default();
        let mut behind = Vec::new();
        for mut order in found {
            let seen = marks.get(&order.id).copied().unwrap_or(0);
            if order.version > seen {
                self.table().recall(&mut order, seen).await?;
                missing.absorb(tally(order.as_of(seen).as_ref(), &order, &self.config().time_zone));
                behind.push((order.id, seen));
            }
        }
        Ok((missing, behind))
    }
}

/// What is different whenever statistics would be. Any change that shows in them moves a counter,
/// and with it the stamp; those of the newest orders can be seen before that.
fn evidence(stamps: &BTreeMap<String, String>, newest: &[OrderSummary], calendar: &Calendar) -> String {
    let newest: Vec<_> = newest.iter().map(|order| (order.id, order.updated_at)).collect();
    let last_day = calendar.orders_by_day(&Counts::default()).into_keys().next_back();
    format!("{stamps:?} {newest:?} {last_day:?}")
}

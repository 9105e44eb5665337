//! How many orders were placed between two times, or have a total between two amounts, from the
//! counters: only what is left of the smallest that is counted is counted in the list itself.

use super::filters::Filters;
use super::query::Changed;
use super::scope_of;
use crate::app::App;
use futures::future::BoxFuture;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use oms_domain::quarter_hour::QuarterHour;
use oms_domain::statistics::Counts;
use oms_domain::totals::{TotalBucket, sortable};
use oms_domain::{Decimal, OrderId, OrderSummary};
use oms_runtime::meter::side_by_side;
use oms_table::TableError;
use oms_table::keys::Index;
use oms_table::lists::{OrderList, Span, time_bound};
use rust_decimal::RoundingStrategy;

/// The length of a quarter of an hour, in seconds.
const QUARTER_HOUR_S: i64 = 15 * 60;

type Counting<'a> = BoxFuture<'a, Result<u64, TableError>>;

/// A list, what its counters say of all of it, and what the reader has changed of it.
#[derive(Clone, Copy)]
pub(super) struct InList<'a> {
    pub(super) list: &'a OrderList,
    pub(super) counts: &'a Counts,
    pub(super) changed: &'a Changed,
}

impl InList<'_> {
    /// How many of the orders that the reader has changed are such ones now.
    fn changed_to(self, is_one: impl Fn(&OrderSummary) -> bool) -> u64 {
        let now = self.changed.settling.orders.values().filter(|order| !order.is_deleted());
        now.map(OrderSummary::of).filter(|order| self.list.holds(order) && is_one(order)).count() as u64
    }
}

impl App {
    /// How many orders of a list were placed in the times that are asked for, by its counters by
    /// day from the first of them on.
    pub(super) async fn count_in_times(&self, of: InList<'_>, filters: &Filters) -> Result<u64, TableError> {
        let (from, before) = (filters.from, filters.before);
        if from.zip(before).is_some_and(|(from, before)| before <= from) {
            return Ok(0);
        }
        let all: u64 = of.counts.days.values().sum();
        let ends = [(from, 0), (before, all)].into_iter().map(|(at, otherwise)| async move {
            match at {
                Some(at) => self.count_before(of, at).await,
                None => Ok(otherwise),
            }
        });
        let ends = side_by_side(ends).await?;
        Ok(ends.last().copied().unwrap_or(0).saturating_sub(ends.first().copied().unwrap_or(0)))
    }

    /// How many of the orders that the counters know were placed before a time.
    async fn count_before(&self, of: InList<'_>, at: Timestamp) -> Result<u64, TableError> {
        let InList { list, counts, changed } = of;
        let zone = &self.config().time_zone;
        let quarter_hour = QuarterHour::of(at, zone);
        let days: u64 = counts.days.range(..quarter_hour.day).map(|(_, count)| count).sum();
        let begin = self.begin_of(quarter_hour);
        let midnight = self.begin_of(QuarterHour { number: 0, ..quarter_hour });
        let mut parts: Vec<Counting<'_>> = Vec::new();
        if midnight < at {
            parts.push(Box::pin(async move {
                let read = self.table().quarter_hours(&scope_of(list), &[quarter_hour.day].into()).await?;
                let day = changed.settling.complete(&read, zone);
                let whole = day.quarter_hours.iter().filter(|((_, of), _)| of.number < quarter_hour.number);
                Ok(whole.map(|(_, group)| group.count).sum())
            }));
        }
        if begin < at {
            let (above, below) = (Some(time_bound(begin)), Some(time_bound(at)));
            for span in self.table().spans_of(list).await? {
                let span = Span { above: above.clone(), below: below.clone(), ..span };
                parts.push(Box::pin(async move { self.count_unchanged(&span, changed).await }));
            }
            let is_between = |order: &OrderSummary| (begin..at).contains(&order.created_at);
            let just_placed = of.changed_to(is_between);
            parts.push(Box::pin(std::future::ready(Ok(just_placed))));
        }
        Ok(days + side_by_side(parts).await?.into_iter().sum::<u64>())
    }

    /// How many entries of an index are of orders that the reader has not just changed.
    async fn count_unchanged(&self, span: &Span, changed: &Changed) -> Result<u64, TableError> {
        let ids: Vec<OrderId> = changed.settling.orders.keys().copied().collect();
        if ids.is_empty() {
            return self.table().count_span(span).await;
        }
        self.table().count_all_but(span, &ids).await?.ok_or(TableError::TooMuch)
    }

    /// When a quarter of an hour begins.
    pub(super) fn begin_of(&self, quarter_hour: QuarterHour) -> Timestamp {
        let midnight = quarter_hour.day.to_zoned(self.config().time_zone.clone());
        let midnight = midnight.map_or(Timestamp::MIN, |midnight| midnight.timestamp());
        midnight + SignedDuration::from_secs(QUARTER_HOUR_S * i64::from(quarter_hour.number))
    }

    /// The first day whose counters say how many orders were placed since a time.
    pub(super) fn counted_since(&self, from: Option<Timestamp>) -> Date {
        from.map_or(Date::MIN, |from| from.to_zoned(self.config().time_zone.clone()).date())
    }

    /// How many orders of a list have the totals that are asked for, by its counters by total.
    pub(super) async fn count_in_totals(&self, of: InList<'_>, filters: &Filters) -> Result<u64, TableError> {
        let smallest = Decimal::new(1, 4);
        // Between two smallest parts there are no totals.
        let least = filters.least.unwrap_or_default().max(Decimal::ZERO);
        let least = least.round_dp_with_strategy(4, RoundingStrategy::ToPositiveInfinity);
        let beyond = filters.most.map(|most| {
            let most = most.round_dp_with_strategy(4, RoundingStrategy::ToNegativeInfinity);
            most.saturating_add(smallest).max(Decimal::ZERO)
        });
        if beyond.is_some_and(|beyond| beyond <= least) {
            return Ok(0);
        }
        let all: u64 = of.counts.totals.values().sum();
        let ends = [(Some(least), 0), (beyond, all)].into_iter().map(|(total, otherwise)| async move {
            match total {
                Some(total) => self.count_below(of, total).await,
                None => Ok(otherwise),
            }
        });
        let ends = side_by_side(ends).await?;
        Ok(ends.last().copied().unwrap_or(0).saturating_sub(ends.first().copied().unwrap_or(0)))
    }

    /// How many orders have a smaller total.
    async fn count_below(&self, of: InList<'_>, total: Decimal) -> Result<u64, TableError> {
        let InList { list, counts, changed } = of;
        let coarse = TotalBucket::coarse(total);
        let fine = TotalBucket::fine(total);
        let smaller: u64 = counts.totals.range(..coarse).map(|(_, count)| count).sum();
        let mut parts: Vec<Counting<'_>> = vec![Box::pin(async move {
            let read = self.table().counts_by_total(&scope_of(list), Some(coarse)).await?;
            let within = changed.settling.complete(&read, &self.config().time_zone);
            Ok(within.totals.range(..fine).map(|(_, count)| count).sum())
        })];
        let (above, below) = (fine.text(), sortable(total, true));
        let rest = below.strip_prefix(&above).unwrap_or_default();
        if rest.bytes().any(|byte| byte != b'0') {
            for scope in self.table().row_scopes(list).await? {
                let span = Span::all(Index::Total, scope);
                let span = Span { above: Some(above.clone()), below: Some(below.clone()), ..span };
                parts.push(Box::pin(async move { self.count_unchanged(&span, changed).await }));
            }
            let is_below = |order: &OrderSummary| {
                TotalBucket::fine(order.total_amount) == fine && order.total_amount < total
            };
            let just_changed = of.changed_to(is_below);
            parts.push(Box::pin(std::future::ready(Ok(just_changed))));
        }
        Ok(smaller + side_by_side(parts).await?.into_iter().sum::<u64>())
    }
}

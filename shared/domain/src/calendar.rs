//! Days and months of statistics, in the deployment's time zone or in any other.
//!
//! Orders are counted by day of the deployment's time zone and, within the day, by quarter of an
//! hour. Where a day or a month begins in another zone, it does so at a quarter of an hour: every
//! zone of the last fifty years is a multiple of 15 minutes away from every other. So what lies
//! between two moments is what lies before the one less what lies before the other, exactly. Where
//! months begin as they are counted, they are counted by themselves. Where only days do, because
//! the zones are exactly a day apart, what lies before a moment is made of whole days.

use crate::quarter_hour::{QuarterHour, start};
use crate::statistics::{Counts, DAYS, Group, MONTHS};
use crate::{Currency, Decimal};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The days and months that statistics show, as somebody sees them.
#[derive(Clone, Debug)]
pub struct Calendar {
    /// The deployment's time zone, whose days are counted.
    counted: TimeZone,
    days: Vec<Bucket>,
    months: Vec<Bucket>,
    cut_days: BTreeSet<Date>,
    /// Whether the months that are shown are those that are counted.
    has_counted_months: bool,
}

/// A day or a month: its name, and its beginning and end.
#[derive(Clone, Debug)]
struct Bucket {
    name: String,
    from: Timestamp,
    to: Timestamp,
}

impl Calendar {
    /// The last 30 days and 12 months up to `now`, in the zone that is shown.
    #[must_use]
    pub fn new(now: Timestamp, counted: TimeZone, shown: &TimeZone) -> Self {
        let today = now.to_zoned(shown.clone()).date();
        let bucket = |name: &str, from: Date, length: Span| {
            let (from, to) = (from, from.checked_add(length).ok()?);
            let name = from.strftime(name).to_string();
            Some(Bucket { name, from: start(from, shown)?, to: start(to, shown)? })
        };
        let days = (0..DAYS).rev().filter_map(|n| {
            let day = today.checked_sub(Span::new().days(i64::from(n))).ok()?;
            bucket("%Y-%m-%d", day, Span::new().days(1))
        });
        let months = (0..MONTHS).rev().filter_map(|n| {
            let month = today.first_of_month().checked_sub(Span::new().months(i64::from(n))).ok()?;
            bucket("%Y-%m", month, Span::new().months(1))
        });
        let (days, months): (Vec<_>, Vec<_>) = (days.collect(), months.collect());
        let edges = days.iter().chain(&months).flat_map(|bucket| [bucket.from, bucket.to]);
        let cut_days = if counted == *shown {
            BTreeSet::new()
        } else {
            let edges = edges.map(|edge| QuarterHour::of(edge, &counted));
            edges.filter(|edge| edge.number > 0).map(|edge| edge.day).collect()
        };
        let begins_a_month = |month: &Bucket| month.from.to_zoned(counted.clone()).day() == 1;
        let has_counted_months = cut_days.is_empty() && months.iter().all(begins_a_month);
        Self { counted, days, months, cut_days, has_counted_months }
    }

    /// The first day of the deployment's zone that any of it touches.
    #[must_use]
    pub fn since(&self) -> Date {
        let first = self.months.iter().chain(&self.days).map(|bucket| bucket.from).min();
        first.map_or(Date::MIN, |first| first.to_zoned(self.counted.clone()).date())
    }

    /// The first day of the deployment's zone of which the counters by day are needed: those of the
    /// last days where months begin as they are counted, else of all months.
    #[must_use]
    pub fn days_since(&self) -> Date {
        if !self.has_counted_months {
            return self.since();
        }
        self.days.first().map_or(Date::MIN, |day| day.from.to_zoned(self.counted.clone()).date())
    }

    /// The days of the deployment's zone in the middle of which a day or a month begins, so that
    /// their quarters are needed. None where both zones begin their days together.
    #[must_use]
    pub const fn cut_days(&self) -> &BTreeSet<Date> {
        &self.cut_days
    }

    /// How many orders were placed on each of the days, by name as `2026-11-22`.
    #[must_use]
    pub fn orders_by_day(&self, counts: &Counts) -> BTreeMap<String, u64> {
        self.orders(&self.days, counts)
    }

    /// How many orders were placed in each of the months, by name as `2026-11`.
    #[must_use]
    pub fn orders_by_month(&self, counts: &Counts) -> BTreeMap<String, u64> {
        if !self.has_counted_months {
            return self.orders(&self.months, counts);
        }
        self.counted_months(|month| counts.months.get(&month).copied())
    }

    /// What is counted for each of the months, which begin as they are counted.
    fn counted_months<T: Default>(&self, of: impl Fn(Date) -> Option<T>) -> BTreeMap<String, T> {
        let first_day = |month: &Bucket| month.from.to_zoned(self.counted.clone()).date();
        let months = self.months.iter();
        months.map(|month| (month.name.clone(), of(first_day(month)).unwrap_or_default())).collect()
    }

    /// What the shipped orders of each of the months come to, in one currency.
    #[must_use]
    pub fn revenue_by_month(&self, counts: &Counts, currency: Currency) -> BTreeMap<String, Decimal> {
        if self.has_counted_months {
            return self.counted_months(|month| counts.revenue_months.get(&(currency, month)).copied());
        }
        let before = |at| {
            let QuarterHour { day, number } = QuarterHour::of(at, &self.counted);
            let whole = counts.revenue_days.range(..).filter(|((of, on), _)| *of == currency && *on < day);
            let part = counts.quarter_hours.iter().filter(|((of, quarter_hour), _)| {
                *of == currency && quarter_hour.day == day && quarter_hour.number < number
            });
            whole.map(|(_, revenue)| *revenue).chain(part.map(|(_, group)| group.amount)).sum::<Decimal>()
        };
        let sums =
            self.months.iter().map(|month| (month.name.clone(), before(month.to) - before(month.from)));
        sums.collect()
    }

    fn orders(&self, buckets: &[Bucket], counts: &Counts) -> BTreeMap<String, u64> {
        let before = |at| {
            let QuarterHour { day, number } = QuarterHour::of(at, &self.counted);
            let whole = counts.days.range(..day).map(|(_, count)| count);
            let quarter_hours = counts.quarter_hours.iter();
            let part = quarter_hours
                .filter(|((_, quarter_hour), _)| quarter_hour.day == day && quarter_hour.number < number);
            whole.chain(part.map(|(_, Group { count, .. })| count)).sum::<u64>()
        };
        let counted = |bucket: &Bucket| before(bucket.to).saturating_sub(before(bucket.from));
        buckets.iter().map(|bucket| (bucket.name.clone(), counted(bucket))).collect()
    }
}

/// The first and last of each run of days without a gap, in their order.
#[must_use]
pub fn runs(days: &BTreeSet<Date>) -> Vec<(Date, Date)> {
    let mut runs: Vec<(Date, Date)> = Vec::new();
    for day in days {
        match runs.last_mut().filter(|(_, last)| last.tomorrow().ok().as_ref() == Some(day)) {
            Some((_, last)) => *last = *day,
            None => runs.push((*day, *day)),
        }
    }
    runs
}

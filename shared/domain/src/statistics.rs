//! The statistics that clients see, from the counters of one scope.

use crate::quarter_hour::QuarterHour;
use crate::tally::{Counter, OrderFacets, PaymentFacets};
use crate::totals::TotalBucket;
use crate::{Currency, Decimal, Money, PaymentMethod, PaymentState, Status};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// How many months `orders_by_month` and `revenue_by_month` go back, this one included.
pub const MONTHS: i32 = 12;
/// How many days `orders_by_day` goes back, today included.
pub const DAYS: i32 = 30;

/// Number and amount of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// How many.
    pub count: u64,
    /// What they come to, in one currency; a sum, so nothing is rounded.
    pub amount: Decimal,
}

/// How long orders took from one status to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransitionTime {
    /// How many orders did it.
    pub count: u64,
    /// How long it took them together, in microseconds.
    pub micros: Decimal,
}

/// The counters of one scope, grouped as statistics need them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Orders by currency and status.
    pub orders: BTreeMap<(Currency, Status), Group>,
    /// How many orders have which facets; only where lists ask for it.
    pub cells: BTreeMap<OrderFacets, u64>,
    /// How many orders have which status.
    pub statuses: BTreeMap<Status, u64>,
    /// How many orders have about which total; only where lists ask for it.
    pub totals: BTreeMap<TotalBucket, u64>,
    /// How many payments have which facets; only where lists ask for it.
    pub payments: BTreeMap<PaymentFacets, u64>,
    /// Payments by currency and status.
    pub payment_states: BTreeMap<(Currency, PaymentState), Group>,
    /// How many payments are made which way.
    pub payment_methods: BTreeMap<PaymentMethod, u64>,
    /// What went back to customers, by currency.
    pub refunded: BTreeMap<Currency, Decimal>,
    /// Orders placed, by day; of all currencies.
    pub days: BTreeMap<Date, u64>,
    /// Revenue by currency and day of placing, in that currency.
    pub revenue_days: BTreeMap<(Currency, Date), Decimal>,
    /// Orders placed, by the first day of the month; of all currencies.
    pub months: BTreeMap<Date, u64>,
    /// Revenue by currency and month of placing, in that currency.
    pub revenue_months: BTreeMap<(Currency, Date), Decimal>,
    /// Orders placed and their revenue, by currency and quarter of an hour; only of the days that
    /// were asked for.
    pub quarter_hours: BTreeMap<(Currency, QuarterHour), Group>,
    /// How many lines all orders have together.
    pub lines: u64,
    /// How many orders were rated, and how many stars they were given.
    pub ratings: Group,
    /// Transition times.
    pub transitions: BTreeMap<(Status, Status), TransitionTime>,
}

fn whole(value: Decimal) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

impl FromIterator<(Counter, Decimal)> for Counts {
    fn from_iter<I: IntoIterator<Item = (Counter, Decimal)>>(cells: I) -> Self {
        let mut counts = Counts::default();
        for (cell, value) in cells {
            // Only a time can be below zero, where the clocks of two functions differ.
            let is_time = matches!(cell, Counter::TransitionMicros(..));
            debug_assert!(is_time || value >= Decimal::ZERO, "no counter is below zero: {cell:?} is {value}");
            match cell {
                Counter::Orders(f) => *counts.cells.entry(f).or_default() += whole(value),
                Counter::StatusOrders(status, currency) => {
                    *counts.statuses.entry(status).or_default() += whole(value);
                    counts.orders.entry((currency, status)).or_default().count += whole(value);
                }
                Counter::StatusAmount(status, currency) => {
                    counts.orders.entry((currency, status)).or_default().amount += value;
                }
                Counter::Totals(bucket) | Counter::FineTotals(bucket) => {
                    *counts.totals.entry(bucket).or_default() += whole(value);
                }
                Counter::DayOrders(day, _) => *counts.days.entry(day).or_default() += whole(value),
                Counter::DayRevenue(day, currency) => {
                    *counts.revenue_days.entry((currency, day)).or_default() += value;
                }
                Counter::MonthOrders(month) => *counts.months.entry(month).or_default() += whole(value),
                Counter::MonthRevenue(month, currency) => {
                    *counts.revenue_months.entry((currency, month)).or_default() += value;
                }
                Counter::QuarterHourOrders(quarter_hour, currency) => {
                    counts.quarter_hours.entry((currency, quarter_hour)).or_default().count += whole(value);
                }
                Counter::QuarterHourRevenue(quarter_hour, currency) => {
                    counts.quarter_hours.entry((currency, quarter_hour)).or_default().amount += value;
                }
                Counter::Payments(f) => *counts.payments.entry(f).or_default() += whole(value),
                Counter::StatePayments(state, currency) => {
                    counts.payment_states.entry((currency, state)).or_default().count += whole(value);
                }
                Counter::StateAmount(state, currency) => {
                    counts.payment_states.entry((currency, state)).or_default().amount += value;
                }
                Counter::MethodPayments(method) => {
                    *counts.payment_methods.entry(method).or_default() += whole(value);
                }
                Counter::Refunded(currency) => *counts.refunded.entry(currency).or_default() += value,
                Counter::Lines => counts.lines += whole(value),
                Counter::Ratings => counts.ratings.count += whole(value),
                Counter::Stars => counts.ratings.amount += value,
                Counter::Transitions(from, to) => {
                    counts.transitions.entry((from, to)).or_default().count += whole(value);
                }
                Counter::TransitionMicros(from, to) => {
                    counts.transitions.entry((from, to)).or_default().micros += value;
                }
            }
        }
        counts
    }
}

impl std::iter::Sum for Counts {
    /// The counters of several scopes as those of one.
    fn sum<I: Iterator<Item = Counts>>(all: I) -> Self {
        all.fold(Counts::default(), |mut sum, counts| {
            merge(&mut sum.orders, counts.orders, Group::plus);
            merge(&mut sum.statuses, counts.statuses, |a, b| a + b);
            merge(&mut sum.totals, counts.totals, |a, b| a + b);
            merge(&mut sum.cells, counts.cells, |a, b| a + b);
            merge(&mut sum.payments, counts.payments, |a, b| a + b);
            merge(&mut sum.payment_states, counts.payment_states, Group::plus);
            merge(&mut sum.payment_methods, counts.payment_methods, |a, b| a + b);
            merge(&mut sum.refunded, counts.refunded, |a, b| a + b);
            merge(&mut sum.days, counts.days, |a, b| a + b);
            merge(&mut sum.months, counts.months, |a, b| a + b);
            merge(&mut sum.revenue_months, counts.revenue_months, |a, b| a + b);
            merge(&mut sum.quarter_hours, counts.quarter_hours, Group::plus);
            sum.lines += counts.lines;
            sum.ratings = sum.ratings.plus(counts.ratings);
            merge(&mut sum.revenue_days, counts.revenue_days, |a, b| a + b);
            merge(&mut sum.transitions, counts.transitions, |a, b| TransitionTime {
                count: a.count + b.count,
                micros: a.micros + b.micros,
            });
            sum
        })
    }
}

fn merge<K: Ord, V: Copy + Default>(
    into: &mut BTreeMap<K, V>,
    from: BTreeMap<K, V>,
    plus: impl Fn(V, V) -> V,
) {
    for (key, value) in from {
        let sum = into.entry(key).or_default();
        *sum = plus(*sum, value);
    }
}

impl Group {
    fn plus(self, other: Group) -> Group {
        Group { count: self.count + other.count, amount: self.amount + other.amount }
    }
}

impl Counts {
    /// How many orders there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.statuses.values().chain(self.cells.values().filter(|_| self.statuses.is_empty())).sum()
    }

    /// How many orders of any currency have a status.
    #[must_use]
    pub fn orders_with(&self, status: Status) -> u64 {
        let of_status = self.orders.iter().filter(|((_, of), _)| *of == status);
        of_status.map(|(_, group)| group.count).sum()
    }

    /// All orders of a currency together.
    #[must_use]
    pub fn orders_in(&self, currency: Currency) -> Group {
        self.sum_orders(|of, _| of == currency)
    }

    /// The shipped, travelling and delivered orders of a currency: the revenue.
    #[must_use]
    pub fn revenue_in(&self, currency: Currency) -> Money {
        let shipped = self.sum_orders(|of, status| of == currency && status.counts_as_revenue());
        Money::rounded(shipped.amount, currency)
    }

    fn sum_orders(&self, counts: impl Fn(Currency, Status) -> bool) -> Group {
        sum(self.orders.iter().filter(|((of, status), _)| counts(*of, *status)).map(|(_, g)| g))
    }

    /// The payments of a currency, or of all, with one of these statuses; of all where empty.
    #[must_use]
    pub fn payments_with(&self, currency: Option<Currency>, states: &[PaymentState]) -> Group {
        sum(self.payment_states.iter().filter_map(|((of, state), group)| {
            let counts = currency.is_none_or(|currency| currency == *of)
                && (states.is_empty() || states.contains(state));
            counts.then_some(group)
        }))
    }

    /// The currencies that some order is in. Where all of a currency were deleted, their counters
    /// are 0.
    #[must_use]
    pub fn currencies_of_orders(&self) -> BTreeSet<Currency> {
        currencies(&self.orders)
    }

    /// The currencies that some payment is in.
    #[must_use]
    pub fn currencies_of_payments(&self) -> BTreeSet<Currency> {
        currencies(&self.payment_states)
    }
}

fn currencies<T>(groups: &BTreeMap<(Currency, T), Group>) -> BTreeSet<Currency> {
    let counted = groups.iter().filter(|(_, group)| group.count > 0);
    counted.map(|((currency, _), _)| *currency).collect()
}

fn sum<'a>(groups: impl Iterator<Item = &'a Group>) -> Group {
    groups.fold(Group::default(), |sum, group| sum.plus(*group))
}

/// The mean of a group in its currency, rounded half up; none of an empty one.
#[must_use]
pub fn mean(group: Group, currency: Currency) -> Money {
    let count = Decimal::from(group.count);
    Money::rounded(group.amount.checked_div(count).unwrap_or_default(), currency)
}

//! Whether counters are what they should be.

use crate::Decimal;
use crate::tally::{Counter, Scope};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The counters of one scope. What is not there is zero.
pub type Counters = BTreeMap<Counter, Decimal>;

/// A counter that is not what the orders' changes add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which one.
    pub cell: Counter,
    /// What it holds.
    pub counted: Decimal,
    /// What it should hold.
    pub expected: Decimal,
}

/// What a comparison of counters with their orders found.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// How many orders were looked at.
    pub orders: u64,
    /// How many of them have changes that the consumer has not counted yet: no fault.
    pub behind: u64,
    /// The counters that are wrong, with the scope they belong to.
    pub differences: Vec<(Scope, Difference)>,
    /// Whether the consumer counted meanwhile, so that the differences may be its work.
    pub moving: bool,
}

impl Verified {
    /// The same of two scopes together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.orders += other.orders;
        self.behind += other.behind;
        self.differences.extend(other.differences);
        self.moving |= other.moving;
        self
    }
}

/// The counters that differ.
#[must_use]
pub fn differences(counted: &Counters, expected: &Counters) -> Vec<Difference> {
    let cells: BTreeSet<_> = counted.keys().chain(expected.keys()).copied().collect();
    let of = |cells: &Counters, cell| cells.get(&cell).copied().unwrap_or_default();
    let both = cells.into_iter().map(|cell| Difference {
        cell,
        counted: of(counted, cell),
        expected: of(expected, cell),
    });
    both.filter(|both| both.counted != both.expected).collect()
}

impl fmt::Display for Counter {
    /// For operators: what is counted, and of what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Counter::Orders(of) => write!(f, "orders {of}"),
            Counter::StatusOrders(status, currency) => write!(f, "{status} orders in {}", currency.code()),
            Counter::StatusAmount(status, currency) => {
                write!(f, "amount of {status} orders in {}", currency.code())
            }
            Counter::Totals(bucket) => write!(f, "orders whose total begins with {}", bucket.text()),
            Counter::FineTotals(bucket) => {
                write!(f, "orders whose total begins with {}, finely", bucket.text())
            }
            Counter::DayOrders(day, currency) => write!(f, "orders of {day} in {}", currency.code()),
            Counter::DayRevenue(day, currency) => write!(f, "revenue of {day} in {}", currency.code()),
            Counter::MonthOrders(month) => write!(f, "orders of {}", month.strftime("%Y-%m")),
            Counter::MonthRevenue(month, currency) => {
                write!(f, "revenue of {} in {}", month.strftime("%Y-%m"), currency.code())
            }
            Counter::QuarterHourOrders(at, currency) => {
                write!(f, "orders of {} quarter {} in {}", at.day, at.number, currency.code())
            }
            Counter::QuarterHourRevenue(at, currency) => {
                write!(f, "revenue of {} quarter {} in {}", at.day, at.number, currency.code())
            }
            Counter::Payments(of) => write!(f, "payments {of}"),
            Counter::StatePayments(status, currency) => write!(f, "{status} payments in {}", currency.code()),
            Counter::StateAmount(status, currency) => {
                write!(f, "amount of {status} payments in {}", currency.code())
            }
            Counter::MethodPayments(method) => write!(f, "payments by {method}"),
            Counter::Refunded(currency) => write!(f, "refunded in {}", currency.code()),
            Counter::Lines => f.write_str("lines"),
            Counter::Ratings => f.write_str("ratings"),
            Counter::Stars => f.write_str("stars"),
            Counter::Transitions(from, to) => write!(f, "transitions {from}→{to}"),
            Counter::TransitionMicros(from, to) => write!(f, "microseconds of {from}→{to}"),
        }
    }
}

impl fmt::Display for crate::tally::OrderFacets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, payment_status, payment_method, shipping_method, currency } = self;
        write!(f, "{status}/{payment_status}/{payment_method}/{shipping_method}/{}", currency.code())
    }
}

impl fmt::Display for crate::tally::PaymentFacets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, payment_method, currency, attention } = self;
        let attention = if *attention { "/attention" } else { "" };
        write!(f, "{status}/{payment_method}/{}{attention}", currency.code())
    }
}

//! Whether counters are what they should be.

use crate::Decimal;
use crate::tally::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The counters of one scope. What is not there is zero.
pub type Cells = BTreeMap<Cell, Decimal>;

/// A counter that is not what the orders' changes add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which one.
    pub cell: Cell,
    /// What it holds: a number, or an amount in the currency of its cell.
    pub counted: Decimal,
    /// What it should hold, in the same unit.
    pub expected: Decimal,
}

/// The counters that differ.
#[must_use]
pub fn differences(counted: &Cells, expected: &Cells) -> Vec<Difference> {
    let cells: BTreeSet<_> = counted.keys().chain(expected.keys()).copied().collect();
    let of = |cells: &Cells, cell| cells.get(&cell).copied().unwrap_or_default();
    let both = cells.into_iter().map(|cell| Difference {
        cell,
        counted: of(counted, cell),
        expected: of(expected, cell),
    });
    both.filter(|both| both.counted != both.expected).collect()
}

impl fmt::Display for Cell {
    /// For operators: what is counted, and of what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Orders(of) => write!(f, "orders {of}"),
            Cell::StatusOrders(status, currency) => write!(f, "{status} orders in {}", currency.code()),
            Cell::StatusAmount(status, currency) => {
                write!(f, "amount of {status} orders in {}", currency.code())
            }
            Cell::Totals(bucket) => write!(f, "orders whose total begins with {}", bucket.text()),
            Cell::FineTotals(bucket) => write!(f, "orders whose total begins with {}, finely", bucket.text()),
            Cell::DayOrders(day, currency) => write!(f, "orders of {day} in {}", currency.code()),
            Cell::DayRevenue(day, currency) => write!(f, "revenue of {day} in {}", currency.code()),
            Cell::MonthOrders(month) => write!(f, "orders of {}", month.strftime("%Y-%m")),
            Cell::MonthRevenue(month, currency) => {
                write!(f, "revenue of {} in {}", month.strftime("%Y-%m"), currency.code())
            }
            Cell::QuarterOrders(at, currency) => {
                write!(f, "orders of {} quarter {} in {}", at.day, at.number, currency.code())
            }
            Cell::QuarterRevenue(at, currency) => {
                write!(f, "revenue of {} quarter {} in {}", at.day, at.number, currency.code())
            }
            Cell::Payments(of) => write!(f, "payments {of}"),
            Cell::StatePayments(status, currency) => write!(f, "{status} payments in {}", currency.code()),
            Cell::StateAmount(status, currency) => {
                write!(f, "amount of {status} payments in {}", currency.code())
            }
            Cell::MethodPayments(method) => write!(f, "payments by {method}"),
            Cell::Refunded(currency) => write!(f, "refunded in {}", currency.code()),
            Cell::Lines => f.write_str("lines"),
            Cell::Ratings => f.write_str("ratings"),
            Cell::Stars => f.write_str("stars"),
            Cell::Transitions(from, to) => write!(f, "transitions {from}→{to}"),
            Cell::TransitionMicros(from, to) => write!(f, "microseconds of {from}→{to}"),
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

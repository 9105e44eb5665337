//! What orders contribute to the statistics.
//!
//! Counters are sums, so what a change contributes is the difference between what the order counts
//! for after it and before it ([`tally`]); the sum of the tallies of all changes is what a count of
//! all orders would find.

use crate::order::Order;
use crate::quarter_hour::QuarterHour;
use crate::totals::TotalBucket;
use crate::{
    Change, Currency, Decimal, PaymentMethod, PaymentState, PaymentStatus, ShippingMethod, Status, StoreId,
    UserId,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

/// Whose statistics a count belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One customer's.
    User(UserId),
    /// One store's.
    Store(StoreId),
    /// Everybody's.
    All,
}

impl Scope {
    /// The scopes that an order is counted in.
    #[must_use]
    pub fn of(order: &Order) -> [Scope; 3] {
        [Scope::User(order.user.id.clone()), Scope::Store(order.store.id), Scope::All]
    }
}

/// The facets of an order that lists filter by and statistics group by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrderFacets {
    /// Where it stands.
    pub status: Status,
    /// How its money stands.
    pub payment_status: PaymentStatus,
    /// What it is paid with.
    pub payment_method: PaymentMethod,
    /// How it travels.
    pub shipping_method: ShippingMethod,
    /// The currency of its amounts.
    pub currency: Currency,
}

/// The facets of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PaymentFacets {
    /// Where it stands.
    pub status: PaymentState,
    /// What it is paid with.
    pub payment_method: PaymentMethod,
    /// The currency of its amounts.
    pub currency: Currency,
    /// Whether a person must look at it.
    pub attention: bool,
}

/// One counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    /// How many orders have these facets: what lists need.
    Orders(OrderFacets),
    /// How many orders have this status.
    StatusOrders(Status, Currency),
    /// What they come to.
    StatusAmount(Status, Currency),
    /// How many orders of a store, or of all, have about this total.
    Totals(TotalBucket),
    /// The same by finer buckets.
    FineTotals(TotalBucket),
    /// How many orders were placed on a day of the deployment's time zone.
    DayOrders(Date, Currency),
    /// What the shipped ones of them come to.
    DayRevenue(Date, Currency),
    /// How many orders were placed in the month that begins on a day of the deployment's time zone.
    MonthOrders(Date),
    /// What the shipped ones of them come to.
    MonthRevenue(Date, Currency),
    /// How many orders were placed in a quarter of an hour.
    QuarterHourOrders(QuarterHour, Currency),
    /// What the shipped ones of them come to; only near the beginnings of months.
    QuarterHourRevenue(QuarterHour, Currency),
    /// How many payments have these facets: what lists need.
    Payments(PaymentFacets),
    /// How many payments have this status.
    StatePayments(PaymentState, Currency),
    /// What they come to.
    StateAmount(PaymentState, Currency),
    /// How many payments are made this way.
    MethodPayments(PaymentMethod),
    /// What went back to customers.
    Refunded(Currency),
    /// How many lines the orders have.
    Lines,
    /// How many orders were rated.
    Ratings,
    /// How many stars they were given.
    Stars,
    /// How often an order went from one status to another.
    Transitions(Status, Status),
    /// How long it took all of them together, in microseconds.
    TransitionMicros(Status, Status),
}

impl Counter {
    /// Whether statistics show it whatever their days are.
    #[must_use]
    pub fn is_in_front(&self) -> bool {
        self.is_shown_since(Date::MAX, &BTreeSet::new())
    }

    /// Whether statistics show it that have the days since a month's first, and quarters of some
    /// days.
    #[must_use]
    pub fn is_shown_since(&self, month: Date, quarters_of: &BTreeSet<Date>) -> bool {
        match self {
            Counter::DayOrders(day, _) | Counter::DayRevenue(day, _) => *day >= month,
            Counter::QuarterHourOrders(quarter_hour, _) | Counter::QuarterHourRevenue(quarter_hour, _) => {
                quarters_of.contains(&quarter_hour.day)
            }
            Counter::Orders(_) | Counter::Totals(_) | Counter::FineTotals(_) | Counter::Payments(_) => false,
            Counter::StatusOrders(..)
            | Counter::StatusAmount(..)
            | Counter::MonthOrders(_)
            | Counter::MonthRevenue(..)
            | Counter::StatePayments(..)
            | Counter::StateAmount(..)
            | Counter::MethodPayments(_)
            | Counter::Refunded(_)
            | Counter::Lines
            | Counter::Ratings
            | Counter::Stars
            | Counter::Transitions(..)
            | Counter::TransitionMicros(..) => true,
        }
    }
}

/// What some changes contribute, by scope and counter. What cancels out is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<(Scope, Counter), Decimal>);

impl Tally {
    /// The contributions that are not zero.
    pub fn iter(&self) -> impl Iterator<Item = (&Scope, Counter, Decimal)> {
        let nonzero = self.0.iter().filter(|(_, value)| !value.is_zero());
        nonzero.map(|((scope, cell), value)| (scope, *cell, *value))
    }

    /// Adds what another one holds.
    pub fn absorb(&mut self, other: Tally) {
        for (key, value) in other.0 {
            *self.0.entry(key).or_default() += value;
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Tally) -> Tally {
        let mut sum = self.clone();
        sum.absorb(other.clone());
        sum
    }

    /// What it holds for one scope.
    pub fn of<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = (Counter, Decimal)> + 'a {
        let of_scope = self.iter().filter(move |(of, _, _)| *of == scope);
        of_scope.map(|(_, cell, value)| (cell, value))
    }

    /// What it holds for one scope, as a tally.
    #[must_use]
    pub fn only(mut self, scope: &Scope) -> Tally {
        self.0.retain(|(of, _), _| of == scope);
        self
    }

    fn add(&mut self, order: &Order, cell: Counter, value: Decimal) {
        *self.0.entry((Scope::User(order.user.id.clone()), cell)).or_default() += value;
        self.add_shared(order, cell, value);
    }

    /// Adds to the scopes that hold the orders of many users. One user's are few enough to be
    /// looked through.
    fn add_shared(&mut self, order: &Order, cell: Counter, value: Decimal) {
        for scope in [Scope::Store(order.store.id), Scope::All] {
            *self.0.entry((scope, cell)).or_default() += value;
        }
    }
}

/// What the changes from one state of an order to a later one contribute. `before` is none where
/// the order is new. Days are those of `zone`. A deleted order counts for nothing, so its log must
/// reach back to its placing when it is deleted, else to the change after `before`.
#[must_use]
pub fn tally(before: Option<&Order>, after: &Order, zone: &TimeZone) -> Tally {
    let mut tally = Tally::default();
    let before = before.filter(|before| !before.is_deleted());
    if let Some(before) = before {
        count(&mut tally, before, zone, Decimal::NEGATIVE_ONE);
    }
    let seen = before.map_or(0, |before| before.version);
    let (counted, fresh): (Vec<_>, Vec<_>) = after.log.iter().partition(|change| change.version <= seen);
    if !after.is_deleted() {
        count(&mut tally, after, zone, Decimal::ONE);
        count_transitions(&mut tally, after, &fresh, Decimal::ONE);
    } else if before.is_some() {
        count_transitions(&mut tally, after, &counted, Decimal::NEGATIVE_ONE);
    }
    tally
}

/// Adds (`sign` 1) or takes away (−1) the transitions among an order's changes.
fn count_transitions(tally: &mut Tally, order: &Order, changes: &[&Change], sign: Decimal) {
    for (from, to, lasted_us) in changes.iter().filter_map(|change| change.transition()) {
        tally.add(order, Counter::Transitions(from, to), sign);
        tally.add(order, Counter::TransitionMicros(from, to), sign * Decimal::from(lasted_us));
    }
}

/// Adds (`sign` 1) or takes away (−1) what an order in this state counts for.
fn count(tally: &mut Tally, order: &Order, zone: &TimeZone, sign: Decimal) {
    let facets = OrderFacets {
        status: order.status,
        payment_status: order.payment_status,
        payment_method: order.payment_method,
        shipping_method: order.shipping_method,
        currency: order.currency,
    };
    let (status, currency) = (order.status, order.currency);
    tally.add(order, Counter::Orders(facets), sign);
    tally.add(order, Counter::StatusOrders(status, currency), sign);
    tally.add(order, Counter::StatusAmount(status, currency), sign * order.total_amount);
    tally.add_shared(order, Counter::Totals(TotalBucket::coarse(order.total_amount)), sign);
    tally.add_shared(order, Counter::FineTotals(TotalBucket::fine(order.total_amount)), sign);
    tally.add(order, Counter::Lines, sign * Decimal::from(order.lines.len()));
    if let Some(rating) = &order.rating {
        tally.add(order, Counter::Ratings, sign);
        tally.add(order, Counter::Stars, sign * Decimal::from(rating.stars));
    }
    count_placing(tally, order, zone, sign);
    for payment in &order.payments {
        let (status, payment_method) = (payment.status, payment.payment_method);
        let attention = payment.needs_attention();
        let facets = PaymentFacets { status, payment_method, currency, attention };
        tally.add(order, Counter::Payments(facets), sign);
        tally.add(order, Counter::StatePayments(status, currency), sign);
        tally.add(order, Counter::StateAmount(status, currency), sign * payment.amount);
        tally.add(order, Counter::MethodPayments(payment_method), sign);
        tally.add(order, Counter::Refunded(currency), sign * payment.refunded_amount());
    }
}

/// Adds or takes away what an order counts for by the time of its placing.
fn count_placing(tally: &mut Tally, order: &Order, zone: &TimeZone, sign: Decimal) {
    let currency = order.currency;
    let quarter_hour = QuarterHour::of(order.created_at, zone);
    let month = quarter_hour.day.first_of_month();
    tally.add(order, Counter::DayOrders(quarter_hour.day, currency), sign);
    tally.add(order, Counter::MonthOrders(month), sign);
    tally.add(order, Counter::QuarterHourOrders(quarter_hour, currency), sign);
    if order.status.counts_as_revenue() {
        let revenue = sign * order.total_amount;
        tally.add(order, Counter::DayRevenue(quarter_hour.day, currency), revenue);
        tally.add(order, Counter::MonthRevenue(month, currency), revenue);
        if quarter_hour.is_near_a_months_begin() {
            tally.add(order, Counter::QuarterHourRevenue(quarter_hour, currency), revenue);
        }
    }
}

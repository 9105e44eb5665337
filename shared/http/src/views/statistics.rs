//! Statistics, as clients see them.

use super::verification::VerificationView;
use super::{money, time};
use oms_domain::calendar::Calendar;
use oms_domain::money::half_up;
use oms_domain::statistics::{Counts, Group, mean};
use oms_domain::{Currency, Decimal, Money, OrderSummary, PaymentEntry, PaymentMethod, PaymentState, Status};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// One of the ten newest orders.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecentOrder {
    /// What paths name the order by.
    pub id: Uuid,
    /// `ORD-YYYYMMDD-NNNN`.
    #[schema(example = "ORD-20261122-0001")]
    pub order_number: String,
    /// Where it stands.
    #[schema(example = "delivered")]
    pub status: &'static str,
    /// What there is to pay, in the order's currency.
    #[schema(example = "75.98")]
    pub total_amount: String,
    /// When it was placed.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub created_at: String,
}

/// The amounts of one currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderAmounts {
    /// How many orders are in it.
    pub total_orders: u64,
    /// The totals of shipped, travelling and delivered orders, in this currency. One that was paid
    /// back counts no more; what was paid back in part is not taken off.
    #[schema(example = "15000.00")]
    pub total_revenue: String,
    /// The mean of all totals, rounded half up to the currency's digits.
    #[schema(example = "100.00")]
    pub average_order_value: String,
    /// Revenue by the month in which the order was placed.
    pub revenue_by_month: BTreeMap<String, String>,
}

/// How long orders took from one status to another.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TransitionTimeView {
    /// The mean, in seconds, to the millisecond.
    #[schema(example = 86400.0)]
    pub average_seconds: f64,
    /// How many orders did it.
    #[schema(example = 60)]
    pub count: u64,
}

/// What customers thought of what they got.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Satisfaction {
    /// The mean of all ratings, 1 to 5, to two digits; null where there are none.
    #[schema(example = 4.5)]
    pub average: Option<f64>,
    /// How many there are.
    #[schema(example = 40)]
    pub count: u64,
}

/// Statistics of orders.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OrderStats {
    /// All orders, of every currency.
    #[schema(example = 150)]
    pub total_orders: u64,
    /// Those that are pending.
    pub pending_orders: u64,
    /// Those that are confirmed.
    pub confirmed_orders: u64,
    /// Those that are being packed.
    pub processing_orders: u64,
    /// Those that are on their way.
    pub shipped_orders: u64,
    /// Those that are with the courier.
    pub out_for_delivery_orders: u64,
    /// Those that have arrived.
    pub delivered_orders: u64,
    /// Those that were called off.
    pub cancelled_orders: u64,
    /// Those that were paid back.
    pub refunded_orders: u64,
    /// The totals of shipped, travelling and delivered orders, in the deployment's currency. One
    /// that was paid back counts no more; what was paid back in part is not taken off.
    #[schema(example = "15000.00")]
    pub total_revenue: String,
    /// The mean of all totals, in the deployment's currency, rounded half up to its digits.
    #[schema(example = "100.00")]
    pub average_order_value: String,
    /// How many have each status.
    pub orders_by_status: BTreeMap<&'static str, u64>,
    /// How many were placed in each of the last 12 months, as `2026-11`.
    pub orders_by_month: BTreeMap<String, u64>,
    /// How many were placed on each of the last 30 days, as `2026-11-22`.
    pub orders_by_day: BTreeMap<String, u64>,
    /// Revenue of each of the last 12 months, in the deployment's currency.
    pub revenue_by_month: BTreeMap<String, String>,
    /// The amounts of every currency that some order is in.
    pub by_currency: BTreeMap<&'static str, OrderAmounts>,
    /// What customers thought of what they got.
    pub customer_satisfaction: Satisfaction,
    /// How long orders took, as `pending→confirmed`.
    pub status_transition_times: BTreeMap<String, TransitionTimeView>,
    /// The ten newest orders.
    pub recent_orders: Vec<RecentOrder>,
    /// With `?verify=true`, for admins: what the orders' own logs add up to, against these figures.
    #[serde(flatten)]
    pub verification: Option<VerificationView>,
}

/// One of the ten newest payments.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecentPayment {
    /// What paths name the payment by.
    pub id: Uuid,
    /// A short name for people.
    #[schema(example = "TXN-8DDDEEEEFFFF8000")]
    pub transaction_id: String,
    /// How much, in the order's currency.
    #[schema(example = "75.98")]
    pub amount: String,
    /// Where it stands.
    #[schema(example = "paid")]
    pub status: &'static str,
    /// When it was made.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub created_at: String,
}

/// The payments of one currency.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaymentAmounts {
    /// How many there are.
    pub total_payments: u64,
    /// What was paid and has not gone back, in this currency.
    #[schema(example = "15000.00")]
    pub total_amount: String,
    /// The mean of all, rounded half up to the currency's digits.
    #[schema(example = "100.00")]
    pub average_payment_amount: String,
    /// What went back, in this currency.
    #[schema(example = "120.00")]
    pub refunded_amount: String,
}

/// Statistics of payments.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PaymentStats {
    /// All payments, of every currency.
    #[schema(example = 140)]
    pub total_payments: u64,
    /// Those that are paid, and of which nothing went back.
    pub completed_payments: u64,
    /// Those that wait.
    pub pending_payments: u64,
    /// Those that were declined.
    pub failed_payments: u64,
    /// Those of which some or all went back.
    pub refunded_payments: u64,
    /// What was paid and has not gone back, in the deployment's currency.
    #[schema(example = "15000.00")]
    pub total_amount: String,
    /// The mean of all payments, in the deployment's currency, rounded half up to its digits.
    #[schema(example = "100.00")]
    pub average_payment_amount: String,
    /// How many have each status.
    pub payments_by_status: BTreeMap<&'static str, u64>,
    /// How many use each method.
    pub payments_by_method: BTreeMap<&'static str, u64>,
    /// The paid ones (refunded or not) of all that have ended, 0 to 1.
    #[schema(example = 0.975)]
    pub success_rate: f64,
    /// What went back, in the deployment's currency.
    #[schema(example = "120.00")]
    pub refunded_amount: String,
    /// The amounts of every currency that some payment is in.
    pub by_currency: BTreeMap<&'static str, PaymentAmounts>,
    /// The ten newest payments of the newest orders.
    pub recent_payments: Vec<RecentPayment>,
}

fn revenue_by_month(counts: &Counts, currency: Currency, calendar: &Calendar) -> BTreeMap<String, String> {
    let by_month = calendar.revenue_by_month(counts, currency).into_iter();
    by_month.map(|(month, sum)| (month, money(sum, currency))).collect()
}

impl OrderStats {
    /// The statistics of a scope, in the deployment's currency, by the days and months of a
    /// calendar.
    #[must_use]
    pub fn new(counts: &Counts, currency: Currency, calendar: &Calendar, recent: &[OrderSummary]) -> Self {
        let by_status = |status| counts.orders_with(status);
        let amounts = |currency| OrderAmounts {
            total_orders: counts.orders_in(currency).count,
            total_revenue: counts.revenue_in(currency).to_string(),
            average_order_value: mean(counts.orders_in(currency), currency).to_string(),
            revenue_by_month: revenue_by_month(counts, currency, calendar),
        };
        let transitions = counts.transitions.iter().filter(|(_, time)| time.count > 0);
        Self {
            total_orders: Status::ALL.iter().map(|status| by_status(*status)).sum(),
            pending_orders: by_status(Status::Pending),
            confirmed_orders: by_status(Status::Confirmed),
            processing_orders: by_status(Status::Processing),
            shipped_orders: by_status(Status::Shipped),
            out_for_delivery_orders: by_status(Status::OutForDelivery),
            delivered_orders: by_status(Status::Delivered),
            cancelled_orders: by_status(Status::Cancelled),
            refunded_orders: by_status(Status::Refunded),
            total_revenue: counts.revenue_in(currency).to_string(),
            average_order_value: mean(counts.orders_in(currency), currency).to_string(),
            orders_by_status: Status::ALL.iter().map(|s| (s.as_str(), by_status(*s))).collect(),
            orders_by_month: calendar.orders_by_month(counts),
            orders_by_day: calendar.orders_by_day(counts),
            revenue_by_month: revenue_by_month(counts, currency, calendar),
            by_currency: counts.currencies_of_orders().into_iter().map(|c| (c.code(), amounts(c))).collect(),
            customer_satisfaction: satisfaction(counts),
            status_transition_times: transitions
                .map(|((from, to), time)| {
                    let micros = time.micros.checked_div(Decimal::from(time.count));
                    let seconds = micros.unwrap_or_default() / Decimal::from(1_000_000);
                    let average_seconds = shown(seconds, 3);
                    (format!("{from}→{to}"), TransitionTimeView { average_seconds, count: time.count })
                })
                .collect(),
            recent_orders: recent
                .iter()
                .map(|order| RecentOrder {
                    id: order.id.0,
                    order_number: order.order_number.clone(),
                    status: order.status.as_str(),
                    total_amount: money(order.total_amount, order.currency),
                    created_at: time(order.created_at),
                })
                .collect(),
            verification: None,
        }
    }
}

fn satisfaction(counts: &Counts) -> Satisfaction {
    let Group { count, amount: stars } = counts.ratings;
    let average = stars.checked_div(Decimal::from(count));
    Satisfaction { average: average.map(|average| shown(average, 2)), count }
}

const PAID: &[PaymentState] = &[PaymentState::Paid];
const REFUNDED: &[PaymentState] = &[PaymentState::Refunded, PaymentState::PartiallyRefunded];
const WAITING: &[PaymentState] = &[PaymentState::Pending, PaymentState::Processing, PaymentState::Authorized];
const COLLECTED: &[PaymentState] =
    &[PaymentState::Paid, PaymentState::Refunded, PaymentState::PartiallyRefunded];

impl PaymentStats {
    /// The statistics of a scope, in the deployment's currency; `newest` are its newest orders, and
    /// `rows` those of its newest payments.
    #[must_use]
    pub fn new(counts: &Counts, currency: Currency, newest: &[OrderSummary], rows: &[PaymentEntry]) -> Self {
        let count = |states: &[PaymentState]| counts.payments_with(None, states).count;
        let refunded = |currency| counts.refunded.get(&currency).copied().unwrap_or_default();
        let amounts = |currency| PaymentAmounts {
            total_payments: counts.payments_with(Some(currency), &[]).count,
            total_amount: kept(counts, currency).to_string(),
            average_payment_amount: average(counts, currency).to_string(),
            refunded_amount: money(refunded(currency), currency),
        };
        let collected = Decimal::from(count(COLLECTED));
        let finished = collected + Decimal::from(count(&[PaymentState::Failed]));
        let success_rate = collected.checked_div(finished).unwrap_or_default();
        Self {
            total_payments: count(&[]),
            completed_payments: count(PAID),
            pending_payments: count(WAITING),
            failed_payments: count(&[PaymentState::Failed]),
            refunded_payments: count(REFUNDED),
            total_amount: kept(counts, currency).to_string(),
            average_payment_amount: average(counts, currency).to_string(),
            payments_by_status: PaymentState::ALL.iter().map(|s| (s.as_str(), count(&[*s]))).collect(),
            payments_by_method: by_method(counts),
            success_rate: shown(success_rate, 4),
            refunded_amount: money(refunded(currency), currency),
            by_currency: counts
                .currencies_of_payments()
                .into_iter()
                .map(|c| (c.code(), amounts(c)))
                .collect(),
            recent_payments: recent_payments(newest, rows),
        }
    }
}

/// A rate or a duration as a JSON number with so many digits, rounded half up; money is never shown
/// so.
fn shown(value: Decimal, digits: u32) -> f64 {
    half_up(value, digits).try_into().unwrap_or_default()
}

/// What was collected, less what has gone back.
fn kept(counts: &Counts, currency: Currency) -> Money {
    let refunded = counts.refunded.get(&currency).copied().unwrap_or_default();
    let collected = counts.payments_with(Some(currency), COLLECTED).amount;
    Money::rounded(collected - refunded, currency)
}

fn average(counts: &Counts, currency: Currency) -> Money {
    mean(counts.payments_with(Some(currency), &[]), currency)
}

fn by_method(counts: &Counts) -> BTreeMap<&'static str, u64> {
    let mut by_method: BTreeMap<_, _> = PaymentMethod::ALL.iter().map(|m| (m.as_str(), 0)).collect();
    for (method, count) in &counts.payment_methods {
        *by_method.entry(method.as_str()).or_default() += count;
    }
    by_method
}

/// The newest payments: those of the newest orders as these tell, since their rows may be behind,
/// and all others as their rows do.
fn recent_payments(orders: &[OrderSummary], rows: &[PaymentEntry]) -> Vec<RecentPayment> {
    let of_orders = orders.iter().flat_map(|order| order.payments.iter().map(move |one| (order, one)));
    let of_orders = of_orders.map(|(order, payment)| RecentPayment {
        id: order.id.payment(payment.number).0,
        transaction_id: payment.transaction_id.clone(),
        amount: money(payment.amount, order.currency),
        status: payment.status.as_str(),
        created_at: time(payment.created_at),
    });
    let is_of_others = |row: &&PaymentEntry| orders.iter().all(|order| order.id != row.id.order());
    let of_others = rows.iter().filter(is_of_others).map(|row| RecentPayment {
        id: row.id.0,
        transaction_id: row.transaction_id.clone(),
        amount: money(row.amount, row.facets.currency),
        status: row.facets.status.as_str(),
        created_at: time(row.created_at),
    });
    let mut recent: Vec<_> = of_orders.chain(of_others).collect();
    recent.sort_by(|a, b| (&b.created_at, b.id).cmp(&(&a.created_at, a.id)));
    // A vendor's own payments to their own stores are in two scopes.
    recent.dedup_by_key(|payment| payment.id);
    recent.truncate(10);
    recent
}

#[cfg(test)]
mod tests;

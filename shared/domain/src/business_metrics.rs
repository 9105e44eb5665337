//! What the changes of an order say about how the business runs: figures for dashboards, where the
//! statistics are what can be proved.

use crate::attention::{ConcernKind, raised};
use crate::order::Order;
use crate::order_events::{EventType, notices};
use crate::{Change, ChangeKind, Currency, Decimal, PaymentId, Status};

/// One figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BusinessMetric {
    /// An order was placed.
    Created {
        /// What there is to pay for it.
        value: Decimal,
        /// In which currency.
        currency: Currency,
    },
    /// An order moved on.
    Moved {
        /// The status that it left.
        from: Status,
        /// The status that it has now.
        to: Status,
        /// How long it had been there, in microseconds.
        lasted_us: i64,
    },
    /// A payment went through.
    Paid,
    /// A payment was declined.
    Declined,
    /// Some of a payment's money, or all of it, went back.
    Refunded,
    /// The gateway refused to pay back, or took its word back that it had.
    RefundRefused,
    /// The customer's bank disputes a charge, or has won.
    Disputed,
    /// A customer rated an order with so many stars, 1 to 5.
    Rated(u8),
    /// Something is the matter with a payment: a person must look at it.
    NeedsAttention(PaymentId),
}

/// The figures of an order's changes after the version `seen`.
#[must_use]
pub fn measures(order: &Order, seen: u64) -> Vec<BusinessMetric> {
    let fresh = order.log.iter().filter(|change| change.version > seen);
    fresh.filter_map(|change| Some(of_change(&order.as_of(change.version)?, change))).flatten().collect()
}

fn of_change(then: &Order, change: &Change) -> Vec<BusinessMetric> {
    let mut found = Vec::new();
    if change.action == ChangeKind::Place {
        found.push(BusinessMetric::Created { value: then.total_amount, currency: then.currency });
    }
    if let Some((from, to, lasted_us)) = change.transition() {
        found.push(BusinessMetric::Moved { from, to, lasted_us });
    }
    found.extend(notices(then, change).iter().filter_map(|notice| of_event(notice.event_type)));
    for payment in &then.payments {
        let concerns: Vec<ConcernKind> = raised(change, payment.id).collect();
        if !concerns.is_empty() {
            found.push(BusinessMetric::NeedsAttention(payment.id));
        }
        found.extend(concerns.into_iter().filter_map(of_concern));
    }
    if let (ChangeKind::Rate, Some(rating)) = (change.action, &then.rating) {
        found.push(BusinessMetric::Rated(rating.stars));
    }
    found
}

const fn of_event(event_type: EventType) -> Option<BusinessMetric> {
    match event_type {
        EventType::PaymentPaid => Some(BusinessMetric::Paid),
        EventType::PaymentFailed => Some(BusinessMetric::Declined),
        EventType::PaymentRefunded => Some(BusinessMetric::Refunded),
        EventType::OrderConfirmed
        | EventType::OrderProcessing
        | EventType::OrderShipped
        | EventType::OrderOutForDelivery
        | EventType::OrderDelivered
        | EventType::OrderCancelled
        | EventType::OrderRefunded
        | EventType::PaymentRefundFailed
        | EventType::PaymentDisputed
        | EventType::OrderCreated
        | EventType::OrderDeleted => None,
    }
}

/// The figure of its own that a concern has, beside the one of all that need a person. The events
/// do not tell: a dispute that was won is one, too.
const fn of_concern(kind: ConcernKind) -> Option<BusinessMetric> {
    match kind {
        ConcernKind::RefundFailed => Some(BusinessMetric::RefundRefused),
        ConcernKind::Disputed => Some(BusinessMetric::Disputed),
        ConcernKind::ChargedLate | ConcernKind::Contradicted => None,
    }
}

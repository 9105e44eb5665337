//! What a change of an order tells its user and the outside, derived from the log alone.

use crate::attention::{ConcernKind, raised};
use crate::choices::choices;
use crate::order::Order;
use crate::text::one_line;
use crate::{Change, ChangeKind, Decimal, Money, NotificationId, Payment, PaymentState, RefundState, Status};
use serde_json::Value;

choices! {
    /// What a notification is about.
    // The table keeps its place in this list as a letter: new ones go to the end, and none is taken
    // out.
    NotificationKind {
        /// The order moved on.
        OrderStatusUpdate = "order_status_update", "Order status update";
        /// The parcel moved.
        ShippingUpdate = "shipping_update", "Shipping update";
        /// It arrived.
        OrderDelivered = "order_delivered", "Order delivered";
        /// It was called off.
        OrderCancelled = "order_cancelled", "Order cancelled";
        /// Money went back.
        RefundProcessed = "refund_processed", "Refund processed";
        /// A payment went through.
        PaymentSuccess = "payment_success", "Payment successful";
        /// A payment did not.
        PaymentFailed = "payment_failed", "Payment failed";
    }
}

choices! {
    /// How good the news is.
    NotificationLevel {
        /// Neither good nor bad.
        Info = "info", "Info";
        /// Good.
        Success = "success", "Success";
        /// Bad.
        Warning = "warning", "Warning";
    }
}

choices! {
    /// The events that the outside can subscribe to.
    EventType {
        /// The store accepted the order.
        OrderConfirmed = "order.confirmed", "Order confirmed";
        /// The store began to pack it.
        OrderProcessing = "order.processing", "Order in preparation";
        /// It was handed to the carrier.
        OrderShipped = "order.shipped", "Order shipped";
        /// The courier set out with it.
        OrderOutForDelivery = "order.out_for_delivery", "Order out for delivery";
        /// The customer has it.
        OrderDelivered = "order.delivered", "Order delivered";
        /// It was called off.
        OrderCancelled = "order.cancelled", "Order cancelled";
        /// It was paid back.
        OrderRefunded = "order.refunded", "Order refunded";
        /// It was paid.
        PaymentPaid = "payment.paid", "Payment received";
        /// A payment was declined.
        PaymentFailed = "payment.failed", "Payment declined";
        /// Money went back.
        PaymentRefunded = "payment.refunded", "Payment refunded";
        /// A refund did not go through.
        PaymentRefundFailed = "payment.refund_failed", "Refund failed";
        /// The customer's bank, or the gateway, says otherwise about a payment.
        PaymentDisputed = "payment.disputed", "Payment disputed";
        /// It was placed.
        OrderCreated = "order.created", "Order placed";
        /// It was deleted.
        OrderDeleted = "order.deleted", "Order deleted";
    }
}

/// One thing to tell, about one change.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderEvent {
    /// The same for the same change, however often it is worked out.
    pub id: NotificationId,
    /// Which event it is.
    pub event_type: EventType,
    /// What was different before: a status of the order or of the payment.
    pub from: Value,
    /// What it is now.
    pub to: Value,
}

impl EventType {
    /// What a subscriber hears who names no events: what users are told of as well.
    #[must_use]
    pub fn by_default() -> Vec<EventType> {
        Self::ALL.iter().copied().filter(|event| event.kind().is_some()).collect()
    }

    /// What the notification to the user is about, and how good the news is; none where users are
    /// not told.
    #[must_use]
    pub const fn kind(self) -> Option<(NotificationKind, NotificationLevel)> {
        Some(match self {
            EventType::OrderConfirmed => (NotificationKind::OrderStatusUpdate, NotificationLevel::Success),
            EventType::OrderProcessing => (NotificationKind::OrderStatusUpdate, NotificationLevel::Info),
            EventType::OrderShipped | EventType::OrderOutForDelivery => {
                (NotificationKind::ShippingUpdate, NotificationLevel::Info)
            }
            EventType::OrderDelivered => (NotificationKind::OrderDelivered, NotificationLevel::Success),
            EventType::OrderCancelled => (NotificationKind::OrderCancelled, NotificationLevel::Warning),
            EventType::OrderRefunded | EventType::PaymentRefunded => {
                (NotificationKind::RefundProcessed, NotificationLevel::Info)
            }
            EventType::PaymentPaid => (NotificationKind::PaymentSuccess, NotificationLevel::Success),
            EventType::PaymentFailed => (NotificationKind::PaymentFailed, NotificationLevel::Warning),
            EventType::PaymentRefundFailed
            | EventType::PaymentDisputed
            | EventType::OrderCreated
            | EventType::OrderDeleted => return None,
        })
    }

    /// What happened, as a sentence for the user.
    #[must_use]
    pub fn message(self, order: &Order) -> String {
        let number = &order.order_number;
        let total = format!("{} {}", order.total_amount, order.currency.code());
        match self {
            EventType::OrderConfirmed => format!("Your order {number} has been confirmed."),
            EventType::OrderProcessing => format!("Your order {number} is being prepared."),
            EventType::OrderShipped if order.tracking_number.is_empty() => {
                format!("Your order {number} has been shipped.")
            }
            EventType::OrderShipped => {
                format!(
                    "Your order {number} has been shipped. Tracking number: {}.",
                    one_line(&order.tracking_number)
                )
            }
            EventType::OrderOutForDelivery => format!("Your order {number} is out for delivery."),
            EventType::OrderDelivered => format!("Your order {number} has been delivered."),
            EventType::OrderCancelled => format!("Your order {number} has been cancelled."),
            EventType::OrderRefunded => format!("Your order {number} has been refunded."),
            EventType::PaymentPaid => {
                format!("Your payment of {total} for order {number} has been received.")
            }
            EventType::PaymentFailed => {
                format!("Your payment for order {number} was declined.")
            }
            EventType::PaymentRefunded => {
                format!("A refund for order {number} is on its way to you.")
            }
            EventType::PaymentRefundFailed => format!("A refund for order {number} failed."),
            EventType::PaymentDisputed => format!("A payment for order {number} is disputed."),
            EventType::OrderCreated => format!("Your order {number} has been placed."),
            EventType::OrderDeleted => format!("Your order {number} has been deleted."),
        }
    }
}

/// The longest reason that a report repeats, in characters.
const MAX_REASON_CHARS: usize = 300;

impl EventType {
    /// What happened, as a sentence for those who run the store.
    #[must_use]
    pub fn report(self, order: &Order, change: &Change) -> String {
        let number = &order.order_number;
        let amount =
            |amount: Decimal| format!("{} {}", order.currency.code(), Money::rounded(amount, order.currency));
        let paid =
            order.payments.iter().map(|payment| payment.amount).next_back().unwrap_or(order.total_amount);
        let refunded = order.payments.iter().map(Payment::refunded_amount).sum();
        match self {
            EventType::OrderConfirmed => format!("Order {number} has been confirmed."),
            EventType::OrderProcessing => format!("Order {number} is being prepared."),
            EventType::OrderShipped => format!("Order {number} has been shipped."),
            EventType::OrderOutForDelivery => format!("Order {number} is out for delivery."),
            EventType::OrderDelivered => format!("Order {number} has been delivered."),
            EventType::OrderCancelled => {
                format!("Order {number} has been cancelled{}", said(order, change))
            }
            EventType::OrderRefunded => format!("Order {number} has been refunded{}", said(order, change)),
            EventType::PaymentPaid => {
                format!("The payment of {} for order {number} has been received.", amount(paid))
            }
            EventType::PaymentFailed => {
                let payment = order.payments.last();
                let error = payment.map(|payment| payment.error_message.as_str()).unwrap_or_default();
                format!("A payment of {} for order {number} was declined{}", amount(paid), because(error))
            }
            EventType::PaymentRefunded => {
                format!("{} of order {number} has been paid back so far.", amount(refunded))
            }
            EventType::PaymentRefundFailed => {
                format!("A refund of order {number} failed{}", because(&concerns(order)))
            }
            EventType::PaymentDisputed => {
                format!("A payment of order {number} is disputed{}", because(&disputes(order)))
            }
            EventType::OrderCreated => format!("Order {number} has been placed."),
            EventType::OrderDeleted => format!("Order {number} has been deleted."),
        }
    }
}

/// The reason of a change, in the words of whoever made it and as theirs: what they have typed must
/// not read like a message of ours.
fn said(order: &Order, change: &Change) -> String {
    let who = match change.by.0.as_str() {
        "system" => return because(&change.reason),
        id if id == order.user.id.0 => "The customer",
        _ => "The seller",
    };
    let words = reason(&change.reason).replace('"', "'");
    if words.is_empty() { ".".to_owned() } else { format!(". {who} wrote: \"{words}\"") }
}

/// A reason in words of ours or of the gateway's.
fn because(text: &str) -> String {
    let text = reason(text);
    if text.is_empty() { ".".to_owned() } else { format!(": {text}") }
}

fn reason(text: &str) -> String {
    one_line(text).chars().take(MAX_REASON_CHARS).collect()
}

/// What is the matter with an order's payments, for a person to read.
fn concerns(order: &Order) -> String {
    let texts = order.payments.iter().map(|payment| payment.attention_text(order.currency));
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The same, or where its disputes stand once nothing is.
fn disputes(order: &Order) -> String {
    let disputes = order.payments.iter().filter_map(|payment| payment.dispute.as_ref());
    let ended = disputes.map(|dispute| format!("{} ({})", dispute.status, dispute.reason));
    Some(concerns(order))
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| ended.collect::<Vec<_>>().join(" "))
}

/// What a change tells: at most one event of the order's status, one or two of a payment, and that
/// it was placed or deleted.
#[must_use]
pub fn notices(order: &Order, change: &Change) -> Vec<OrderEvent> {
    let of_order = change.of("status").and_then(|field| {
        let event = event_of_order(word(&field.to)?.parse().ok()?)?;
        Some((event, field.from.clone(), field.to.clone()))
    });
    let payments = order.payments.iter().filter_map(|payment| {
        let status = change.of(&format!("payments.{}.status", payment.id));
        let refunds = change.of(&format!("payments.{}.refunds", payment.id));
        let (from, to) = status
            .map_or_else(|| (Value::Null, Value::Null), |status| (status.from.clone(), status.to.clone()));
        // A second partial refund leaves the payment's status as it was, so the refunds tell.
        if refunds.is_some_and(|field| succeeded(&field.to) > succeeded(&field.from)) {
            return Some((EventType::PaymentRefunded, from, to));
        }
        // A refund that fails after it had gone through leaves the payment paid again, which is no
        // news.
        let was_paid = word(&from).and_then(|state| state.parse().ok()).is_some_and(is_refund);
        let event = event_of_payment(word(&to)?.parse().ok()?).filter(|_| !was_paid)?;
        Some((event, from, to))
    });
    let troubles = order.payments.iter().flat_map(|payment| troubles(payment, change));
    of_order
        .into_iter()
        .chain(payments)
        .chain(troubles)
        .chain(event_of_deed(change.action).map(|event| (event, Value::Null, Value::Null)))
        .zip(0u8..)
        .map(|((event_type, from, to), index)| OrderEvent {
            id: order.id.notification(change.at, change.version, index),
            event_type,
            from,
            to,
        })
        .collect()
}

/// How many of a payment's refunds have gone through, in the log's JSON.
fn succeeded(refunds: &Value) -> usize {
    let refunds = refunds.as_array().into_iter().flatten();
    refunds.filter(|refund| refund["status"] == RefundState::Succeeded.as_str()).count()
}

/// What a change tells of a payment that a person must look at, and how a dispute goes on.
fn troubles(payment: &Payment, change: &Change) -> Vec<(EventType, Value, Value)> {
    let mut told: Vec<_> = raised(change, payment.id)
        .filter_map(|kind| match kind {
            ConcernKind::RefundFailed => {
                let state = |state: RefundState| Value::from(state.as_str());
                let event = EventType::PaymentRefundFailed;
                Some((event, state(RefundState::Pending), state(RefundState::Failed)))
            }
            ConcernKind::Contradicted => {
                let status = Value::from(payment.status.as_str());
                Some((EventType::PaymentDisputed, status.clone(), status))
            }
            // The payment's own status tells the one, the dispute's the other.
            ConcernKind::ChargedLate | ConcernKind::Disputed => None,
        })
        .collect();
    if change.action == ChangeKind::Dispute
        && let Some(field) = change.of(&format!("payments.{}.dispute", payment.id))
    {
        told.push((EventType::PaymentDisputed, field.from["status"].clone(), field.to["status"].clone()));
    }
    told
}

fn word(value: &Value) -> Option<&str> {
    value.as_str()
}

const fn event_of_order(status: Status) -> Option<EventType> {
    match status {
        Status::Pending => None,
        Status::Confirmed => Some(EventType::OrderConfirmed),
        Status::Processing => Some(EventType::OrderProcessing),
        Status::Shipped => Some(EventType::OrderShipped),
        Status::OutForDelivery => Some(EventType::OrderOutForDelivery),
        Status::Delivered => Some(EventType::OrderDelivered),
        Status::Cancelled => Some(EventType::OrderCancelled),
        Status::Refunded => Some(EventType::OrderRefunded),
    }
}

fn event_of_deed(kind_of_change: ChangeKind) -> Option<EventType> {
    match kind_of_change {
        ChangeKind::Place => Some(EventType::OrderCreated),
        ChangeKind::Delete => Some(EventType::OrderDeleted),
        ChangeKind::Edit
        | ChangeKind::AddLine
        | ChangeKind::EditLine
        | ChangeKind::RemoveLine
        | ChangeKind::Rate
        | ChangeKind::Confirm
        | ChangeKind::Process
        | ChangeKind::Ship
        | ChangeKind::SendOutForDelivery
        | ChangeKind::Deliver
        | ChangeKind::Cancel
        | ChangeKind::Refund
        | ChangeKind::AddPayment
        | ChangeKind::EditPayment
        | ChangeKind::RemovePayment
        | ChangeKind::StartPayment
        | ChangeKind::FinishPayment
        | ChangeKind::StartRefund
        | ChangeKind::FinishRefund
        | ChangeKind::Dispute
        | ChangeKind::Contradict
        | ChangeKind::Dismiss
        | ChangeKind::Erase => None,
    }
}

const fn is_refund(state: PaymentState) -> bool {
    matches!(state, PaymentState::PartiallyRefunded | PaymentState::Refunded)
}

const fn event_of_payment(state: PaymentState) -> Option<EventType> {
    match state {
        PaymentState::Paid => Some(EventType::PaymentPaid),
        PaymentState::Failed => Some(EventType::PaymentFailed),
        // A refund is told by the payment's refunds.
        PaymentState::PartiallyRefunded
        | PaymentState::Refunded
        | PaymentState::Pending
        | PaymentState::Processing
        | PaymentState::Authorized
        | PaymentState::Cancelled => None,
    }
}

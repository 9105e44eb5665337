//! Why a decision went against the caller, in the API's own words.

use crate::Currency;
use crate::money::{Money, MoneyError};
use crate::payment::PaymentState;
use crate::status::{Action, Status};
use rust_decimal::Decimal;

/// A business rule that says no. The text is what clients see and rely on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleViolation {
    /// The order's status does not allow the action.
    #[error("Order cannot be {} in its current status", .0.label())]
    Status(Action),
    /// Nothing leads back to `pending`.
    #[error("Order cannot be moved to pending in its current status")]
    BackToPending,
    /// A line wants more than is on the shelf.
    #[error("Insufficient stock. Available: {available}")]
    InsufficientStock {
        /// How many there are.
        available: u64,
    },
    /// The order's items are fixed by now.
    #[error("Order items cannot be changed in the order's current status")]
    ItemsFixed,
    /// The order's items are fixed, because its payment has been sent.
    #[error("Order items cannot be changed in the order's current status")]
    ItemsPaidFor,
    /// The order has left the store, but no money came in that could go back.
    #[error("Order cannot be refunded in its current status")]
    NothingToRefund,
    /// An order without lines is none.
    #[error("The last item of an order cannot be deleted")]
    LastLine,
    /// Only what has arrived can be rated.
    #[error("Order cannot be rated in its current status")]
    NotRatable,
    /// Once is enough.
    #[error("Order has already been rated")]
    AlreadyRated,
    /// The payment's status does not allow a charge.
    #[error("Payment cannot be processed with current status")]
    PaymentNotProcessable,
    /// The payment's status, or what is left of it, does not allow a refund.
    #[error("Payment cannot be refunded with current status")]
    PaymentNotRefundable,
    /// Only a pending payment can be changed.
    #[error("Payment cannot be changed with current status")]
    PaymentFixed,
    /// Only a payment that moved no money can be deleted.
    #[error("Payment cannot be deleted with current status")]
    PaymentNotDeletable,
    /// The refund does not wait for a person to hand it over.
    #[error("Refund cannot be confirmed with current status")]
    RefundNotConfirmable,
    /// Money of the customer's is held, or on its way in or back.
    #[error("The order holds a payment: refund it first.")]
    HoldsPayment,
    /// The order's goods or money still move, so that its customer cannot be erased from it.
    #[error("The order is not finished: its goods or its money still move.")]
    NotAtRest,
    /// The order's customer was erased from it, so that it takes nothing more that people write.
    #[error("Order cannot be changed: its personal data has been erased")]
    Erased,
    /// A field's value breaks a rule; DRF's shape: the field's name and a message.
    #[error("{field}: {message}")]
    Field {
        /// The field's name in the request.
        field: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// The order has as many lines, payments or changes as one may have.
    #[error("The order has reached its limit of {limit} {what}")]
    Full {
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// An amount is beyond what is kept.
    #[error("The amount is too large")]
    AmountTooLarge,
}

impl RuleViolation {
    /// The stable machine-readable code of the refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            RuleViolation::Status(_) | RuleViolation::BackToPending | RuleViolation::NotRatable => {
                "invalid_status"
            }
            RuleViolation::InsufficientStock { .. } => "insufficient_stock",
            RuleViolation::ItemsFixed | RuleViolation::ItemsPaidFor => "items_fixed",
            RuleViolation::NothingToRefund => "nothing_to_refund",
            RuleViolation::LastLine => "last_item",
            RuleViolation::AlreadyRated => "already_rated",
            RuleViolation::PaymentNotProcessable => "payment_not_processable",
            RuleViolation::PaymentNotRefundable => "payment_not_refundable",
            RuleViolation::PaymentFixed => "payment_fixed",
            RuleViolation::PaymentNotDeletable => "payment_not_deletable",
            RuleViolation::RefundNotConfirmable => "refund_not_confirmable",
            RuleViolation::HoldsPayment => "payment_held",
            RuleViolation::NotAtRest => "orders_unfinished",
            RuleViolation::Erased => "order_erased",
            RuleViolation::Field { .. } => "validation_failed",
            RuleViolation::Full { .. } => "limit_reached",
            RuleViolation::AmountTooLarge => "amount_too_large",
        }
    }

    /// Why, where the text leaves it open.
    #[must_use]
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            RuleViolation::ItemsPaidFor => Some("The order's payment has been sent."),
            RuleViolation::NothingToRefund => {
                Some("The order has no paid payment of which anything is left.")
            }
            RuleViolation::Status(_)
            | RuleViolation::BackToPending
            | RuleViolation::InsufficientStock { .. }
            | RuleViolation::ItemsFixed
            | RuleViolation::LastLine
            | RuleViolation::NotRatable
            | RuleViolation::AlreadyRated
            | RuleViolation::PaymentNotProcessable
            | RuleViolation::PaymentNotRefundable
            | RuleViolation::PaymentFixed
            | RuleViolation::PaymentNotDeletable
            | RuleViolation::RefundNotConfirmable
            | RuleViolation::HoldsPayment
            | RuleViolation::NotAtRest
            | RuleViolation::Erased
            | RuleViolation::Field { .. }
            | RuleViolation::Full { .. }
            | RuleViolation::AmountTooLarge => None,
        }
    }

    /// A field that the order's status no longer lets change.
    pub(crate) fn fixed_by_status(field: &'static str, status: Status) -> Self {
        let message = format!("This field cannot be changed in the order's current status, {status}.");
        RuleViolation::Field { field, message }
    }

    /// A field that is part of the price, which a payment has settled.
    pub(crate) fn fixed_by_payment(field: &'static str, status: PaymentState) -> Self {
        let message = format!("This field cannot be changed any more: the order's payment is {status}.");
        RuleViolation::Field { field, message }
    }

    /// An amount that somebody asks for, in the order's currency.
    ///
    /// # Errors
    /// A field error where it is finer than the currency.
    pub(crate) fn unless_exact(
        field: &'static str,
        amount: Decimal,
        currency: Currency,
    ) -> Result<Decimal, Self> {
        let money = Money::exact(amount, currency);
        money.map(Money::amount).map_err(|error| RuleViolation::Field { field, message: error.to_string() })
    }

    pub(crate) fn discount_exceeds(limit: Decimal) -> Self {
        RuleViolation::Field {
            field: "discount_amount",
            message: format!("The discount exceeds the order: {limit}."),
        }
    }
}

impl From<MoneyError> for RuleViolation {
    /// An order's amounts share its currency by construction, so only size can be wrong.
    fn from(_: MoneyError) -> Self {
        RuleViolation::AmountTooLarge
    }
}

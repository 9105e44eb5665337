//! A payment of an order, and its refunds.

use crate::attention::{Concern, Dispute};
use crate::choices::choices;
use crate::{Actor, Decimal, PaymentId, PaymentMethod, PaymentStatus, RefundId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many payments an order may ever have.
pub const MAX_PAYMENTS: usize = 20;
/// How long a customer may take over what their bank asks of them.
pub const CUSTOMERS_TIME: SignedDuration = SignedDuration::from_hours(1);
/// How many refunds of a part a payment may have.
pub const MAX_REFUNDS: usize = 50;
/// How many refunds it may have with those of all that is left, which are the way to an end.
pub const MAX_REFUNDS_EVER: usize = 100;
/// The longest reason that is kept of a refund past [`MAX_REFUNDS`], in characters: an order must
/// have room for as many as there may be.
pub const MAX_LATE_REASON_CHARS: usize = 40;

choices! {
    /// Where a payment stands.
    // The table keeps its place in this list as a letter: new ones go to the end, and none is taken
    // out.
    PaymentState {
        /// Made, nothing sent to the gateway.
        Pending = "pending", "Pending";
        /// Sent to the gateway, the answer is not known yet.
        Processing = "processing", "Processing";
        /// The amount is reserved.
        Authorized = "authorized", "Authorized";
        /// Paid in full.
        Paid = "paid", "Paid";
        /// Declined.
        Failed = "failed", "Failed";
        /// Called off before any money moved.
        Cancelled = "cancelled", "Cancelled";
        /// Some of it was paid back.
        PartiallyRefunded = "partially_refunded", "Partially Refunded";
        /// All of it was paid back.
        Refunded = "refunded", "Refunded";
    }
}

choices! {
    /// Where a refund stands.
    RefundState {
        /// Sent to the gateway, the answer is not known yet.
        Pending = "pending", "Pending";
        /// The money went back.
        Succeeded = "succeeded", "Succeeded";
        /// The gateway refused it; it can be tried again as a new refund.
        Failed = "failed", "Failed";
    }
}

choices! {
    /// Who moved a payment's money.
    PaymentProvider {
        /// Our own gateway, which moves none: for trials and tests.
        Simulated = "simulated", "Simulated gateway";
        /// Stripe.
        Stripe = "stripe", "Stripe";
        /// People: cash at the door, a bank transfer.
        Manual = "by_hand", "By hand";
    }
}

/// Money on its way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    /// Its id, which is also its key at the gateway.
    pub id: RefundId,
    /// How much, in the order's currency.
    pub amount: Decimal,
    /// Where it stands.
    pub status: RefundState,
    /// Why, in the words of who asked for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// What its success does to the order.
    #[serde(default, skip_serializing_if = "AfterRefund::is_nothing")]
    pub then: AfterRefund,
    /// Whether it waits for a person to hand the money over and say so, rather than for a gateway.
    #[serde(default, skip_serializing_if = "is_false")]
    pub awaits_person: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(yes: &bool) -> bool {
    !*yes
}

/// What a refund's success does to its order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterRefund {
    /// Nothing.
    #[default]
    Nothing,
    /// It moves to `refunded`, unless it has been called off meanwhile.
    CloseOrder,
    /// So too, and its items go back on the shelf in any case.
    CloseOrderAndRestock,
}

impl AfterRefund {
    fn is_nothing(&self) -> bool {
        *self == AfterRefund::Nothing
    }
}

/// One attempt to have an order paid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// Its id, which names its order.
    pub id: PaymentId,
    /// A short name for people: `TXN-` and 16 hexadecimal digits.
    pub transaction_id: String,
    /// How much, in the order's currency.
    pub amount: Decimal,
    /// Where it stands.
    pub status: PaymentState,
    /// What it is paid with.
    pub payment_method: PaymentMethod,
    /// Who is asked for the money, and will be asked to give it back, whatever is configured by
    /// then. None in payments from before this was kept.
    #[serde(rename = "mover", default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<PaymentProvider>,
    /// What the client said about it: a token, never a card number.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub payment_details: Map<String, Value>,
    /// What the gateway said.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub gateway_response: Map<String, Value>,
    /// Why it failed, for a person to read.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error_message: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Until when its customer may do what their bank asks of them, while it is processing; none
    /// where whoever sent it would not wait for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_until: Option<Timestamp>,
    /// When the gateway's answer was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processed_at: Option<Timestamp>,
    /// Its refunds, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
    /// What is the matter with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attention: Vec<Concern>,
    /// The last dispute over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispute: Option<Dispute>,
}

/// What the gateway said about a charge.
#[derive(Clone, Debug, PartialEq)]
pub enum ChargeOutcome {
    /// The money is ours.
    Paid(Map<String, Value>),
    /// It is not, and why, for a person to read.
    Declined(Map<String, Value>, String),
}

impl Payment {
    /// Whether it stands in the way of another payment for the order: it may still be charged, or
    /// some of its money has not gone back.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        match self.status {
            PaymentState::Pending
            | PaymentState::Processing
            | PaymentState::Authorized
            | PaymentState::Paid
            | PaymentState::PartiallyRefunded => true,
            PaymentState::Failed | PaymentState::Cancelled | PaymentState::Refunded => false,
        }
    }

    /// Whether money has been asked for, so that its amount can no longer follow the order.
    #[must_use]
    pub const fn is_beyond_pending(&self) -> bool {
        match self.status {
            PaymentState::Processing
            | PaymentState::Authorized
            | PaymentState::Paid
            | PaymentState::PartiallyRefunded
            | PaymentState::Refunded => true,
            PaymentState::Pending | PaymentState::Failed | PaymentState::Cancelled => false,
        }
    }

    /// Until when it waits for its customer, where it has been sent and still may.
    #[must_use]
    pub fn waits_for_customer_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.customer_until.filter(|until| self.status == PaymentState::Processing && now < *until)
    }

    /// Whether its customer has run out of time while nobody knows how it ended: it is to be called
    /// off.
    #[must_use]
    pub fn is_over_for_customer(&self, now: Timestamp) -> bool {
        self.status == PaymentState::Processing && self.customer_until.is_some_and(|until| until <= now)
    }

    /// Waits for its customer no longer.
    pub(crate) fn give_up_on_customer(&mut self, by: &Actor) {
        if self.waits_for_customer_until(by.at).is_some() {
            (self.customer_until, self.updated_at) = (Some(by.at), by.at);
        }
    }

    /// Whether the customer's money has been taken, all of it or what was not refunded yet.
    #[must_use]
    pub const fn is_collected(&self) -> bool {
        match self.status {
            PaymentState::Paid | PaymentState::PartiallyRefunded => true,
            PaymentState::Pending
            | PaymentState::Processing
            | PaymentState::Authorized
            | PaymentState::Failed
            | PaymentState::Cancelled
            | PaymentState::Refunded => false,
        }
    }

    /// What has gone back to the customer.
    #[must_use]
    pub fn refunded_amount(&self) -> Decimal {
        self.sum_of(|state| state == RefundState::Succeeded)
    }

    /// What may still be refunded: the amount less every refund that succeeded or still may.
    #[must_use]
    pub fn refundable_amount(&self) -> Decimal {
        if self.is_collected() {
            self.amount - self.sum_of(|state| state != RefundState::Failed)
        } else {
            Decimal::ZERO
        }
    }

    /// Whether it was paid with nothing, which no gateway takes or gives back.
    #[must_use]
    pub const fn is_of_nothing(&self) -> bool {
        self.amount.is_zero()
    }

    /// Whether it may be refunded: some of it is left, or it was paid with nothing.
    #[must_use]
    pub fn is_refundable(&self) -> bool {
        self.refundable_amount() > Decimal::ZERO || (self.is_collected() && self.is_of_nothing())
    }

    /// The refund with this id.
    #[must_use]
    pub fn refund(&self, id: RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.id == id)
    }

    /// Whether people moved its money, rather than a gateway.
    #[must_use]
    pub fn is_manual(&self) -> bool {
        self.provider.map_or(self.payment_method.is_manual(), |provider| provider == PaymentProvider::Manual)
    }

    /// Whether the gateway has been asked for something whose end is not known: a charge or a
    /// refund.
    #[must_use]
    pub fn awaits_gateway(&self) -> bool {
        self.status == PaymentState::Processing || self.pending_refunds().any(|refund| !refund.awaits_person)
    }

    /// Whether money of the customer's is held, or on its way in or back.
    #[must_use]
    pub fn holds_money(&self) -> bool {
        let is_of_something = match self.status {
            PaymentState::Processing => return true,
            PaymentState::Authorized | PaymentState::Paid | PaymentState::PartiallyRefunded => {
                !self.is_of_nothing()
            }
            PaymentState::Pending
            | PaymentState::Failed
            | PaymentState::Cancelled
            | PaymentState::Refunded => false,
        };
        is_of_something || self.pending_refunds().next().is_some()
    }

    /// The refunds whose end is not known yet.
    pub fn pending_refunds(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.iter().filter(|refund| refund.status == RefundState::Pending)
    }

    fn sum_of(&self, counts: impl Fn(RefundState) -> bool) -> Decimal {
        self.refunds.iter().filter(|r| counts(r.status)).map(|r| r.amount).sum()
    }

    const fn status_of_order(&self) -> PaymentStatus {
        match self.status {
            PaymentState::Pending | PaymentState::Processing => PaymentStatus::Pending,
            PaymentState::Authorized => PaymentStatus::Authorized,
            PaymentState::Paid => PaymentStatus::Paid,
            PaymentState::Failed => PaymentStatus::Failed,
            PaymentState::Cancelled => PaymentStatus::Cancelled,
            PaymentState::PartiallyRefunded => PaymentStatus::PartiallyRefunded,
            PaymentState::Refunded => PaymentStatus::Refunded,
        }
    }
}

/// How the order's money stands: as the payment does whose money is held, else as the last one
/// does.
pub(crate) fn status_of_order(payments: &[Payment]) -> PaymentStatus {
    let held = payments.iter().rev().find(|payment| payment.is_collected());
    held.or(payments.last()).map_or(PaymentStatus::Pending, Payment::status_of_order)
}

//! A payment of an order, and its refunds.

use crate::choices::choices;
use crate::order::Order;
use crate::{Actor, Decimal, Deed, PaymentId, PaymentMethod, PaymentStatus, RefundId, Refusal};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many payments an order may ever have.
pub const MAX_PAYMENTS: usize = 20;
/// How many refunds a payment may ever have.
pub const MAX_REFUNDS: usize = 50;

choices! {
    /// Where a payment stands.
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
}

/// What a refund's success does to its order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterRefund {
    /// Nothing.
    #[default]
    Nothing,
    /// It moves to `refunded`.
    CloseOrder,
    /// It moves to `refunded`, and its items go back on the shelf.
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
    /// When the gateway's answer was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processed_at: Option<Timestamp>,
    /// Its refunds, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Refund>,
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
    /// Whether it stands in the way of another payment for the order.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        match self.status {
            PaymentState::Pending
            | PaymentState::Processing
            | PaymentState::Authorized
            | PaymentState::Paid => true,
            PaymentState::Failed
            | PaymentState::Cancelled
            | PaymentState::PartiallyRefunded
            | PaymentState::Refunded => false,
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

    /// The refunds whose end is not known yet.
    pub fn pending_refunds(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.iter().filter(|refund| refund.status == RefundState::Pending)
    }

    pub(crate) fn push_refund(&mut self, amount: Decimal, reason: &str, then: AfterRefund, by: &Actor) {
        let number = u8::try_from(self.refunds.len()).unwrap_or(u8::MAX);
        self.refunds.push(Refund {
            id: self.id.refund(number),
            amount,
            status: RefundState::Pending,
            reason: reason.to_owned(),
            created_at: by.at,
            then,
        });
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

/// How the order's money stands: as its last payment does.
pub(crate) fn status_of_order(payments: &[Payment]) -> PaymentStatus {
    payments.last().map_or(PaymentStatus::Pending, Payment::status_of_order)
}

/// What a client asks for when it makes a payment.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPayment {
    /// What it is paid with.
    pub payment_method: PaymentMethod,
    /// How much; the order's total where it is left out.
    pub amount: Option<Decimal>,
    /// A token and the like.
    pub payment_details: Map<String, Value>,
}

/// Payments of an order. Each takes the order as it was seen and returns it as it should be saved.
impl Order {
    /// Adds a payment over the order's total.
    ///
    /// # Errors
    /// Another live payment, another amount than the total, an order that is cancelled or
    /// refunded, or too many payments.
    pub fn add_payment(mut self, new: NewPayment, by: &Actor) -> Result<Self, Refusal> {
        let before = self.state();
        if self.payments.iter().any(Payment::is_live) {
            return Err(Refusal::Field {
                field: "order",
                message: "This order already has a payment.".into(),
            });
        }
        if !self.is_open() {
            return Err(Refusal::Field {
                field: "order",
                message: "This order cannot be paid in its current status.".into(),
            });
        }
        if new.amount.is_some_and(|amount| amount != self.total_amount) {
            return Err(Refusal::Field {
                field: "amount",
                message: format!("Payment amount should match order total: {}", self.total_amount),
            });
        }
        let number = self.next_payment_number()?;
        let id = self.id.payment(number);
        self.payments.push(Payment {
            id,
            transaction_id: format!("TXN-{:016X}", id.0.as_u64_pair().1),
            amount: self.total_amount,
            status: PaymentState::Pending,
            payment_method: new.payment_method,
            payment_details: new.payment_details,
            gateway_response: Map::new(),
            error_message: String::new(),
            created_at: by.at,
            updated_at: by.at,
            processed_at: None,
            refunds: Vec::new(),
        });
        Ok(self.changed(&before, Deed::AddPayment, by, ""))
    }

    /// Marks a pending payment as sent to the gateway.
    ///
    /// # Errors
    /// [`Refusal::PaymentNotProcessable`] unless it is pending and its order can be paid.
    pub fn start_payment(self, id: PaymentId, by: &Actor) -> Result<Self, Refusal> {
        let processable =
            self.is_open() && self.payment(id).is_some_and(|payment| payment.status == PaymentState::Pending);
        if !processable {
            return Err(Refusal::PaymentNotProcessable);
        }
        Ok(self.with_payment(id, Deed::StartPayment, by, |payment| {
            payment.status = PaymentState::Processing;
        }))
    }

    /// Records the gateway's answer to a charge. Saying it again changes nothing.
    ///
    /// # Errors
    /// [`Refusal::PaymentNotProcessable`] where the payment was never sent.
    pub fn finish_payment(self, id: PaymentId, outcome: ChargeOutcome, by: &Actor) -> Result<Self, Refusal> {
        let Some(payment) = self.payment(id) else { return Err(Refusal::PaymentNotProcessable) };
        match payment.status {
            PaymentState::Processing | PaymentState::Authorized => {}
            PaymentState::Paid
            | PaymentState::Failed
            | PaymentState::PartiallyRefunded
            | PaymentState::Refunded => return Ok(self),
            PaymentState::Pending | PaymentState::Cancelled => {
                return Err(Refusal::PaymentNotProcessable);
            }
        }
        let order_is_open = self.is_open();
        Ok(self.with_payment(id, Deed::FinishPayment, by, |payment| {
            payment.processed_at = Some(by.at);
            (payment.status, payment.gateway_response, payment.error_message) = match outcome {
                ChargeOutcome::Paid(response) => (PaymentState::Paid, response, String::new()),
                ChargeOutcome::Declined(response, why) => (PaymentState::Failed, response, why),
            };
            if payment.status == PaymentState::Paid && !order_is_open {
                // The order was called off while the money was on its way.
                payment.push_refund(payment.amount, "The order was cancelled.", AfterRefund::Nothing, by);
            }
        }))
    }

    /// The payment with this id.
    #[must_use]
    pub fn payment(&self, id: PaymentId) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.id == id)
    }

    /// The payment whose money is held: there is one at most.
    #[must_use]
    pub fn collected_payment(&self) -> Option<&Payment> {
        self.payments.iter().rev().find(|payment| payment.is_collected())
    }

    pub(crate) fn with_payment(
        mut self,
        id: PaymentId,
        deed: Deed,
        by: &Actor,
        edit: impl FnOnce(&mut Payment),
    ) -> Self {
        let before = self.state();
        if let Some(payment) = self.payments.iter_mut().find(|payment| payment.id == id) {
            edit(payment);
            payment.updated_at = by.at;
        }
        self.changed(&before, deed, by, "")
    }

    fn next_payment_number(&self) -> Result<u16, Refusal> {
        let full = Refusal::Full { what: "payments", limit: MAX_PAYMENTS };
        let next = self.payments.last().and_then(|last| last.id.number()).map_or(0, |n| n + 1);
        if usize::from(next) < MAX_PAYMENTS { Ok(next) } else { Err(full) }
    }
}

//! What may be done with the payments of an order, up to their being paid; refunds are part of
//! [`crate::lifecycle`].

use crate::attention::ConcernKind;
use crate::order::Order;
use crate::payment::{CUSTOMERS_TIME, ChargeOutcome, MAX_PAYMENTS, Payment, PaymentProvider, PaymentState};
use crate::{Actor, ChangeKind, Decimal, PaymentId, PaymentMethod, RuleViolation};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// What a client asks for when it makes a payment.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPayment {
    /// What it is paid with.
    pub payment_method: PaymentMethod,
    /// How much, in the order's currency; the order's total where it is left out.
    pub amount: Option<Decimal>,
    /// A token and the like.
    pub payment_details: Map<String, Value>,
    /// The gateway that will be asked, where the method needs one.
    pub provider: PaymentProvider,
}

/// Each takes the order as it was seen and returns it as it should be saved.
impl Order {
    /// Adds a payment over the order's total.
    ///
    /// # Errors
    /// Another live payment, another amount than the total, an order that is cancelled or
    /// refunded, or too many payments; [`RuleViolation::Erased`] for details of who pays.
    pub fn add_payment(mut self, new: NewPayment, by: &Actor) -> Result<Self, RuleViolation> {
        let before = self.state();
        if self.payments.iter().any(Payment::is_live) {
            return Err(RuleViolation::Field {
                field: "order",
                message: "This order already has a payment.".into(),
            });
        }
        if !self.is_open() {
            return Err(RuleViolation::Field {
                field: "order",
                message: "This order cannot be paid in its current status.".into(),
            });
        }
        let amount = new
            .amount
            .map(|amount| RuleViolation::unless_exact("amount", amount, self.currency))
            .transpose()?;
        if amount.is_some_and(|amount| amount != self.total_amount) {
            return Err(RuleViolation::Field {
                field: "amount",
                message: format!("Payment amount should match order total: {}", self.total_amount),
            });
        }
        if !new.payment_details.is_empty() {
            self.check_not_erased()?;
        }
        let number = self.next_payment_number()?;
        let id = self.id.payment(number);
        self.payments.push(Payment {
            id,
            transaction_id: id.transaction_id(),
            amount: self.total_amount,
            status: PaymentState::Pending,
            payment_method: new.payment_method,
            provider: Some(if new.payment_method.is_manual() {
                PaymentProvider::Manual
            } else {
                new.provider
            }),
            payment_details: new.payment_details,
            gateway_response: Map::new(),
            error_message: String::new(),
            created_at: by.at,
            updated_at: by.at,
            customer_until: None,
            processed_at: None,
            refunds: Vec::new(),
            attention: Vec::new(),
            dispute: None,
        });
        Ok(self.changed(&before, ChangeKind::AddPayment, by, ""))
    }

    /// Changes what a pending payment is paid with, and what the client said about it; what is
    /// left out stays.
    ///
    /// # Errors
    /// [`RuleViolation::PaymentFixed`] unless it is pending, [`RuleViolation::Erased`] for other
    /// details of who pays.
    pub fn edit_payment(
        self,
        id: PaymentId,
        method: Option<PaymentMethod>,
        details: Option<Map<String, Value>>,
        by: &Actor,
    ) -> Result<Self, RuleViolation> {
        if self.payment(id).is_none_or(|payment| payment.status != PaymentState::Pending) {
            return Err(RuleViolation::PaymentFixed);
        }
        let same = |payment: &Payment| {
            method.is_none_or(|method| method == payment.payment_method)
                && details.as_ref().is_none_or(|details| *details == payment.payment_details)
        };
        if self.payment(id).is_some_and(same) {
            return Ok(self);
        }
        if details.is_some() {
            self.check_not_erased()?;
        }
        Ok(self.with_payment(id, ChangeKind::EditPayment, by, |payment| {
            payment.payment_method = method.unwrap_or(payment.payment_method);
            if let Some(details) = details {
                payment.payment_details = details;
            }
        }))
    }

    /// Takes out a payment that moved no money. Its number, and so its id and its key at the
    /// gateway, is never given again.
    ///
    /// # Errors
    /// [`RuleViolation::PaymentNotDeletable`] unless it is pending, failed or cancelled.
    pub fn remove_payment(mut self, id: PaymentId, by: &Actor) -> Result<Self, RuleViolation> {
        if self.payment(id).is_none_or(Payment::is_beyond_pending) {
            return Err(RuleViolation::PaymentNotDeletable);
        }
        let before = self.state();
        self.payments_made = self.payments_ever();
        self.payments.retain(|payment| payment.id != id);
        Ok(self.changed(&before, ChangeKind::RemovePayment, by, ""))
    }

    /// Marks a pending payment as sent to the gateway that is asked. A payment of nothing is sent
    /// nowhere, and paid at once.
    ///
    /// # Errors
    /// [`RuleViolation::PaymentNotProcessable`] unless it is pending, its order can be paid, and no
    /// other payment stands in the way.
    pub fn start_payment(
        self,
        id: PaymentId,
        provider: PaymentProvider,
        by: &Actor,
    ) -> Result<Self, RuleViolation> {
        self.send_payment(id, provider, None, by)
    }

    /// The same, where the bank may ask its customer, who has [`CUSTOMERS_TIME`] for it.
    ///
    /// # Errors
    /// As [`Order::start_payment`].
    pub fn start_payment_with_customer(
        self,
        id: PaymentId,
        provider: PaymentProvider,
        by: &Actor,
    ) -> Result<Self, RuleViolation> {
        let until = by.at.checked_add(CUSTOMERS_TIME).unwrap_or(by.at);
        self.send_payment(id, provider, Some(until), by)
    }

    fn send_payment(
        self,
        id: PaymentId,
        provider: PaymentProvider,
        customer_until: Option<Timestamp>,
        by: &Actor,
    ) -> Result<Self, RuleViolation> {
        if self.payment(id).is_some_and(Payment::is_of_nothing) {
            return self.pay_manually(id, "", by);
        }
        self.check_processable(id)?;
        Ok(self.with_payment(id, ChangeKind::StartPayment, by, |payment| {
            payment.status = PaymentState::Processing;
            payment.provider = Some(provider);
            payment.customer_until = customer_until;
        }))
    }

    /// Records that somebody has the money of a pending payment in their hands, or on their bank
    /// account. A reference becomes the payment's name for people, and the order's.
    ///
    /// # Errors
    /// As [`Order::start_payment`].
    pub fn pay_manually(self, id: PaymentId, reference: &str, by: &Actor) -> Result<Self, RuleViolation> {
        self.check_processable(id)?;
        let before = self.state();
        let mut order = self;
        if !reference.is_empty() {
            reference.clone_into(&mut order.payment_reference);
        }
        if let Some(payment) = order.payments.iter_mut().find(|payment| payment.id == id) {
            payment.status = PaymentState::Paid;
            payment.provider = Some(PaymentProvider::Manual);
            (payment.updated_at, payment.processed_at) = (by.at, Some(by.at));
            if !reference.is_empty() {
                reference.clone_into(&mut payment.transaction_id);
            }
        }
        Ok(order.changed(&before, ChangeKind::FinishPayment, by, ""))
    }

    fn check_processable(&self, id: PaymentId) -> Result<(), RuleViolation> {
        let is_pending = |payment: &Payment| payment.status == PaymentState::Pending;
        let is_alone = !self.payments.iter().any(|payment| payment.id != id && payment.is_live());
        if self.is_open() && is_alone && self.payment(id).is_some_and(is_pending) {
            Ok(())
        } else {
            Err(RuleViolation::PaymentNotProcessable)
        }
    }

    /// Whether a gateway has been asked for something whose end is not known: a charge or a refund.
    #[must_use]
    pub fn awaits_gateway(&self) -> bool {
        self.payments.iter().any(Payment::awaits_gateway)
    }

    /// Since when a gateway has owed an answer, the one for which it has been waited longest. Of a
    /// payment that waited for its customer, since their time was over.
    #[must_use]
    pub fn awaits_gateway_since(&self) -> Option<Timestamp> {
        let sent = self.payments.iter().filter(|payment| payment.status == PaymentState::Processing);
        let sent = sent.map(|payment| payment.customer_until.unwrap_or_else(|| self.sent_at(payment)));
        let refunds = self.payments.iter().flat_map(Payment::pending_refunds);
        let asked = refunds.filter(|refund| !refund.awaits_person).map(|refund| refund.created_at);
        sent.chain(asked).min()
    }

    /// Until when one of its payments waits for its customer.
    #[must_use]
    pub fn waits_for_customer_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.payments.iter().filter_map(|payment| payment.waits_for_customer_until(now)).max()
    }

    /// Records the gateway's answer to a charge. Saying it again changes nothing; a charge that was
    /// declined and went through even so is one that a person must look at. Money that the order
    /// does not need, because it was called off or another payment has paid it, is put on its way
    /// back.
    ///
    /// # Errors
    /// [`RuleViolation::PaymentNotProcessable`] where the payment was never sent.
    pub fn finish_payment(
        mut self,
        id: PaymentId,
        outcome: ChargeOutcome,
        by: &Actor,
    ) -> Result<Self, RuleViolation> {
        if matches!(outcome, ChargeOutcome::Paid(_)) {
            self = self.with_payment_back(id, by);
        }
        let Some(payment) = self.payment(id) else { return Err(RuleViolation::PaymentNotProcessable) };
        let is_late = match (payment.status, &outcome) {
            (PaymentState::Processing | PaymentState::Authorized, _) => false,
            (PaymentState::Failed, ChargeOutcome::Paid(_)) => true,
            (PaymentState::Failed, ChargeOutcome::Declined(..))
            | (PaymentState::Paid | PaymentState::PartiallyRefunded | PaymentState::Refunded, _) => {
                return Ok(self);
            }
            (PaymentState::Pending | PaymentState::Cancelled, _) => {
                return Err(RuleViolation::PaymentNotProcessable);
            }
        };
        let currency = self.currency;
        let is_paid = self.payments.iter().any(|other| other.id != id && other.is_collected());
        let needless = match (self.is_open(), is_paid) {
            (true, false) => None,
            (true, true) => Some("The order has been paid already."),
            (false, _) => Some("The order was cancelled."),
        };
        Ok(self.with_payment(id, ChangeKind::FinishPayment, by, |payment| {
            payment.processed_at = Some(by.at);
            (payment.status, payment.gateway_response, payment.error_message) = match outcome {
                ChargeOutcome::Paid(response) => (PaymentState::Paid, response, String::new()),
                ChargeOutcome::Declined(response, why) => (PaymentState::Failed, response, why),
            };
            if let (PaymentState::Paid, Some(why)) = (payment.status, needless) {
                payment.pay_back_all(why, false, currency, by);
            }
            if is_late {
                let text = "The gateway charged this payment after it had declined it.".to_owned();
                payment.raise(ConcernKind::ChargedLate, text, by);
            }
        }))
    }

    /// The payment with this id.
    #[must_use]
    pub fn payment(&self, id: PaymentId) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.id == id)
    }

    /// The payment with this id, also one that was taken out, as far as the log reaches back.
    #[must_use]
    pub fn payment_ever(&self, id: PaymentId) -> Option<Payment> {
        let path = format!("payments.{id}");
        let removed = || {
            let mut changes = self.log.iter().rev().filter_map(|change| change.of(&path));
            let removal = changes.find(|field| field.to.is_null() && !field.from.is_null())?;
            serde_json::from_value(removal.from.clone()).ok()
        };
        self.payment(id).cloned().or_else(removed)
    }

    /// When a payment was sent to its gateway: so old is its key there. What is noted of it since,
    /// a contradiction or a cancellation, does not move this. Where the log no longer tells it, it
    /// is taken to be as old as the payment: an old key is looked up before anybody is charged.
    #[must_use]
    pub fn sent_at(&self, payment: &Payment) -> Timestamp {
        let status = format!("payments.{}.status", payment.id);
        let mut changes = self.log.iter().rev();
        let sent =
            changes.find(|change| change.action == ChangeKind::StartPayment && change.of(&status).is_some());
        sent.map_or(payment.created_at, |change| change.at)
    }

    /// Puts a payment back that was taken out, because its gateway speaks of it.
    pub(crate) fn with_payment_back(mut self, id: PaymentId, by: &Actor) -> Self {
        if self.payment(id).is_some() {
            return self;
        }
        let Some(payment) = self.payment_ever(id) else { return self };
        let before = self.state();
        let at = self.payments.partition_point(|other| other.id < id);
        self.payments.insert(at, payment);
        self.changed(&before, ChangeKind::AddPayment, by, "")
    }

    /// The payment whose money is held, the last where the gateway charged two.
    #[must_use]
    pub fn collected_payment(&self) -> Option<&Payment> {
        self.payments.iter().rev().find(|payment| payment.is_collected())
    }

    /// Whether any of its payments has money left to go back.
    #[must_use]
    pub fn can_refund_more(&self) -> bool {
        self.payments.iter().any(Payment::is_refundable)
    }

    pub(crate) fn with_payment(
        mut self,
        id: PaymentId,
        kind_of_change: ChangeKind,
        by: &Actor,
        edit: impl FnOnce(&mut Payment),
    ) -> Self {
        let before = self.state();
        if let Some(payment) = self.payments.iter_mut().find(|payment| payment.id == id) {
            let was = payment.clone();
            edit(payment);
            if *payment != was {
                payment.updated_at = by.at;
            }
        }
        self.changed(&before, kind_of_change, by, "")
    }

    fn next_payment_number(&self) -> Result<u16, RuleViolation> {
        let full = RuleViolation::Full { what: "payments", limit: MAX_PAYMENTS };
        let next = self.payments_ever();
        if usize::from(next) < MAX_PAYMENTS { Ok(next) } else { Err(full) }
    }

    /// How many payments it has ever had.
    #[must_use]
    pub fn payments_ever(&self) -> u16 {
        let after_last = self.payments.last().and_then(|last| last.id.number()).map_or(0, |n| n + 1);
        after_last.max(self.payments_made)
    }
}

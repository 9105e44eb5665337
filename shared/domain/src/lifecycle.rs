//! An order's way from placing to delivery, or to cancellation or refund.

use crate::order::{Order, State};
use crate::payment::{AfterRefund, MAX_REFUNDS, MAX_REFUNDS_EVER, Payment, PaymentState};
use crate::place::StockMove;
use crate::{Action, Actor, ChangeKind, Decimal, JobId, PaymentId, RefundId, RuleViolation, Status};
use jiff::Timestamp;

/// What the store may say when it hands an order to the carrier.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shipment {
    /// The carrier's number.
    pub tracking_number: Option<String>,
    /// When it should arrive.
    pub estimated_delivery: Option<Timestamp>,
}

/// An order that moved, and what moves on the shelves with it.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderChange {
    /// The order as it should be saved.
    pub order: Order,
    /// What goes back on the shelf or is taken from it, in the same transaction.
    pub stock: Vec<StockMove>,
}

impl From<Order> for OrderChange {
    /// Nothing moves on the shelves.
    fn from(order: Order) -> Self {
        Self { order, stock: Vec::new() }
    }
}

/// What somebody wants paid back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewRefund {
    /// How much, in the order's currency; what is left where it is left out.
    pub amount: Option<Decimal>,
    /// Why.
    pub reason: String,
    /// What its success does to the order.
    pub then: AfterRefund,
}

/// What the gateway said about a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundOutcome {
    /// The money went back.
    Succeeded,
    /// It did not.
    Refused,
}

/// Status actions. Each takes the order as it was seen and returns it as it should be saved.
impl Order {
    /// The store accepts the order.
    ///
    /// # Errors
    /// [`RuleViolation::Status`] unless it is pending.
    pub fn confirm(self, by: &Actor) -> Result<Order, RuleViolation> {
        self.step(Action::Confirm, ChangeKind::Confirm, by, "", |order| order.confirmed_at = Some(by.at))
    }

    /// The store begins to pack it.
    ///
    /// # Errors
    /// [`RuleViolation::Status`] unless it is confirmed.
    pub fn process(self, by: &Actor) -> Result<Order, RuleViolation> {
        self.step(Action::Process, ChangeKind::Process, by, "", |_| {})
    }

    /// Hands it to the carrier.
    ///
    /// # Errors
    /// [`RuleViolation::Status`] unless it is confirmed or processing.
    pub fn ship(self, shipment: Shipment, by: &Actor) -> Result<Order, RuleViolation> {
        self.step(Action::Ship, ChangeKind::Ship, by, "", |order| {
            order.shipped_at = Some(by.at);
            if let Some(number) = shipment.tracking_number {
                order.tracking_number = number;
            }
            order.estimated_delivery = shipment.estimated_delivery.or(order.estimated_delivery);
        })
    }

    /// The courier sets out with it.
    ///
    /// # Errors
    /// [`RuleViolation::Status`] unless it is shipped.
    pub fn send_out_for_delivery(self, by: &Actor) -> Result<Order, RuleViolation> {
        self.step(Action::SendOutForDelivery, ChangeKind::SendOutForDelivery, by, "", |_| {})
    }

    /// The customer has it.
    ///
    /// # Errors
    /// [`RuleViolation::Status`] unless it is shipped or out for delivery.
    pub fn deliver(self, by: &Actor) -> Result<Order, RuleViolation> {
        self.step(Action::Deliver, ChangeKind::Deliver, by, "", |order| {
            order.delivered_at = Some(by.at);
        })
    }

    /// Whether it may be called off: by its customer until it is shipped, by the store until it
    /// is delivered.
    #[must_use]
    pub fn can_cancel(&self, as_manager: bool) -> bool {
        self.status.can_cancel(as_manager)
    }

    /// Whether [`Order::start_order_refund`] would accept it.
    #[must_use]
    pub fn can_refund(&self) -> bool {
        self.status.after(Action::Refund).is_some()
            && self.collected_payment().is_some_and(Payment::is_refundable)
    }

    /// Calls it off. What has not been shipped goes back on the shelf, a pending payment is
    /// cancelled, and of a paid one everything left is put on its way back: the caller sends the
    /// pending refunds to the gateway after saving. What people took by hand, and their customer
    /// calls off, goes back when whoever runs the order says so ([`Order::confirm_refund`]). A
    /// payment of nothing is back at once.
    ///
    /// # Errors
    /// [`RuleViolation::Status`] unless [`Order::can_cancel`].
    pub fn cancel(self, as_manager: bool, reason: &str, by: &Actor) -> Result<OrderChange, RuleViolation> {
        if !self.can_cancel(as_manager) {
            return Err(RuleViolation::Status(Action::Cancel));
        }
        let stock = if self.status.is_before_shipping() { self.in_stock() } else { Vec::new() };
        let order = self.step(Action::Cancel, ChangeKind::Cancel, by, reason, |order| {
            order.cancelled_at = Some(by.at);
            for payment in &mut order.payments {
                payment.give_up_on_customer(by);
                if payment.status == PaymentState::Pending {
                    payment.status = PaymentState::Cancelled;
                    payment.updated_at = by.at;
                } else if payment.is_refundable() {
                    let awaits_person = payment.is_manual() && !as_manager;
                    payment.pay_back_all(reason, awaits_person, order.currency, by);
                    payment.updated_at = by.at;
                }
            }
        })?;
        Ok(OrderChange { order, stock })
    }

    /// Puts what is left of its payment on its way back. The order moves to `refunded` when the
    /// gateway has paid it ([`Order::finish_refund`]), and at once where it was paid with nothing.
    ///
    /// # Errors
    /// [`RuleViolation::Status`] unless it has left the store, [`RuleViolation::NothingToRefund`]
    /// unless it has a paid payment; [`RuleViolation::Full`] after too many refunds.
    pub fn start_order_refund(
        self,
        restock: bool,
        reason: &str,
        by: &Actor,
    ) -> Result<(OrderChange, RefundId), RuleViolation> {
        self.status.after(Action::Refund).ok_or(RuleViolation::Status(Action::Refund))?;
        let payment = self.collected_payment().filter(|_| self.can_refund()).map(|payment| payment.id);
        let payment = payment.ok_or(RuleViolation::NothingToRefund)?;
        let then = if restock { AfterRefund::CloseOrderAndRestock } else { AfterRefund::CloseOrder };
        self.start_refund(payment, NewRefund { amount: None, reason: reason.to_owned(), then }, by)
    }

    /// Puts some of a payment on its way back, never more than is left of it. What was paid with
    /// nothing is back at once, with all that this does to the order.
    ///
    /// # Errors
    /// [`RuleViolation::PaymentNotRefundable`] where nothing is left, a field error for an amount
    /// of nothing, more than is left or finer than the currency, [`RuleViolation::Full`] after too
    /// many refunds: [`MAX_REFUNDS`] for a part, [`MAX_REFUNDS_EVER`] for all that is left.
    pub fn start_refund(
        mut self,
        id: PaymentId,
        refund: NewRefund,
        by: &Actor,
    ) -> Result<(OrderChange, RefundId), RuleViolation> {
        let before = self.state();
        let currency = self.currency;
        let payment = self.payments.iter_mut().find(|payment| payment.id == id);
        let payment = payment.ok_or(RuleViolation::PaymentNotRefundable)?;
        if !payment.is_refundable() {
            return Err(RuleViolation::PaymentNotRefundable);
        }
        let left = payment.refundable_amount();
        let amount = RuleViolation::unless_exact("amount", refund.amount.unwrap_or(left), currency)?;
        let wrong = |message: String| Err(RuleViolation::Field { field: "amount", message });
        if amount < Decimal::ZERO || (amount.is_zero() && !left.is_zero()) {
            return wrong("Ensure this value is greater than 0.".into());
        }
        if amount > left {
            return wrong(format!("Ensure this value is less than or equal to {left}."));
        }
        // A part more is refused first: what is left must always find its way back.
        let limit = if amount == left { MAX_REFUNDS_EVER } else { MAX_REFUNDS };
        if payment.refunds.len() >= limit {
            return Err(RuleViolation::Full { what: "refunds", limit });
        }
        let made = payment.push_refund(amount, &refund.reason, refund.then, by);
        payment.updated_at = by.at;
        if amount.is_zero() {
            return Ok((self.refund_finished(&before, made, RefundOutcome::Succeeded, by), made));
        }
        Ok((self.changed(&before, ChangeKind::StartRefund, by, "").into(), made))
    }

    /// Records that somebody has handed over what a customer who called their order off had paid
    /// by hand.
    ///
    /// # Errors
    /// [`RuleViolation::RefundNotConfirmable`] unless it waits for that.
    pub fn confirm_refund(self, id: RefundId, by: &Actor) -> Result<OrderChange, RuleViolation> {
        let refund = self.payment(id.payment()).and_then(|payment| payment.refund(id));
        if refund.is_some_and(|refund| refund.awaits_person) {
            Ok(self.finish_refund(id, RefundOutcome::Succeeded, by))
        } else {
            Err(RuleViolation::RefundNotConfirmable)
        }
    }

    /// Records the gateway's answer to a refund. Saying it again changes nothing. What was to go
    /// back on the shelf with the money does, also where the order, shipped as it was, has been
    /// called off meanwhile; and no second time, where another refund was to bring it back, too.
    #[must_use]
    pub fn finish_refund(self, id: RefundId, outcome: RefundOutcome, by: &Actor) -> OrderChange {
        let before = self.state();
        self.refund_finished(&before, id, outcome, by)
    }

    fn refund_finished(
        mut self,
        before: &State,
        id: RefundId,
        outcome: RefundOutcome,
        by: &Actor,
    ) -> OrderChange {
        let currency = self.currency;
        let mut then = AfterRefund::Nothing;
        if let Some(payment) = self.payments.iter_mut().find(|payment| payment.id == id.payment()) {
            let was = payment.clone();
            then = payment.settle_refund(id, outcome, currency, by);
            if *payment != was {
                payment.updated_at = by.at;
            }
        }
        let closed = self.status.after(Action::Refund).filter(|_| then != AfterRefund::Nothing);
        let kind_of_change = if closed.is_some() { ChangeKind::Refund } else { ChangeKind::FinishRefund };
        self.status = closed.unwrap_or(self.status);
        let restocks = then == AfterRefund::CloseOrderAndRestock;
        let stock = if restocks { self.in_stock() } else { Vec::new() };
        if restocks {
            self.payments.iter_mut().for_each(Payment::restock_no_more);
        }
        OrderChange { order: self.changed(before, kind_of_change, by, ""), stock }
    }

    /// Does what leads to a status: the action of that name, with nothing said about it. The
    /// status that it has is no change. Whoever asks must be let to do the action.
    ///
    /// # Errors
    /// [`RuleViolation::BackToPending`]; what the action refuses.
    pub fn move_to(self, status: Status, as_manager: bool, by: &Actor) -> Result<OrderChange, RuleViolation> {
        if status == self.status {
            return Ok(self.into());
        }
        match status.action().ok_or(RuleViolation::BackToPending)? {
            Action::Confirm => self.confirm(by).map(OrderChange::from),
            Action::Process => self.process(by).map(OrderChange::from),
            Action::Ship => self.ship(Shipment::default(), by).map(OrderChange::from),
            Action::SendOutForDelivery => self.send_out_for_delivery(by).map(OrderChange::from),
            Action::Deliver => self.deliver(by).map(OrderChange::from),
            Action::Cancel => self.cancel(as_manager, "", by),
            Action::Refund => self.start_order_refund(false, "", by).map(|(refunding, _)| refunding),
        }
    }

    /// Whether a job has moved it, as far as its log reaches back.
    #[must_use]
    pub fn was_moved_by(&self, job: JobId) -> bool {
        self.log.iter().any(|change| change.job == Some(job))
    }

    /// Does what [`Order::move_to`] does, once for each job: where [`Order::was_moved_by`] says
    /// that it has moved the order already it changes nothing, whatever has become of the order
    /// since.
    ///
    /// # Errors
    /// What [`Order::move_to`] refuses.
    pub fn move_to_by_job(
        self,
        status: Status,
        as_manager: bool,
        job: JobId,
        by: &Actor,
    ) -> Result<OrderChange, RuleViolation> {
        if self.was_moved_by(job) {
            return Ok(self.into());
        }
        let seen = self.version;
        let mut moved = self.move_to(status, as_manager, by)?;
        if moved.order.version > seen
            && let Some(change) = moved.order.log.last_mut()
        {
            change.job = Some(job);
        }
        Ok(moved)
    }

    /// Deletes it: it stays as a tombstone that keeps its log and is nowhere else to be seen.
    /// What has not been shipped goes back on the shelf. A charge that its gateway reports even so
    /// is paid back by [`Order::finish_payment`].
    ///
    /// # Errors
    /// [`RuleViolation::HoldsPayment`] where money of the customer's is held, or on its way.
    pub fn delete(mut self, by: &Actor) -> Result<OrderChange, RuleViolation> {
        if self.payments.iter().any(Payment::holds_money) {
            return Err(RuleViolation::HoldsPayment);
        }
        let before = self.state();
        let holds_stock = self.status.is_before_shipping() && !self.is_deleted();
        let stock = if holds_stock { self.in_stock() } else { Vec::new() };
        self.deleted_at = self.deleted_at.or(Some(by.at));
        Ok(OrderChange { order: self.changed(&before, ChangeKind::Delete, by, ""), stock })
    }

    /// What its lines hold, as moves back on to the shelf.
    fn in_stock(&self) -> Vec<StockMove> {
        self.lines.iter().map(StockMove::back_from).collect()
    }

    fn step(
        mut self,
        action: Action,
        kind_of_change: ChangeKind,
        by: &Actor,
        reason: &str,
        also: impl FnOnce(&mut Order),
    ) -> Result<Order, RuleViolation> {
        let before = self.state();
        self.status = self.status.after(action).ok_or(RuleViolation::Status(action))?;
        also(&mut self);
        Ok(self.changed(&before, kind_of_change, by, reason))
    }
}

//! Money moves in three steps: what is about to happen is saved, the gateway is asked outside any
//! transaction, its answer is saved. Here are the second and the third. They can be repeated by
//! anyone at any time: the gateway is asked by key, and a known answer is not written again.
//!
//! Where the gateway gives no answer, nobody fails: the order says that it still waits
//! ([`Order::awaits_gateway`]), and is settled from the queue.

use crate::app::App;
use crate::payments::gateway::{Charge, Charged, Customer, GatewayError, NextAction, RefundRequest};
use oms_domain::lifecycle::{OrderChange, RefundOutcome};
use oms_domain::payment::ChargeOutcome;
use oms_domain::{
    Actor, Error, Kind, Order, OrderId, Outcome, Payment, PaymentId, PaymentState, Refund, RefundId, UserId,
};
use oms_runtime::logging::chain;
use oms_runtime::retry;
use oms_table::TableError;

/// Who acts where no person does.
pub(crate) fn system() -> UserId {
    UserId("system".to_owned())
}

/// An order with a payment that the gateway has been asked about.
#[derive(Clone, Debug)]
pub struct Sent {
    /// As it is now.
    pub order: Order,
    /// What the payment's customer has to do first.
    pub next_action: Option<NextAction>,
}

impl From<Order> for Sent {
    /// Nobody has to do anything.
    fn from(order: Order) -> Self {
        Self { order, next_action: None }
    }
}

impl App {
    /// Charges a payment that has been saved as `processing`, and saves the answer. Without one the
    /// payment stays as it is.
    ///
    /// # Errors
    /// Where the answer cannot be saved.
    pub async fn charge(&self, order: Order, id: PaymentId, by: &UserId) -> Outcome<Sent> {
        let Some(payment) = order.payment(id).filter(|p| p.status == PaymentState::Processing) else {
            return Ok(order.into());
        };
        let answer = match self.check_mover(payment) {
            Ok(()) => self.gateway().charge(self.charge_of(&order, payment)).await,
            Err(elsewhere) => Err(elsewhere),
        };
        let answer = match answer {
            Ok(Charged::Ended(answer)) => answer,
            Ok(Charged::Asks(next_action)) => return Ok(Sent { order, next_action: Some(next_action) }),
            Err(error) => {
                tracing::warn!(payment = %id, error = chain(&error), "a charge waits to be settled");
                return Ok(order.into());
            }
        };
        let mut order = order;
        for _ in 0..answer.times {
            order = self.finish_charge(order, id, &answer.outcome, by).await?;
        }
        Ok(self.send_refunds(order, by).await?.into())
    }

    /// What the gateway is asked for about a payment that has been sent.
    #[must_use]
    pub fn charge_of<'a>(&self, order: &Order, payment: &'a Payment) -> Charge<'a> {
        let waits = payment.waits_for_customer_until(self.now());
        let customer = match (payment.customer_until, waits) {
            (None, _) => Customer::Away,
            (Some(_), Some(_)) => Customer::There,
            (Some(_), None) => Customer::Gone,
        };
        Charge {
            payment: payment.id,
            amount: payment.amount,
            currency: order.currency,
            details: &payment.payment_details,
            since: order.sent_at(payment),
            customer,
        }
    }

    /// Calls off at the gateway what waits for a customer who is not to pay any more, and saves the
    /// answers. Without one it is done within minutes.
    ///
    /// # Errors
    /// Where an answer cannot be saved.
    pub async fn call_off(&self, mut order: Order, by: &UserId) -> Outcome<Order> {
        let over = order.payments.iter().filter(|payment| payment.is_over_for_customer(self.now()));
        let over: Vec<PaymentId> = over.map(|payment| payment.id).collect();
        for payment in over {
            order = self.charge(order, payment, by).await?.order;
        }
        Ok(order)
    }

    /// Has the gateway close a charge that has failed while its customer was there: their browser
    /// still has the secret, with which they could try another card. What cannot be closed is told
    /// where it succeeds after all.
    pub async fn close_failed(&self, order: &Order, id: PaymentId) {
        let failed = |payment: &&Payment| {
            payment.status == PaymentState::Failed
                && payment.customer_until.is_some()
                && self.check_mover(payment).is_ok()
        };
        if let Some(payment) = order.payment(id).filter(failed)
            && let Err(error) = self.gateway().close(&payment.gateway_response).await
        {
            tracing::warn!(payment = %id, error = chain(&error), "a failed charge was not closed");
        }
    }

    /// Saves what the gateway said about a charge, whoever brings it.
    ///
    /// # Errors
    /// 400 where the payment was never sent to the gateway; where the answer cannot be saved.
    pub async fn finish_charge(
        &self,
        order: Order,
        id: PaymentId,
        outcome: &ChargeOutcome,
        by: &UserId,
    ) -> Outcome<Order> {
        let finish = |order: Order, by: &Actor| Ok(order.finish_payment(id, outcome.clone(), by)?.into());
        self.write_down(order, by, finish).await
    }

    /// Saves what the gateway said about a refund, whoever brings it.
    ///
    /// # Errors
    /// Where the answer cannot be saved.
    pub async fn finish_refund(
        &self,
        order: Order,
        id: RefundId,
        outcome: RefundOutcome,
        by: &UserId,
    ) -> Outcome<Order> {
        self.write_down(order, by, |order, by| Ok(order.finish_refund(id, outcome, by))).await
    }

    /// Saves what else the gateway tells of an order, whoever brings it.
    ///
    /// # Errors
    /// Where it cannot be saved.
    pub async fn note(
        &self,
        order: Order,
        by: &UserId,
        change: impl Fn(Order, &Actor) -> Order,
    ) -> Outcome<Order> {
        self.write_down(order, by, |order, by| Ok(change(order, by).into())).await
    }

    /// Sends every refund of the order whose end is not known to whoever has the money, and saves
    /// the answers. One without an answer stays pending.
    ///
    /// # Errors
    /// Where an answer cannot be saved.
    pub async fn send_refunds(&self, mut order: Order, by: &UserId) -> Outcome<Order> {
        let payments = order.payments.iter();
        let pending = payments.flat_map(Payment::pending_refunds).filter(|refund| !refund.awaits_person);
        let pending: Vec<RefundId> = pending.map(|refund| refund.id).collect();
        for id in pending {
            match self.give_back(&order, id).await {
                Ok(Some(outcome)) => order = self.finish_refund(order, id, outcome, by).await?,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(refund = %id, error = chain(&error), "a refund waits to be settled");
                }
            }
        }
        Ok(order)
    }

    /// Does what is left to be done of an order's payments and refunds. It is left as it is where
    /// that is nothing, and still waits where there is no answer.
    ///
    /// # Errors
    /// Where the table cannot be read or an answer cannot be saved.
    pub async fn settle(&self, id: OrderId) -> Outcome<Order> {
        let by = system();
        let mut order = self.again(id).await?;
        let sent = |payment: &&Payment| payment.status == PaymentState::Processing;
        let sent: Vec<PaymentId> = order.payments.iter().filter(sent).map(|payment| payment.id).collect();
        for payment in sent {
            order = self.charge(order, payment, &by).await?.order;
        }
        self.send_refunds(order, &by).await
    }

    /// Gives a refund's money back; nothing where somebody else has done so.
    async fn give_back(&self, order: &Order, id: RefundId) -> Result<Option<RefundOutcome>, GatewayError> {
        let is_it = |refund: &&Refund| refund.id == id;
        let payment = order.payment(id.payment());
        let refund = payment.and_then(|payment| payment.pending_refunds().find(is_it));
        let (Some(payment), Some(refund)) = (payment, refund) else { return Ok(None) };
        if payment.is_manual() || payment.is_of_nothing() {
            // Whoever asked for it hands the money over, if it is any.
            return Ok(Some(RefundOutcome::Succeeded));
        }
        self.check_mover(payment)?;
        let since = refund.created_at;
        let refund = RefundRequest {
            refund: id,
            amount: refund.amount,
            currency: order.currency,
            charged: &payment.gateway_response,
            since,
        };
        self.gateway().refund(refund).await.map(Some)
    }

    /// Money is asked for, and back, where the payment was started, whatever is configured since.
    fn check_mover(&self, payment: &Payment) -> Result<(), GatewayError> {
        match payment.provider {
            Some(provider) if provider != self.gateway().provider() => Err(GatewayError::Elsewhere(provider)),
            Some(_) | None => Ok(()),
        }
    }

    /// Saves what the gateway answered, or time brought, on whatever the order is by now.
    pub(crate) async fn write_down(
        &self,
        order: Order,
        by: &UserId,
        finish: impl Fn(Order, &Actor) -> Outcome<OrderChange>,
    ) -> Outcome<Order> {
        let id = order.id;
        let mut seen = order;
        for races in 1..=retry::LOST_RACES_WITH_MONEY {
            let version = seen.version;
            let moved = finish(seen, &self.acting(by))?;
            match self.save(version, &moved).await {
                Ok(()) => return Ok(moved.order),
                Err(TableError::Conflict) => {
                    retry::backoff(races).await;
                    seen = self.again(id).await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(TableError::Conflict.into())
    }

    pub(crate) async fn again(&self, id: OrderId) -> Outcome<Order> {
        self.table().order_or_tombstone(id).await?.ok_or(Error::NotFound(Kind::Order))
    }
}

//! Money moves in three steps: what is about to happen is saved, the gateway is asked outside any
//! transaction, its answer is saved. Here are the second and the third. They can be repeated by
//! anyone at any time: the gateway is asked by key, and a known answer is not written again.

use crate::app::App;
use crate::gateway::{Charge, GatewayError};
use crate::http::error::{ApiError, Reply};
use crate::table::TableError;
use oms_domain::lifecycle::Moved;
use oms_domain::{Actor, Order, OrderId, PaymentId, PaymentState, UserId};

/// How often an answer that lost a race is put on what the winner left. An answer must not be
/// lost, so this is generous; what fails even so is found in `processing` and settled later.
const RACES: u32 = 20;

impl App {
    /// Charges a payment that has been saved as `processing`, and saves the answer.
    ///
    /// # Errors
    /// 503 where the gateway gave no answer: the payment stays in `processing`.
    pub async fn charge(&self, order: Order, id: PaymentId, by: &UserId) -> Reply<Order> {
        let Some(payment) = order.payment(id).filter(|p| p.status == PaymentState::Processing) else {
            return Ok(order);
        };
        let charge = Charge {
            payment: id,
            amount: payment.amount,
            currency: order.currency,
            details: &payment.payment_details,
        };
        let outcome = self.gateway().charge(charge).await.map_err(no_answer)?;
        let finish = |order: Order, by: &Actor| {
            let order = order.finish_payment(id, outcome.clone(), by)?;
            Ok(Moved { order, stock: Vec::new() })
        };
        let order = self.write_down(order, by, finish).await?;
        self.send_refunds(order, by).await
    }

    /// Sends every refund of the order whose end is not known to the gateway, and saves the
    /// answers.
    ///
    /// # Errors
    /// 503 where the gateway gave no answer: the refund stays pending.
    pub async fn send_refunds(&self, mut order: Order, by: &UserId) -> Reply<Order> {
        let payments = order.payments.iter();
        let pending: Vec<_> = payments
            .flat_map(|payment| payment.pending_refunds())
            .map(|refund| (refund.id, refund.amount))
            .collect();
        for (id, amount) in pending {
            let outcome = self.gateway().refund(id, amount).await.map_err(no_answer)?;
            let finish = |order: Order, by: &Actor| Ok(order.finish_refund(id, outcome, by));
            order = self.write_down(order, by, finish).await?;
        }
        Ok(order)
    }

    /// Saves what the gateway answered, on whatever the order is by now.
    async fn write_down(
        &self,
        order: Order,
        by: &UserId,
        finish: impl Fn(Order, &Actor) -> Reply<Moved>,
    ) -> Reply<Order> {
        let id = order.id;
        let mut seen = order;
        for _ in 0..RACES {
            let version = seen.version;
            let moved = finish(seen, &self.acting(by))?;
            match self.save(version, &moved).await {
                Ok(()) => return Ok(moved.order),
                Err(TableError::Conflict) => seen = self.again(id).await?,
                Err(error) => return Err(error.into()),
            }
        }
        Err(TableError::Conflict.into())
    }

    async fn again(&self, id: OrderId) -> Reply<Order> {
        self.table().order_or_tombstone(id).await?.ok_or(ApiError::NotFound("Order"))
    }
}

fn no_answer(error: GatewayError) -> ApiError {
    ApiError::Unavailable(Box::new(error))
}

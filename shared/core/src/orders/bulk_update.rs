//! Moving orders by the status that they are to have, many at once: in a request, or by a job.

use crate::app::App;
use crate::orders::VisibleOrder;
use jiff::Timestamp;
use oms_domain::payment::AfterRefund;
use oms_domain::{
    Action, Actor, Caller, Error, JobId, Order, OrderId, Outcome, Payment, RefundId, RefundState, Status,
};
use oms_http::error::public_text;
use oms_runtime::deadline::{self, OutOfTime};
use oms_runtime::invocation;
use oms_runtime::logging::chain;
use oms_table::jobs::{NotMoved, PieceResult};
use serde_json::json;
use tracing::Instrument;

/// The code of an order that waits for its refund.
const REFUND_PENDING: &str = "refund_pending";

/// A job that moves orders on its maker's behalf.
#[derive(Clone, Copy, Debug)]
pub struct ByJob {
    /// Which one.
    pub id: JobId,
    /// When it was asked for: it can have moved nothing before.
    pub since: Timestamp,
}

impl App {
    /// Moves an order to a status by the action that leads there, for those who run it, and sends
    /// the refunds that come of it to the gateway. The status that it has is no change. It moves an
    /// order once, however often it tries: what comes of a request may go on as a job.
    ///
    /// # Errors
    /// 404, 403, and what the action refuses; 402 where the order was to be paid back and the
    /// gateway refuses; 409 after too many lost races, and where the gateway has not answered about
    /// a refund yet; 503 where the table gave no answer, and where the invocation has no time for
    /// it.
    pub async fn move_order(&self, caller: &Caller, id: OrderId, status: Status, job: ByJob) -> Outcome<()> {
        if deadline::is_near() {
            return Err(Error::Unavailable(OutOfTime.into()));
        }
        let prepare = |seen: VisibleOrder| async move {
            let is_done = self.was_moved_long_ago(&seen.order, job).await?;
            Ok((seen, is_done))
        };
        let decide = |seen: VisibleOrder, is_done, by: &Actor| {
            let order = seen.managed()?;
            Ok(if is_done { order.into() } else { order.move_to_by_job(status, true, job.id, by)? })
        };
        let outcome = async {
            let moved = self.orders(caller).change_with(id, prepare, decide).await?;
            let VisibleOrder { order, .. } = self.pay_back(caller, moved, status).await?;
            if status != Status::Refunded || order.status == Status::Refunded {
                Ok(())
            } else if order.awaits_gateway() {
                Err(unanswered())
            } else {
                // An earlier try of the job may have heard it.
                Err(refused())
            }
        };
        let outcome = outcome.instrument(invocation::of_order(id)).await;
        match &outcome {
            Ok(()) => {}
            Err(error @ (Error::Internal(_) | Error::Unavailable(_))) => {
                tracing::error!(order = %id, to = %status, error = chain(error), "an order was not moved");
            }
            Err(error) => {
                let refusal = error.code();
                tracing::warn!(order = %id, to = %status, refusal, why = %error, "an order was not moved");
            }
        }
        outcome
    }

    /// Whether a job has moved an order before what the order's own log still holds.
    async fn was_moved_long_ago(&self, order: &Order, job: ByJob) -> Outcome<bool> {
        if order.log_reaches(0) || order.log.first().is_some_and(|first| first.at < job.since) {
            return Ok(false);
        }
        let mut whole = order.clone();
        self.table().recall(&mut whole, 0).await?;
        Ok(whole.was_moved_by(job.id))
    }

    /// Sends the refunds that an action has started to the gateway, and calls off there what it has
    /// ended. Without an answer they stay pending, and are settled within minutes. `to` is the
    /// status to which the action leads.
    ///
    /// # Errors
    /// 402 where the order was to be paid back and the gateway refuses. What it says of older
    /// refunds is no answer to who asked for something else.
    pub async fn pay_back(&self, caller: &Caller, seen: VisibleOrder, to: Status) -> Outcome<VisibleOrder> {
        let VisibleOrder { order, manages } = seen;
        let own = closing_refund(&order).filter(|_| to == Status::Refunded);
        let by = &caller.user.id;
        let order = self.send_refunds(self.call_off(order, by).await?, by).await?;
        let may_close = order.status.after(Action::Refund).is_some();
        if may_close && own.is_some_and(|own| is_refused(&order, own)) {
            return Err(refused());
        }
        Ok(VisibleOrder { order, manages })
    }
}

/// The refund that has just been started so that its success closes the order.
fn closing_refund(order: &Order) -> Option<RefundId> {
    let refunds = order.payments.iter().flat_map(Payment::pending_refunds);
    let closing = refunds.filter(|refund| refund.then != AfterRefund::Nothing);
    closing.max_by_key(|refund| (refund.created_at, refund.id)).map(|refund| refund.id)
}

fn is_refused(order: &Order, id: RefundId) -> bool {
    let refund = order.payment(id.payment()).and_then(|payment| payment.refund(id));
    refund.is_some_and(|refund| refund.status == RefundState::Failed)
}

/// What came of a piece of a bulk update.
#[must_use]
pub fn result_of(piece: u16, orders: &[OrderId], outcomes: &[Outcome<()>], at: Timestamp) -> PieceResult {
    let failed = orders.iter().zip(outcomes).filter_map(|(order, outcome)| {
        let error = public_text(outcome.as_ref().err()?);
        Some(NotMoved { id: order.0, error })
    });
    let failed: Vec<NotMoved> = failed.collect();
    PieceResult { piece, updated: orders.len() - failed.len(), failed, at }
}

fn refused() -> Error {
    Error::Declined(json!({ "refund": ["The gateway refused the refund."] }))
}

/// Whether it is still open what becomes of an order: there was no time for it, or the gateway has
/// not answered.
#[must_use]
pub fn is_open(error: &Error) -> bool {
    matches!(error, Error::Unavailable(_)) || error.code() == REFUND_PENDING
}

/// The refund is on its way, but the order is not yet where it was to go.
fn unanswered() -> Error {
    Error::Conflict {
        code: REFUND_PENDING,
        message: "The gateway has not answered about the refund yet".to_owned(),
    }
}

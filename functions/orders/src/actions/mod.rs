//! What moves an order from one status to another, one action a file.

pub(crate) mod cancel;
pub(crate) mod confirm;
pub(crate) mod deliver;
pub(crate) mod out_for_delivery;
pub(crate) mod process;
pub(crate) mod refund;
pub(crate) mod ship;

use crate::{Shown, show};
use oms_core::app::App;
use oms_core::http::etag::IfMatch;
use oms_core::http::{ApiError, Caller, Reply};
use oms_core::orders::Seen;
use oms_domain::payment::AfterRefund;
use oms_domain::{Actor, Order, OrderId, Payment, Refusal, Status};
use serde_json::json;

/// An action of those who run the order, which moves no stock.
async fn act(
    app: &App,
    caller: &Caller,
    id: OrderId,
    expected: &IfMatch,
    action: impl Fn(Order, &Actor) -> Result<Order, Refusal>,
) -> Reply<Shown> {
    let changed = app.orders(caller).change(id, |seen, by| {
        let order = seen.managed()?;
        expected.check(order.version)?;
        Ok(action(order, by)?.into())
    });
    Ok(show(&changed.await?))
}

/// Sends the refunds that an action has started to the gateway. Without an answer they stay
/// pending, and are settled within minutes.
///
/// # Errors
/// 402 where the order was to be paid back and the gateway refuses.
pub(crate) async fn settle(app: &App, caller: &Caller, seen: Seen) -> Reply<Seen> {
    let Seen { order, manages } = seen;
    let refunds = || order.payments.iter().flat_map(Payment::pending_refunds);
    let is_closing = refunds().any(|refund| refund.then != AfterRefund::Nothing);
    let order = app.send_refunds(order.clone(), &caller.user.id).await?;
    if is_closing && order.status != Status::Refunded && !order.awaits_gateway() {
        return Err(ApiError::Declined { details: json!({ "refund": ["The gateway refused the refund."] }) });
    }
    Ok(Seen { order, manages })
}

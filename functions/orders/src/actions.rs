//! What moves an order from one status to another, one action a file.

pub(crate) mod cancel;
pub(crate) mod confirm;
pub(crate) mod deliver;
pub(crate) mod out_for_delivery;
pub(crate) mod process;
pub(crate) mod refund;
pub(crate) mod ship;

use crate::tagged;
use oms_core::app::App;
use oms_domain::{Actor, Caller, Order, OrderId, Outcome, RuleViolation};
use oms_http::Tagged;
use oms_http::etag::IfMatch;
use oms_http::views::order::OrderView;

/// An action of those who run the order, which moves no stock.
async fn act(
    app: &App,
    caller: &Caller,
    id: OrderId,
    expected: &IfMatch,
    action: impl Fn(Order, &Actor) -> Result<Order, RuleViolation>,
) -> Outcome<Tagged<OrderView>> {
    let changed = app.orders(caller).change(id, |seen, by| {
        let order = seen.managed()?;
        expected.check(order.version)?;
        Ok(action(order, by)?.into())
    });
    Ok(tagged(&changed.await?))
}

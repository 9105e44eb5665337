//! What moves an order from one status to another, one action a file, but for those that do
//! nothing else.

pub(crate) mod cancel;
pub(crate) mod moves;
pub(crate) mod refund;
pub(crate) mod ship;

use crate::tagged;
use oms_core::app::App;
use oms_domain::{Actor, Order, OrderId, Outcome, RuleViolation};
use oms_http::views::order::OrderView;
use oms_http::{Tagged, Target};

/// An action of those who run the order, which moves no stock.
async fn act(
    app: &App,
    Target { caller, id, expected }: &Target<OrderId>,
    action: impl Fn(Order, &Actor) -> Result<Order, RuleViolation>,
) -> Outcome<Tagged<OrderView>> {
    let changed = app.orders(caller).change(*id, |seen, by| {
        let order = seen.managed()?;
        expected.check(order.version)?;
        Ok(action(order, by)?.into())
    });
    Ok(tagged(&changed.await?))
}

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

/// An action of those who run the order, which moves no stock. What its body says is read once the
/// caller is known to be one of them.
async fn act<T>(
    app: &App,
    Target { caller, id, expected }: &Target<OrderId>,
    read: impl Fn() -> Outcome<T>,
    action: impl Fn(Order, T, &Actor) -> Result<Order, RuleViolation>,
) -> Outcome<Tagged<OrderView>> {
    let changed = app.orders(caller).change(*id, |seen, by| {
        let order = seen.managed()?;
        let said = read()?;
        expected.check(order.version)?;
        Ok(action(order, said, by)?.into())
    });
    Ok(tagged(&changed.await?))
}

//! The HTTP function of the order items endpoints. An item lives in its order, which its id names.

mod by_order;
mod create;
mod delete;
mod edit;
mod list;
mod partial_update;
mod retrieve;
mod update;

use oms_domain::{Error, Kind, LineId, Order, Outcome};
use oms_http::Tagged;
use oms_http::views::item::ItemView;

oms_core::endpoints!(
    list in list,
    create in create,
    by_order in by_order,
    retrieve in retrieve,
    update in update,
    partial_update in partial_update,
    delete in delete,
);

fn tagged(order: &Order, id: LineId) -> Outcome<Tagged<ItemView>> {
    let line = order.line(id).ok_or_else(not_found)?;
    Ok(Tagged::new(order.version, ItemView::new(order, line)))
}

const fn not_found() -> Error {
    Error::NotFound(Kind::OrderItem)
}

/// An order that cannot be seen hides its items too: the answer speaks of what was asked for.
fn of_item(error: Error) -> Error {
    error.not_found_as(not_found)
}

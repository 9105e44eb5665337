//! The HTTP function of the orders endpoints.

mod actions;
mod bulk_update_job;
mod bulk_update_status;
mod create;
mod delete;
mod edit;
mod history;
mod list;
mod order_stats;
mod partial_update;
mod rate;
mod retrieve;
mod system;
mod update;

use http::StatusCode;
use oms_core::orders::VisibleOrder;
use oms_domain::Status;
use oms_http::Tagged;
use oms_http::views::order::OrderView;

oms_core::endpoints!(
    list in list,
    create in create,
    my_orders in list,
    recent_orders in list,
    pending_orders in list,
    order_stats in order_stats,
    retrieve in retrieve,
    update in update,
    partial_update in partial_update,
    delete in delete,
    bulk_update_status in bulk_update_status,
    bulk_update_job in bulk_update_job,
    history in history,
    rate_order in rate,
    confirm_order in actions::moves,
    process_order in actions::moves,
    ship_order in actions::ship,
    out_for_delivery_order in actions::moves,
    deliver_order in actions::moves,
    cancel_order in actions::cancel,
    refund_order in actions::refund,
    system in system,
);

/// An order that was to be paid back: 202 where its gateway has not answered yet. It may have been
/// called off meanwhile: then it does not move any more.
fn refunding(seen: &VisibleOrder) -> (StatusCode, Tagged<OrderView>) {
    let is_done = seen.order.status == Status::Refunded || !seen.order.awaits_gateway();
    (if is_done { StatusCode::OK } else { StatusCode::ACCEPTED }, tagged(seen))
}

fn tagged(seen: &VisibleOrder) -> Tagged<OrderView> {
    Tagged::new(seen.order.version, OrderView::new(&seen.order, seen.manages))
}

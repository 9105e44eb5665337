//! The HTTP function of the orders endpoints.

mod actions;
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
mod update;

use axum::Json;
use oms_core::app::App;
use oms_core::http::etag::Version;
use oms_core::orders::Seen;
use oms_core::views::order::OrderView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The endpoints, and their description.
#[must_use]
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(list::my_orders))
        .routes(routes!(list::recent_orders))
        .routes(routes!(list::pending_orders))
        .routes(routes!(order_stats::order_stats))
        .routes(routes!(retrieve::retrieve, update::update, partial_update::partial_update, delete::delete))
        .routes(routes!(bulk_update_status::bulk_update_status))
        .routes(routes!(history::history))
        .routes(routes!(rate::rate_order))
        .routes(routes!(actions::confirm::confirm_order))
        .routes(routes!(actions::process::process_order))
        .routes(routes!(actions::ship::ship_order))
        .routes(routes!(actions::out_for_delivery::out_for_delivery_order))
        .routes(routes!(actions::deliver::deliver_order))
        .routes(routes!(actions::cancel::cancel_order))
        .routes(routes!(actions::refund::refund_order))
}

/// The endpoints.
pub fn router() -> axum::Router<App> {
    api().into()
}

/// An order as the answer to the caller who sees it.
type Shown = (Version, Json<OrderView>);

fn show(seen: &Seen) -> Shown {
    (Version(seen.order.version), Json(OrderView::new(&seen.order, seen.manages)))
}

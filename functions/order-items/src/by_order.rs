//! `GET /api/order-items/by_order/`

use axum::Json;
use oms_core::app::App;
use oms_domain::{Error, Kind, OrderId};
use oms_http::views::item::ItemView;
use oms_http::{Authenticated, Query, Reply};

/// The items of one order.
#[utoipa::path(
    get, path = "/api/order-items/by_order/", tag = "order items",
    params(("order_id" = uuid::Uuid, Query, description = "The order")),
    responses(
        (status = 200, description = "Its items", body = Vec<ItemView>),
        (status = 400, description = "`order_id` is missing"),
        (status = 404, description = "No such order for the caller"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn by_order(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Reply<Json<Vec<ItemView>>> {
    let id = query.filled("order_id").ok_or_else(|| Error::Rule {
        code: "order_id_required",
        message: "order_id parameter is required".to_owned(),
    })?;
    let id: OrderId = id.parse().map_err(|_| Error::NotFound(Kind::Order))?;
    let order = app.orders(&caller).load(id).await?.order;
    Ok(Json(order.lines.iter().map(|line| ItemView::new(&order, line)).collect()))
}

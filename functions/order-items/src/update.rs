//! `PUT /api/order-items/{id}/`

use crate::create::CreateOrderItem;
use crate::edit::change;
use crate::tagged;
use oms_core::app::App;
use oms_domain::LineId;
use oms_http::Tagged;
use oms_http::responses::Changed;
use oms_http::validation::Mode;
use oms_http::views::item::ItemView;
use oms_http::{JsonObject, Reply, Target};

/// Changes an item of a pending order as a whole: moves its stock, reprices the order, and a
/// pending payment's amount follows, all or nothing.
#[utoipa::path(
    put, path = "/api/order-items/{id}/", tag = "order items",
    params(("id" = uuid::Uuid, Path, description = "The item")),
    request_body = CreateOrderItem,
    responses(
        Changed<ItemView>,
        (status = 400, description = "A field is wrong, the order's items are fixed, or the stock does not suffice"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn update(
    app: App,
    Target { caller, id, expected }: Target<LineId>,
    body: JsonObject,
) -> Reply<Tagged<ItemView>> {
    let order = change(&app, &caller, id, &expected, &body, Mode::Update).await?;
    Ok(tagged(&order, id)?)
}

//! `PATCH /api/order-items/{id}/`

use crate::edit::{PatchOrderItem, change};
use crate::tagged;
use oms_core::app::App;
use oms_domain::LineId;
use oms_http::Tagged;
use oms_http::responses::Changed;
use oms_http::validation::Mode;
use oms_http::views::item::ItemView;
use oms_http::{JsonObject, Reply, Target};

/// Changes any part of an item of a pending order: moves its stock, reprices the order, and a
/// pending payment's amount follows, all or nothing.
#[utoipa::path(
    patch, path = "/api/order-items/{id}/", tag = "order items",
    params(("id" = uuid::Uuid, Path, description = "The item")),
    request_body = PatchOrderItem,
    responses(
        Changed<ItemView>,
        (status = 400, description = "A field is wrong, the order's items are fixed, or the stock does not suffice"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn partial_update(
    app: App,
    Target { caller, id, expected }: Target<LineId>,
    body: JsonObject,
) -> Reply<Tagged<ItemView>> {
    let order = change(&app, &caller, id, &expected, &body, Mode::Partial).await?;
    Ok(tagged(&order, id)?)
}

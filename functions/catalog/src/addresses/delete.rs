//! `DELETE /api/addresses/{id}/`

use super::tagged;
use super::view::AddressView;
use crate::access;
use axum::Json;
use oms_core::app::App;
use oms_core::races::retried;
use oms_domain::{AddressId, Caller, Outcome};
use oms_http::etag::IfMatch;
use oms_http::responses::Removed;
use oms_http::views::Deleted;
use oms_http::{Reply, Target};

/// Deletes an address. Orders keep what they know of it.
#[utoipa::path(
    delete, path = "/api/addresses/{id}/", tag = "addresses",
    params(("id" = uuid::Uuid, Path, description = "The address")),
    responses(Removed<AddressView>),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    app: App,
    Target { caller, id, expected }: Target<AddressId>,
) -> Reply<Json<Deleted>> {
    retried(|| delete_address(&app, &caller, id, &expected)).await?;
    Ok(Json(Deleted { message: "Address deleted successfully" }))
}

async fn delete_address(app: &App, caller: &Caller, id: AddressId, expected: &IfMatch) -> Outcome<()> {
    let seen = access::address(app, caller, id).await?;
    expected.check_shown(&tagged(&seen))?;
    Ok(app.table().delete_address(&seen).await?)
}

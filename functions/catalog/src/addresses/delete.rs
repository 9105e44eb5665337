//! `DELETE /api/addresses/{id}/`

use crate::access;
use axum::Json;
use oms_core::app::App;
use oms_core::races::retried;
use oms_domain::{AddressId, Caller, Outcome};
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::views::Deleted;
use oms_http::{Authenticated, PathId, Reply};

/// Deletes an address. Orders keep what they know of it.
#[utoipa::path(
    delete, path = "/api/addresses/{id}/", tag = "addresses",
    params(("id" = uuid::Uuid, Path, description = "The address")),
    responses(
        (status = 200, description = "It is gone", body = Deleted),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such address for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<AddressId>,
    expected: IfMatch,
) -> Reply<Json<Deleted>> {
    retried(|| delete_address(&app, &caller, id, &expected)).await?;
    Ok(Json(Deleted { message: "Address deleted successfully" }))
}

async fn delete_address(app: &App, caller: &Caller, id: AddressId, expected: &IfMatch) -> Outcome<()> {
    let seen = access::address(app, caller, id).await?;
    expected.check(seen.version)?;
    Ok(app.table().delete_address(&seen).await?)
}

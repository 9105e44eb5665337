//! `GET /api/addresses/{id}/`

use super::view::AddressView;
use super::{Shown, show};
use crate::access;
use oms_core::app::App;
use oms_domain::AddressId;
use oms_http::error::ErrorBody;
use oms_http::{Authenticated, PathId, Reply};

/// One of the caller's addresses; for staff anybody's.
#[utoipa::path(
    get, path = "/api/addresses/{id}/", tag = "addresses",
    params(("id" = uuid::Uuid, Path, description = "The address")),
    responses(
        (status = 200, description = "The address", body = AddressView),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such address for the caller", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<AddressId>,
) -> Reply<Shown> {
    Ok(show(&access::address(&app, &caller, id).await?))
}

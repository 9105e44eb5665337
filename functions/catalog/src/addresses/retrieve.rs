//! `GET /api/addresses/{id}/`

use super::tagged;
use super::view::AddressView;
use crate::access;
use oms_core::app::App;
use oms_domain::AddressId;
use oms_http::Tagged;
use oms_http::responses::Read;
use oms_http::{Authenticated, PathId, Reply};

/// One of the caller's addresses; for staff anybody's.
#[utoipa::path(
    get, path = "/api/addresses/{id}/", tag = "addresses",
    params(("id" = uuid::Uuid, Path, description = "The address")),
    responses(Read<AddressView>),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<AddressId>,
) -> Reply<Tagged<AddressView>> {
    Ok(tagged(&access::address(&app, &caller, id).await?))
}

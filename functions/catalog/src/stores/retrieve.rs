//! `GET /api/stores/{id}/`

use super::tagged;
use super::view::StoreView;
use crate::access;
use oms_core::app::App;
use oms_domain::StoreId;
use oms_http::Tagged;
use oms_http::responses::Read;
use oms_http::{Authenticated, PathId, Reply};

/// A store. Customers see those that sell, vendors also their own.
#[utoipa::path(
    get, path = "/api/stores/{id}/", tag = "stores",
    params(("id" = uuid::Uuid, Path, description = "The store")),
    responses(Read<StoreView>),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<StoreId>,
) -> Reply<Tagged<StoreView>> {
    Ok(tagged(&access::store(&app, &caller, id).await?.store))
}

//! `GET /api/stores/{id}/`

use super::view::StoreView;
use super::{Shown, show};
use crate::access;
use oms_core::app::App;
use oms_domain::StoreId;
use oms_http::error::ErrorBody;
use oms_http::{Authenticated, PathId, Reply};

/// A store. Customers see those that sell, vendors also their own.
#[utoipa::path(
    get, path = "/api/stores/{id}/", tag = "stores",
    params(("id" = uuid::Uuid, Path, description = "The store")),
    responses(
        (status = 200, description = "The store", body = StoreView),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such store for the caller", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<StoreId>,
) -> Reply<Shown> {
    Ok(show(&access::store(&app, &caller, id).await?.store))
}

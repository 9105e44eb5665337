//! `GET /api/products/{id}/`

use super::view::ProductView;
use super::{Shown, show};
use crate::access;
use oms_core::app::App;
use oms_domain::ProductId;
use oms_http::error::ErrorBody;
use oms_http::{Authenticated, PathId, Reply};

/// A product with its variants and stock. Customers see active ones of active stores, vendors
/// also what is in their own.
#[utoipa::path(
    get, path = "/api/products/{id}/", tag = "products",
    params(("id" = uuid::Uuid, Path, description = "The product")),
    responses(
        (status = 200, description = "The product", body = ProductView),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such product for the caller", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<ProductId>,
) -> Reply<Shown> {
    let seen = access::product(&app, &caller, id).await?;
    Ok(show(&seen.product, seen.currency))
}

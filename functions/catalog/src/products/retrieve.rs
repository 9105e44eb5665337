//! `GET /api/products/{id}/`

use super::tagged;
use super::view::ProductView;
use crate::access;
use oms_core::app::App;
use oms_domain::ProductId;
use oms_http::Tagged;
use oms_http::responses::Read;
use oms_http::{Authenticated, PathId, Reply};

/// A product with its variants and stock. Customers see active ones of active stores, vendors
/// also what is in their own.
#[utoipa::path(
    get, path = "/api/products/{id}/", tag = "products",
    params(("id" = uuid::Uuid, Path, description = "The product")),
    responses(Read<ProductView>),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<ProductId>,
) -> Reply<Tagged<ProductView>> {
    let seen = access::product(&app, &caller, id).await?;
    Ok(tagged(&seen.product, seen.currency))
}

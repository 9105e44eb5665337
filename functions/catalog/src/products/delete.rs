//! `DELETE /api/products/{id}/`

use super::view::ProductView;
use crate::access;
use axum::Json;
use oms_core::app::App;
use oms_core::lists::just_changed::CatalogueWrite;
use oms_core::races::retried;
use oms_domain::{Caller, Outcome, ProductId};
use oms_http::etag::IfMatch;
use oms_http::responses::{Removed, WritersOnly};
use oms_http::views::Deleted;
use oms_http::{Reply, Target};

/// Deletes a product with its variants and stock. Orders keep what they know of it.
#[utoipa::path(
    delete, path = "/api/products/{id}/", tag = "products",
    params(("id" = uuid::Uuid, Path, description = "The product")),
    responses(Removed<ProductView>, WritersOnly<ProductView>),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    app: App,
    Target { caller, id, expected }: Target<ProductId>,
) -> Reply<Json<Deleted>> {
    retried(|| delete_product(&app, &caller, id, &expected)).await?;
    Ok(Json(Deleted { message: "Product deleted successfully" }))
}

async fn delete_product(app: &App, caller: &Caller, id: ProductId, expected: &IfMatch) -> Outcome<()> {
    let seen = access::product(app, caller, id).await?.managed()?;
    expected.check(seen.product.version)?;
    let change = CatalogueWrite::Product(id, seen.product.entity.product.store);
    let (products, store) = ([seen.product], seen.store.as_ref());
    Ok(app.noting(caller, &[change], app.table().delete_products(&products, store)).await?)
}

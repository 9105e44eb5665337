//! `DELETE /api/products/{id}/`

use crate::access;
use axum::Json;
use oms_core::app::App;
use oms_core::races::retried;
use oms_domain::{Caller, Outcome, ProductId};
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::views::Deleted;
use oms_http::{Authenticated, PathId, Reply};

/// Deletes a product with its variants and stock. Orders keep what they know of it.
#[utoipa::path(
    delete, path = "/api/products/{id}/", tag = "products",
    params(("id" = uuid::Uuid, Path, description = "The product")),
    responses(
        (status = 200, description = "It is gone", body = Deleted),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 403, description = "The product is not the caller's to write", body = ErrorBody),
        (status = 404, description = "No such product for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<ProductId>,
    expected: IfMatch,
) -> Reply<Json<Deleted>> {
    retried(|| delete_product(&app, &caller, id, &expected)).await?;
    Ok(Json(Deleted { message: "Product deleted successfully" }))
}

async fn delete_product(app: &App, caller: &Caller, id: ProductId, expected: &IfMatch) -> Outcome<()> {
    let seen = access::product(app, caller, id).await?.managed()?;
    expected.check(seen.product.version)?;
    Ok(app.table().delete_products(&[seen.product], seen.store.as_ref()).await?)
}

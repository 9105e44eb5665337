//! `DELETE /api/stores/{id}/`

use crate::access;
use crate::races::retried;
use axum::Json;
use axum::extract::State;
use futures::{StreamExt, TryStreamExt};
use oms_core::app::App;
use oms_core::http::error::ErrorBody;
use oms_core::http::etag::IfMatch;
use oms_core::http::{ApiError, Caller, PathId, Reply};
use oms_core::views::Deleted;
use oms_domain::catalog::ProductStatus;
use oms_domain::{ProductId, StoreId};

/// The most products that are deleted with their store, which is what one request has time for.
const MAX_PRODUCTS: usize = 1_000;
/// How many of them are deleted at the same time.
const AT_ONCE: usize = 10;

/// Deletes a store with its products. Orders keep what they know of them. Should it fail halfway,
/// the store is still there, and the same request deletes the rest.
#[utoipa::path(
    delete, path = "/api/stores/{id}/", tag = "stores",
    params(("id" = uuid::Uuid, Path, description = "The store")),
    responses(
        (status = 200, description = "It is gone", body = Deleted),
        (status = 400, description = "It has more than 1,000 products", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 403, description = "The store is not the caller's to write", body = ErrorBody),
        (status = 404, description = "No such store for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<StoreId>,
    expected: IfMatch,
) -> Reply<Json<Deleted>> {
    retried(|| delete_store(&app, &caller, id, &expected)).await?;
    Ok(Json(Deleted { message: "Store deleted successfully" }))
}

async fn delete_store(app: &App, caller: &Caller, id: StoreId, expected: &IfMatch) -> Reply<()> {
    let store = access::store(app, caller, id).await?.managed()?;
    expected.check(store.version)?;
    let products = app.table().products_with(Some(id), ProductStatus::ALL).await?;
    if products.entries.len() > MAX_PRODUCTS {
        return Err(ApiError::Rule {
            code: "too_many_products",
            message: format!("A store with more than {MAX_PRODUCTS} products cannot be deleted"),
        });
    }
    let products: Vec<_> = products.entries.into_iter().map(|product| product.id).collect();
    let deletions = products.into_iter().map(|id| retried(move || delete_product(app, id)));
    let deletions = futures::stream::iter(deletions).buffer_unordered(AT_ONCE);
    deletions.try_collect::<()>().await?;
    Ok(app.table().delete_store(id, store.version).await?)
}

async fn delete_product(app: &App, id: ProductId) -> Reply<()> {
    match app.table().product(id).await? {
        Some(product) => Ok(app.table().delete_product(&product).await?),
        None => Ok(()),
    }
}

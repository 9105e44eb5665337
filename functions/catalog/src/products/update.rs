//! `PUT` and `PATCH /api/products/{id}/`

use super::create::named_store;
use super::fields::{ProductFields, ProductPatch};
use super::variants::{Merged, merge};
use super::view::ProductView;
use super::{Shown, show};
use crate::access;
use oms_core::app::App;
use oms_core::races::retried;
use oms_domain::{Caller, Outcome, ProductId, VariantId};
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::validation::{Fields, Mode};
use oms_http::{Authenticated, JsonObject, PathId, Reply};
use oms_table::catalog::products::{StockedProduct, Stores};
use oms_table::entity::Versioned;

/// Changes a product as a whole. Optional fields that are left out stay as they are; of the
/// variants, where they are given, those that are left out are removed. Stock is not changed.
#[utoipa::path(
    put, path = "/api/products/{id}/", tag = "products",
    params(("id" = uuid::Uuid, Path, description = "The product")),
    request_body = ProductFields,
    responses(
        (status = 200, description = "The product as it is now", body = ProductView),
        (status = 400, description = "A field is wrong, or the new store has as many products as one may have", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 403, description = "The product is not the caller's to write", body = ErrorBody),
        (status = 404, description = "No such product for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn put(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<ProductId>,
    expected: IfMatch,
    body: JsonObject,
) -> Reply<Shown> {
    Ok(retried(|| update(&app, &caller, id, &expected, &body, Mode::Update)).await?)
}

/// Changes any part of a product. Of the variants, where they are given, those that are left out
/// are removed. Stock is not changed.
#[utoipa::path(
    patch, path = "/api/products/{id}/", tag = "products",
    params(("id" = uuid::Uuid, Path, description = "The product")),
    request_body = ProductPatch,
    responses(
        (status = 200, description = "The product as it is now", body = ProductView),
        (status = 400, description = "A field is wrong, or the new store has as many products as one may have", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 403, description = "The product is not the caller's to write", body = ErrorBody),
        (status = 404, description = "No such product for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn patch(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<ProductId>,
    expected: IfMatch,
    body: JsonObject,
) -> Reply<Shown> {
    Ok(retried(|| update(&app, &caller, id, &expected, &body, Mode::Partial)).await?)
}

async fn update(
    app: &App,
    caller: &Caller,
    id: ProductId,
    expected: &IfMatch,
    body: &JsonObject,
    mode: Mode,
) -> Outcome<Shown> {
    let seen = access::product(app, caller, id).await?.managed()?;
    let StockedProduct { mut product, mut stock_levels } = seen.product.entity.clone();
    let (version, currency) = (seen.product.version, seen.currency);
    expected.check(version)?;
    let mut f = Fields::new(body.0.clone(), mode);
    let moves_to = named_store(app, caller, &mut f, Some(product.store)).await?;
    if moves_to.as_ref().is_some_and(|store| store.currency != currency) {
        f.error("store", format!("The product is priced in {}.", currency.code()));
    }
    let mut fields = ProductFields::read(&mut f, Some(&product.variants), currency);
    f.finish()?;

    let entries = fields.variants.take();
    fields.change(&mut product);
    product.store = moves_to.as_ref().map_or(product.store, |store| store.id);
    product.updated_at = app.now();
    let merged = match entries {
        Some(entries) => {
            let price = product.current_price;
            merge(&product.variants, entries, price, || app.new_id::<VariantId>())
        }
        None => Merged { variants: product.variants, ..Merged::default() },
    };
    product.variants = merged.variants;
    let stores = Stores { of: seen.store.as_ref(), to: moves_to.as_ref() };
    let limited = (&stores, app.config().max_products_per_store.get());
    let shelved = (&merged.made[..], &merged.removed[..]);
    app.table().replace_product(&seen.product, &product, shelved, limited, app.request().key()).await?;
    stock_levels.extend(merged.made);
    let entity = StockedProduct { product, stock_levels };
    Ok(show(&Versioned { entity, version: version + 1 }, currency))
}

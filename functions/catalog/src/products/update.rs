//! `PUT` and `PATCH /api/products/{id}/`

use super::create::named_store;
use super::fields::{ProductFields, ProductPatch};
use super::tagged;
use super::variants::{Merged, merge};
use super::view::ProductView;
use crate::access;
use oms_core::app::App;
use oms_core::lists::just_changed::CatalogueWrite;
use oms_core::races::retried;
use oms_domain::{Caller, Outcome, ProductId, VariantId};
use oms_http::Tagged;
use oms_http::etag::IfMatch;
use oms_http::responses::{Changed, WritersOnly};
use oms_http::validation::{Fields, Mode};
use oms_http::{JsonObject, Reply, Target};
use oms_table::catalog::products::{StockedProduct, Stores};
use oms_table::entity::Versioned;

/// Changes a product as a whole. Optional fields that are left out stay as they are; of the
/// variants, where they are given, those that are left out are removed. Stock is not changed.
#[utoipa::path(
    put, path = "/api/products/{id}/", tag = "products",
    params(("id" = uuid::Uuid, Path, description = "The product")),
    request_body = ProductFields,
    responses(
        Changed<ProductView>, WritersOnly<ProductView>,
        (status = 400, description = "A field is wrong, or the new store has as many products as one may have"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn put(
    app: App,
    Target { caller, id, expected }: Target<ProductId>,
    body: JsonObject,
) -> Reply<Tagged<ProductView>> {
    Ok(retried(|| update(&app, &caller, id, &expected, &body, Mode::Update)).await?)
}

/// Changes any part of a product. Of the variants, where they are given, those that are left out
/// are removed. Stock is not changed.
#[utoipa::path(
    patch, path = "/api/products/{id}/", tag = "products",
    params(("id" = uuid::Uuid, Path, description = "The product")),
    request_body = ProductPatch,
    responses(
        Changed<ProductView>, WritersOnly<ProductView>,
        (status = 400, description = "A field is wrong, or the new store has as many products as one may have"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn patch(
    app: App,
    Target { caller, id, expected }: Target<ProductId>,
    body: JsonObject,
) -> Reply<Tagged<ProductView>> {
    Ok(retried(|| update(&app, &caller, id, &expected, &body, Mode::Partial)).await?)
}

async fn update(
    app: &App,
    caller: &Caller,
    id: ProductId,
    expected: &IfMatch,
    body: &JsonObject,
    mode: Mode,
) -> Outcome<Tagged<ProductView>> {
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
    let mut notes = vec![CatalogueWrite::Product(id, product.store)];
    if moves_to.is_some() {
        notes.push(CatalogueWrite::Store(seen.product.entity.product.store));
    }
    let write = app.table().replace_product(&seen.product, &product, shelved, limited, app.request().key());
    app.noting(caller, &notes, write).await?;
    stock_levels.extend(merged.made);
    let entity = StockedProduct { product, stock_levels };
    Ok(tagged(&Versioned::new(entity, version + 1), currency))
}

//! `POST /api/products/`

use super::fields::ProductFields;
use super::tagged;
use super::variants::merge;
use super::view::ProductView;
use crate::{access, slug};
use http::StatusCode;
use jiff::Timestamp;
use oms_core::app::App;
use oms_core::lists::just_changed::CatalogueWrite;
use oms_core::races::retried;
use oms_domain::catalog::{Product, ProductStatus, Store};
use oms_domain::place::invalid_pk;
use oms_domain::{Caller, Error, Outcome, StoreId, VariantId};
use oms_http::Tagged;
use oms_http::responses::Created;
use oms_http::validation::{Fields, Mode};
use oms_http::{Authenticated, JsonObject, Reply};
use oms_table::catalog::products::StockedProduct;
use oms_table::catalog::stock::StockLevel;
use oms_table::entity::{FIRST_VERSION, Versioned};
use uuid::Uuid;

/// Makes a product of a store, with its variants and what lies on the shelves.
#[utoipa::path(
    post, path = "/api/products/", tag = "products",
    request_body = ProductFields,
    responses(
        Created<ProductView>,
        (status = 403, description = "The store is not the caller's to write"),
        (status = 400, description = "A field is wrong, or the store has as many products as one may have"),
        (status = 409, description = "The store was deleted at the same time"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create(
    app: App,
    Authenticated(caller): Authenticated,
    body: JsonObject,
) -> Reply<(StatusCode, Tagged<ProductView>)> {
    access::sells(&caller)?;
    Ok(retried(|| try_to_create(&app, &caller, &body)).await?)
}

async fn try_to_create(
    app: &App,
    caller: &Caller,
    body: &JsonObject,
) -> Outcome<(StatusCode, Tagged<ProductView>)> {
    let mut f = Fields::new(body.0.clone(), Mode::Create);
    let store = named_store(app, caller, &mut f, None).await?;
    let currency = store.as_ref().map_or(app.config().currency, |store| store.currency);
    let fields = ProductFields::read(&mut f, None, currency);
    f.finish()?;
    let store = store.ok_or_else(|| Error::internal("a missing store was not refused"))?;
    let stocked = new_product(fields, store.id, app)?;
    let most = app.config().max_products_per_store.get();
    let write = app.table().insert_product(&stocked, &store, most, app.request().key());
    app.noting(caller, &[CatalogueWrite::Product(stocked.product.id, store.id)], write).await?;
    let made = Versioned::new(stocked, FIRST_VERSION);
    Ok((StatusCode::CREATED, tagged(&made, currency)))
}

/// The store that the body names, where the caller may write it; none where the body names none or
/// `current`, the one that the product is in, or, with the problem noted, where there is no such
/// store for them.
///
/// # Errors
/// 403 where they see it but may not write it.
pub(crate) async fn named_store(
    app: &App,
    caller: &Caller,
    f: &mut Fields,
    current: Option<StoreId>,
) -> Outcome<Option<Store>> {
    let Some(id) = f.required::<Uuid>("store").map(StoreId).filter(|id| current != Some(*id)) else {
        return Ok(None);
    };
    match access::store(app, caller, id).await {
        Ok(seen) => Ok(Some(seen.managed()?.entity)),
        Err(Error::NotFound(_)) => {
            f.error("store", invalid_pk(&id));
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

fn new_product(mut fields: ProductFields, store: StoreId, app: &App) -> Outcome<StockedProduct> {
    let missing = || Error::internal("a required field was neither read nor refused");
    let name = fields.name.take().ok_or_else(missing)?;
    let base_price = fields.base_price.ok_or_else(missing)?;
    let current_price = fields.current_price.unwrap_or(base_price);
    let entries = fields.variants.take().unwrap_or_default();
    let merged = merge(&[], entries, current_price, || app.new_id::<VariantId>());
    let own = StockLevel::new(None, fields.stock.unwrap_or(0));
    let now: Timestamp = app.now();
    let id = app.new_id();
    let mut product = Product {
        id,
        store,
        slug: slug::of_name(&name, id),
        name,
        sku: String::new(),
        description: String::new(),
        base_price,
        current_price,
        status: ProductStatus::Active,
        variants: merged.variants,
        created_at: now,
        updated_at: now,
    };
    fields.change(&mut product);
    let stock_levels = std::iter::once(own).chain(merged.made).collect();
    Ok(StockedProduct { product, stock_levels })
}

//! `GET /api/products/`

use super::view::ProductView;
use crate::access;
use crate::listing::{self, Entry};
use axum::Json;
use axum::extract::State;
use oms_core::app::App;
use oms_core::http::error::ErrorBody;
use oms_core::http::pages::Links;
use oms_core::http::{ApiError, Caller, Page, PageRequest, Query, Reply};
use oms_core::table::products::ProductSummary;
use oms_domain::catalog::{ProductStatus, StoreStatus};
use oms_domain::{Currency, ProductId, StoreId};
use std::collections::BTreeSet;

/// The products that the caller may see, newest first: active ones of active stores; a vendor's
/// also what is in their own stores; for staff all.
#[utoipa::path(
    get, path = "/api/products/", tag = "products",
    params(
        ("page" = Option<String>, Query, description = "A number from 1, or `last`"),
        ("page_size" = Option<u32>, Query, description = "Entries on a page, 20 unless said, at most 100"),
        ("store" = Option<uuid::Uuid>, Query, description = "Who sells them"),
        ("status" = Option<String>, Query, description = "`draft`, `active` or `archived`"),
        ("search" = Option<String>, Query, description = "Terms that the name, the SKU or a variant's SKU must contain"),
        ("ordering" = Option<String>, Query, description = "`created_at` or `name`, with `-` for descending"),
    ),
    responses(
        (status = 200, description = "A page", body = Page<ProductView>),
        (status = 400, description = "A filter's value is no choice", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such page", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    query: Query,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<ProductView>>> {
    let status = query.choice("status", |word| word.parse().ok())?;
    let products = match query.filled("store") {
        Some(store) => of_store(&app, &caller, store, status).await?,
        None => of_all(&app, &caller, status).await?,
    };
    let entries = products.into_iter().map(entry).collect();
    let page = listing::page(entries, &query, &request, &links)?;
    let results = show_all(&app, &page.results).await?;
    Ok(Json(Page { count: page.count, next: page.next, previous: page.previous, results }))
}

/// What a store sells, as far as the caller may see it.
async fn of_store(
    app: &App,
    caller: &Caller,
    store: &str,
    status: Option<ProductStatus>,
) -> Reply<Vec<ProductSummary>> {
    // django-filter's words for a reference to what is not among the caller's choices.
    let words = "Select a valid choice. That choice is not one of the available choices.";
    let no_choice = || ApiError::field("store", words);
    let id: StoreId = store.parse().map_err(|_| no_choice())?;
    let store = match access::store(app, caller, id).await {
        Err(ApiError::NotFound(_)) => return Err(no_choice()),
        seen => seen?,
    };
    let statuses = statuses(status, store.manages);
    let listed = app.table().products_with(Some(id), &statuses).await?;
    listing::complete(listed, "products")
}

/// What all stores sell, as far as the caller may see it.
async fn of_all(app: &App, caller: &Caller, status: Option<ProductStatus>) -> Reply<Vec<ProductSummary>> {
    let statuses = statuses(status, access::sells(caller).is_ok());
    let table = app.table();
    if caller.is_staff() {
        return listing::complete(table.products_with(None, &statuses).await?, "products");
    }
    let active = table.stores_with(&[StoreStatus::Active]);
    let (products, stores) = futures::try_join!(table.products_with(None, &statuses), active)?;
    let own: BTreeSet<StoreId> = if caller.is_vendor() {
        let own = table.stores_of(&caller.user.id).await?;
        own.into_iter().map(|store| store.id).collect()
    } else {
        BTreeSet::new()
    };
    let stores = listing::complete(stores, "stores")?.into_iter();
    let active: BTreeSet<StoreId> = stores.map(|store| store.id).collect();
    let mut products = listing::complete(products, "products")?;
    products.retain(|product| {
        let is_on_sale = product.status == ProductStatus::Active && active.contains(&product.store);
        is_on_sale || own.contains(&product.store)
    });
    Ok(products)
}

/// The statuses of which the caller may see any at all.
fn statuses(asked: Option<ProductStatus>, sees_all: bool) -> Vec<ProductStatus> {
    let all = ProductStatus::ALL.iter().copied();
    all.filter(|status| asked.is_none_or(|asked| asked == *status))
        .filter(|status| sees_all || *status == ProductStatus::Active)
        .collect()
}

fn entry(product: ProductSummary) -> Entry<(ProductId, StoreId)> {
    let mut searched = product.variant_skus;
    searched.push(product.name.clone());
    searched.push(product.sku);
    Entry {
        id: product.id.0,
        name: product.name,
        created_at: product.created_at,
        searched,
        shown: (product.id, product.store),
    }
}

/// The products of a page as they are now; what was deleted meanwhile is left out.
async fn show_all(app: &App, page: &[(ProductId, StoreId)]) -> Reply<Vec<ProductView>> {
    let table = app.table();
    let (products, stores) = futures::try_join!(
        table.products(page.iter().map(|(product, _)| *product)),
        table.stores(page.iter().map(|(_, store)| *store)),
    )?;
    let currency = |id: StoreId| -> Currency {
        let store = stores.iter().find(|store| store.id == id);
        store.map_or(app.config().currency, |store| store.currency)
    };
    let shown = page.iter().filter_map(|(id, _)| {
        let stocked = products.iter().find(|stocked| stocked.product.id == *id)?;
        Some(ProductView::new(stocked, currency(stocked.product.store)))
    });
    Ok(shown.collect())
}

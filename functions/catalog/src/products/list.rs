//! `GET /api/products/`

use super::view::ProductView;
use crate::access::{self, SeenStore};
use crate::listing::{self, Entry, Found};
use axum::Json;
use oms_core::app::App;
use oms_core::lists::catalog::ByTime;
use oms_domain::catalog::{ProductStatus, StoreStatus};
use oms_domain::{Caller, Error, Outcome, ProductId, StoreId};
use oms_http::pages::Links;
use oms_http::responses::Listed;
use oms_http::{Authenticated, Page, PageRequest, Query, Reply};
use oms_table::catalog::assortments::Assortment;
use oms_table::catalog::products::ProductSummary;
use std::collections::BTreeSet;

/// The products that the caller may see, newest first: active ones of active stores; a vendor's
/// also what is in their own stores; for staff all.
#[utoipa::path(
    get, path = "/api/products/", tag = "products",
    params(
        ("store" = Option<uuid::Uuid>, Query, description = "Who sells them"),
        ("status" = Option<String>, Query, description = "`draft`, `active` or `archived`"),
        ("search" = Option<String>, Query, description = "Terms that the name, the SKU or a variant's SKU must contain"),
        ("ordering" = Option<String>, Query, description = "`created_at` or `name`, with `-` for descending"),
    ),
    responses(Listed<Page<ProductView>>, (status = 400, description = "A filter's value is no choice")),
    security(("bearer" = [])),
)]
pub(crate) async fn list(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<ProductView>>> {
    let status = query.choice("status", |word| word.parse().ok())?;
    let store = match query.filled("store") {
        Some(store) => Some(named(&app, &caller, store).await?),
        None => None,
    };
    let found = match listing::by_time(&query) {
        Some(sorting) => {
            let (lists, visible) = lists(&app, &caller, store.as_ref(), status).await?;
            let wanted = |product: &ProductSummary| visible.shows(product.store);
            let cut = app.products_by_time(lists, &sorting, &request, wanted).await?;
            let made = |product: &ProductSummary| (product.created_at, product.id.0);
            listing::found_by_time(sorting, cut, made, |product| (product.id, product.store))
        }
        None => {
            let products = match &store {
                Some(store) => of_store(&app, store, status).await?,
                None => of_all(&app, &caller, status).await?,
            };
            listing::found(products.into_iter().map(entry).collect(), &query, &request)?
        }
    };
    Ok(Json(page_of(&app, &caller, &found, &links).await?))
}

/// The store that the filter names, which the caller must see.
async fn named(app: &App, caller: &Caller, store: &str) -> Outcome<SeenStore> {
    // django-filter's words for a reference to what is not among the caller's choices.
    let words = "Select a valid choice. That choice is not one of the available choices.";
    let no_choice = || Error::field("store", words);
    let id: StoreId = store.parse().map_err(|_| no_choice())?;
    match access::store(app, caller, id).await {
        Err(Error::NotFound(_)) => Err(no_choice()),
        seen => seen,
    }
}

/// Whose products of the list of all the caller sees: those of stores that sell, and their own.
#[derive(Default)]
struct Visible {
    hidden: BTreeSet<StoreId>,
}

impl Visible {
    fn shows(&self, store: StoreId) -> bool {
        !self.hidden.contains(&store)
    }
}

/// The lists that hold what the caller may see of the products of a store, or of all, and how many
/// those are.
async fn lists(
    app: &App,
    caller: &Caller,
    store: Option<&SeenStore>,
    status: Option<ProductStatus>,
) -> Outcome<(ByTime, Visible)> {
    let mut lists = ByTime::default();
    if let Some(SeenStore { store, manages }) = store {
        let counted = app.table().count_of_products(store.entity.id).await?;
        for status in statuses(status, *manages) {
            lists.add_products_of(counted.store, status, counted.of(status));
        }
        return Ok((lists, Visible::default()));
    }
    let statuses = statuses(status, access::sells(caller).is_ok());
    let (selling, others) = futures::try_join!(
        app.table().assortments(&[StoreStatus::Active]),
        app.table().assortments(&[StoreStatus::Inactive])
    )?;
    let own: BTreeSet<StoreId> = if caller.is_vendor() {
        app.table().stores_of(&caller.user.id).await?.into_iter().map(|store| store.id).collect()
    } else {
        BTreeSet::new()
    };
    let is_shown = |counted: &&Assortment| caller.is_staff() || own.contains(&counted.store);
    let hidden = others.iter().filter(|counted| !is_shown(counted)).map(|counted| counted.store);
    let visible = Visible { hidden: hidden.collect() };
    for status in statuses {
        if caller.is_staff() || status == ProductStatus::Active {
            let shown = selling.iter().chain(others.iter().filter(is_shown));
            lists.add_products(status, shown.map(|counted| counted.of(status)).sum());
        } else {
            for counted in selling.iter().chain(&others).filter(is_shown) {
                lists.add_products_of(counted.store, status, counted.of(status));
            }
        }
    }
    Ok((lists, visible))
}

/// What a store sells, as far as the caller may see it.
async fn of_store(
    app: &App,
    store: &SeenStore,
    status: Option<ProductStatus>,
) -> Outcome<Vec<ProductSummary>> {
    let statuses = statuses(status, store.manages);
    let listed = app.table().products_with(Some(store.store.entity.id), &statuses).await?;
    listing::complete(listed, "products")
}

/// What all stores sell, as far as the caller may see it.
async fn of_all(app: &App, caller: &Caller, status: Option<ProductStatus>) -> Outcome<Vec<ProductSummary>> {
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

/// The products of a page as they are now; what was deleted meanwhile is left out, and what the
/// store no longer sells.
async fn page_of(
    app: &App,
    caller: &Caller,
    found: &Found<(ProductId, StoreId)>,
    links: &Links,
) -> Outcome<Page<ProductView>> {
    let (table, page) = (app.table(), found.listed());
    let (products, stores) = futures::try_join!(
        table.products(page.iter().map(|(product, _)| *product)),
        table.stores(page.iter().map(|(_, store)| *store)),
    )?;
    let view = |(id, _): &(ProductId, StoreId)| {
        let stocked = products.iter().find(|stocked| stocked.product.id == *id)?;
        let store = stores.iter().find(|store| store.id == stocked.product.store)?;
        let is_seen = store.status == StoreStatus::Active || access::manages(caller, store.owner.as_ref());
        is_seen.then(|| ProductView::new(stocked, store.currency))
    };
    Ok(found.page(view, links))
}

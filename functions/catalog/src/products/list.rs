//! `GET /api/products/`

use super::view::ProductView;
use crate::access::{self, SeenStore};
use crate::listing::{self, Entry, Found};
use axum::Json;
use oms_core::app::App;
use oms_core::lists::catalog::ByTime;
use oms_core::lists::just_changed::ChangedCatalogue;
use oms_domain::catalog::{ProductStatus, StoreStatus};
use oms_domain::{Caller, Error, Outcome, ProductId, StoreId};
use oms_http::pages::Links;
use oms_http::responses::Listed;
use oms_http::{Authenticated, Page, PageRequest, Query, Reply};
use oms_runtime::meter;
use oms_table::catalog::assortments::Assortment;
use oms_table::catalog::products::ProductSummary;
use oms_table::keys::{self, Index};
use oms_table::lists::Span;
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
    let store = query.id("store")?.map(StoreId);
    let sorting = listing::by_time(&query);
    let shown = Shown::read(&app, &caller, store, status, sorting.is_some());
    let (shown, found) = match sorting {
        Some(sorting) => {
            // What a vendor's own stores have besides is found once it is known which they are.
            let spans = spans(store, statuses(status, caller.is_staff()));
            let page = ByTime::begin(&app, spans, &sorting, &request);
            let (shown, page) = meter::both(shown, page).await?;
            let changed = &shown.changed.products;
            let known = changed.entries.iter().filter(|product| shown.has(product)).cloned().collect();
            let wanted = |product: &ProductSummary| shown.has(product) && !changed.has(product.id.0);
            let cut = page.cut(shown.own_lists(), known, shown.counted(), wanted).await?;
            let made = |product: &ProductSummary| (product.created_at, product.id.0);
            let found = listing::found_by_time(sorting.clone(), cut, made, |product| product);
            (shown, found)
        }
        None => {
            let shown = shown.await?;
            let listed = app.table().products_with(store, &shown.statuses).await?;
            let mut products = listing::complete(listed, "products")?;
            shown.changed.products.put_into(&mut products);
            products.retain(|product| shown.has(product));
            let found = listing::found(products.into_iter().map(entry).collect(), &query, &request)?;
            (shown, found)
        }
    };
    Ok(Json(page_of(&app, &shown, &found, &links).await?))
}

/// django-filter's words for a reference to what is not among the caller's choices.
fn no_choice() -> Error {
    Error::field("store", "Select a valid choice. That choice is not one of the available choices.")
}

/// The store that the filter names, which the caller must see.
async fn named(app: &App, caller: &Caller, store: StoreId) -> Outcome<SeenStore> {
    match access::store(app, caller, store).await {
        Err(Error::NotFound(_)) => Err(no_choice()),
        seen => seen,
    }
}

/// The lists of the products of some statuses, of a store or of all. Active ones are most.
fn spans(store: Option<StoreId>, mut statuses: Vec<ProductStatus>) -> Vec<Span> {
    statuses.sort_by_key(|status| *status != ProductStatus::Active);
    let span = |status| match store {
        Some(store) => Span::all(Index::Store, keys::list_of_store_products(store, status)),
        None => Span::all(Index::All, keys::list_of_products(status)),
    };
    statuses.into_iter().map(span).collect()
}

/// What the caller may see of the products of a store, or of all, with what they have just done.
struct Shown<'a> {
    caller: &'a Caller,
    store: Option<StoreId>,
    statuses: Vec<ProductStatus>,
    changed: ChangedCatalogue,
    /// The products whose stock they have just moved.
    moved: BTreeSet<ProductId>,
    /// How many products there are: of the one store, or else of those that sell.
    counted: Vec<Assortment>,
    /// How many of those that do not sell, by their ids.
    unsold: Vec<Assortment>,
    /// The stores that a vendor owns.
    own: BTreeSet<StoreId>,
}

impl<'a> Shown<'a> {
    async fn read(
        app: &App,
        caller: &'a Caller,
        store: Option<StoreId>,
        status: Option<ProductStatus>,
        is_counted: bool,
    ) -> Outcome<Self> {
        let table = app.table();
        let (active, inactive) = ([StoreStatus::Active], [StoreStatus::Inactive]);
        let counts = async {
            Ok(match store {
                Some(store) if is_counted => (vec![table.count_of_products(store).await?], Vec::new()),
                None if is_counted || !caller.is_staff() => {
                    let counts = [table.assortments(&active), table.assortments(&inactive)];
                    let mut counts = meter::side_by_side(counts).await?.into_iter();
                    (counts.next().unwrap_or_default(), counts.next().unwrap_or_default())
                }
                _ => Default::default(),
            })
        };
        let (seen, own) = (
            async {
                Ok(match store {
                    Some(store) => Some(named(app, caller, store).await?),
                    None => None,
                })
            },
            async {
                let is_asked = caller.is_vendor() && store.is_none();
                Ok(if is_asked { table.stores_of(&caller.user.id).await? } else { Vec::new() })
            },
        );
        let changed = meter::both(app.changed_catalogue(caller, |_| true), app.stock_just_moved(caller));
        let of_stores = meter::both(counts, meter::both(seen, own));
        let (of_stores, (changed, moved)) = meter::both(of_stores, changed).await?;
        let ((mut counted, mut unsold), (seen, mut own)) = of_stores;
        if store.is_none() {
            changed.put_counts_into(&mut counted, StoreStatus::Active);
            changed.put_counts_into(&mut unsold, StoreStatus::Inactive);
            changed.stores.put_into(&mut own);
            own.retain(|store| access::manages(caller, store.owner.as_ref()));
        }
        unsold.sort_by_key(|counted| counted.store);
        let own = own.into_iter().map(|store| store.id).collect();
        let sees_all = seen.map_or(access::sells(caller).is_ok(), |store| store.manages);
        let statuses = statuses(status, sees_all);
        Ok(Self { caller, store, statuses, changed, moved, counted, unsold, own })
    }

    /// Whether the caller sees whatever a store has.
    fn shows_all_of(&self, store: StoreId) -> bool {
        self.store == Some(store) || self.caller.is_staff() || self.own.contains(&store)
    }

    /// Whether a product is on the list.
    fn has(&self, product: &ProductSummary) -> bool {
        let is_hidden = || self.unsold.binary_search_by_key(&product.store, |counted| counted.store).is_ok();
        self.statuses.contains(&product.status)
            && self.store.is_none_or(|store| store == product.store)
            && !self.changed.is_gone(product.store)
            && (self.shows_all_of(product.store) || product.status == ProductStatus::Active && !is_hidden())
    }

    /// How many products of a status a store has that are on the list.
    fn counted_of(&self, counted: &Assortment, status: ProductStatus) -> u64 {
        let is_sold = || self.unsold.binary_search_by_key(&counted.store, |one| one.store).is_err();
        let is_listed = self.shows_all_of(counted.store) || status == ProductStatus::Active && is_sold();
        if is_listed { counted.of(status) } else { 0 }
    }

    /// How many there are on the list.
    fn counted(&self) -> u64 {
        let stores = self.counted.iter().chain(&self.unsold);
        let counts = stores.flat_map(|store| self.statuses.iter().map(move |status| (store, *status)));
        counts.map(|(store, status)| self.counted_of(store, status)).sum()
    }

    /// The lists of what a vendor's own stores have and do not sell, where they have any: what the
    /// counter does not know yet shows a moment later.
    fn own_lists(&self) -> Vec<Span> {
        if self.caller.is_staff() {
            return Vec::new();
        }
        let own = self.counted.iter().chain(&self.unsold).filter(|one| self.shows_all_of(one.store));
        let lists = own.flat_map(|one| self.statuses.iter().map(move |status| (one, *status)));
        let lists = lists.filter(|(one, status)| *status != ProductStatus::Active && one.of(*status) > 0);
        lists.flat_map(|(one, status)| spans(Some(one.store), vec![status])).collect()
    }
}

/// The statuses of which the caller may see any at all.
fn statuses(asked: Option<ProductStatus>, sees_all: bool) -> Vec<ProductStatus> {
    let all = ProductStatus::ALL.iter().copied();
    all.filter(|status| asked.is_none_or(|asked| asked == *status))
        .filter(|status| sees_all || *status == ProductStatus::Active)
        .collect()
}

fn entry(product: ProductSummary) -> Entry<ProductSummary> {
    let mut searched = product.variant_skus.clone();
    searched.push(product.name.clone());
    searched.push(product.sku.clone());
    Entry {
        id: product.id.0,
        name: product.name.clone(),
        created_at: product.created_at,
        searched,
        shown: product,
    }
}

/// The products of a page as they are now; what was deleted meanwhile is left out. What the caller
/// has just changed, or moved stock of, is read consistently.
async fn page_of(
    app: &App,
    shown: &Shown<'_>,
    found: &Found<ProductSummary>,
    links: &Links,
) -> Outcome<Page<ProductView>> {
    let (table, page) = (app.table(), found.listed());
    let ids: Vec<ProductId> = page.iter().map(|product| product.id).collect();
    let is_exact = |id: ProductId| shown.changed.products.has(id.0) || shown.moved.contains(&id);
    let unpriced = page.iter().filter(|product| product.currency.is_none()).map(|product| product.store);
    let (products, stores) = meter::both(table.products(&ids, is_exact), table.stores(unpriced)).await?;
    let view = |listed: &ProductSummary| {
        let stocked = products.iter().find(|stocked| stocked.product.id == listed.id)?;
        let store = || stores.iter().find(|store| store.id == listed.store);
        let currency = listed.currency.or_else(|| Some(store()?.currency))?;
        Some(ProductView::new(stocked, currency))
    };
    Ok(found.page(view, links))
}

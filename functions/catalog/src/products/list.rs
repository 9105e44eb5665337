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
    let sorting = listing::by_time(&query);
    let shown = Shown::read(&app, &caller, store.as_ref(), status, sorting.is_some()).await?;
    let wanted = |product: &ProductSummary| shown.has(product);
    let found = match sorting {
        Some(sorting) => {
            let (lists, changed) = (shown.lists(), &shown.changed.products);
            let cut = app.products_by_time(lists, changed, &sorting, &request, wanted).await?;
            let made = |product: &ProductSummary| (product.created_at, product.id.0);
            listing::found_by_time(sorting, cut, made, |product| (product.id, product.store))
        }
        None => {
            let listed = app.table().products_with(shown.store, &shown.statuses).await?;
            let mut products = listing::complete(listed, "products")?;
            shown.changed.products.put_into(&mut products);
            products.retain(wanted);
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

/// What the caller may see of the products of a store, or of all, with what they have just done.
struct Shown<'a> {
    caller: &'a Caller,
    store: Option<StoreId>,
    statuses: Vec<ProductStatus>,
    changed: ChangedCatalogue,
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
        store: Option<&SeenStore>,
        status: Option<ProductStatus>,
        is_counted: bool,
    ) -> Outcome<Self> {
        let table = app.table();
        let (active, inactive) = ([StoreStatus::Active], [StoreStatus::Inactive]);
        let counts = async {
            Ok(match store {
                Some(seen) if is_counted => {
                    (vec![table.count_of_products(seen.store.entity.id).await?], Vec::new())
                }
                None if is_counted || !caller.is_staff() => {
                    futures::try_join!(table.assortments(&active), table.assortments(&inactive))?
                }
                _ => Default::default(),
            })
        };
        let own = async {
            let is_asked = caller.is_vendor() && store.is_none();
            Ok(if is_asked { table.stores_of(&caller.user.id).await? } else { Vec::new() })
        };
        let counts = meter::both(counts, own);
        let changed = app.changed_catalogue(caller, |_| true);
        let (((mut counted, mut unsold), mut own), changed) = meter::both(counts, changed).await?;
        if store.is_none() {
            changed.put_counts_into(&mut counted, StoreStatus::Active);
            changed.put_counts_into(&mut unsold, StoreStatus::Inactive);
            changed.stores.put_into(&mut own);
            own.retain(|store| access::manages(caller, store.owner.as_ref()));
        }
        unsold.sort_by_key(|counted| counted.store);
        let own = own.into_iter().map(|store| store.id).collect();
        let sees_all = store.map_or(access::sells(caller).is_ok(), |store| store.manages);
        let store = store.map(|seen| seen.store.entity.id);
        Ok(Self { caller, store, statuses: statuses(status, sees_all), changed, counted, unsold, own })
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

    /// The lists that hold it, and how many are on it.
    fn lists(&self) -> ByTime {
        let mut lists = ByTime::default();
        let shown = || {
            let unsold = self.unsold.iter().filter(|counted| self.shows_all_of(counted.store));
            self.counted.iter().chain(unsold)
        };
        for status in self.statuses.iter().copied() {
            let is_of_all = self.caller.is_staff() || status == ProductStatus::Active;
            if self.store.is_none() && is_of_all {
                lists.add_products(status, shown().map(|counted| counted.of(status)).sum());
                continue;
            }
            for counted in shown().filter(|counted| self.shows_all_of(counted.store)) {
                lists.add_products_of(counted.store, status, counted.of(status));
            }
        }
        lists
    }
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

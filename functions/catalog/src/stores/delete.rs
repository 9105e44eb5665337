//! `DELETE /api/stores/{id}/`

use super::view::StoreView;
use crate::access;
use axum::Json;
use oms_core::app::App;
use oms_core::lists::just_changed::CatalogueWrite;
use oms_core::races::retried;
use oms_domain::catalog::ProductStatus;
use oms_domain::tally::Scope;
use oms_domain::{Caller, Error, Outcome, StoreId};
use oms_http::etag::IfMatch;
use oms_http::responses::{Removed, WritersOnly};
use oms_http::views::Deleted;
use oms_http::{Reply, Target};
use oms_table::catalog::products::StockedProduct;
use oms_table::entity::Versioned;
use oms_table::lists::{OrderList, Wanted};

/// The most products that are deleted with their store, which is what one request has time for.
const MAX_PRODUCTS: usize = 1_000;
/// How many items one transaction removes: products, their shelves, and beside them the count.
const AT_ONCE: usize = 99;
/// How many of the newest orders are looked at; of more than those, the counters tell, which follow
/// within moments.
const NEWEST: usize = 100;

/// Deletes a store with its products, once all its orders are finished. They keep what they know of
/// it, and its owner still sees them. Should it fail halfway, the store is still there, and the
/// same request deletes the rest.
#[utoipa::path(
    delete, path = "/api/stores/{id}/", tag = "stores",
    params(("id" = uuid::Uuid, Path, description = "The store")),
    responses(
        Removed<StoreView>, WritersOnly<StoreView>,
        (status = 400, description = "It has orders that are not finished, or more than 1,000 products"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    app: App,
    Target { caller, id, expected }: Target<StoreId>,
) -> Reply<Json<Deleted>> {
    retried(|| delete_store(&app, &caller, id, &expected)).await?;
    Ok(Json(Deleted { message: "Store deleted successfully" }))
}

async fn delete_store(app: &App, caller: &Caller, id: StoreId, expected: &IfMatch) -> Outcome<()> {
    let store = access::store(app, caller, id).await?.managed()?;
    expected.check(store.version)?;
    check_orders(app, id).await?;
    let mut products = app.table().products_with(Some(id), ProductStatus::ALL).await?.entries;
    app.changed_catalogue(caller, |_| true).await?.products.put_into(&mut products);
    products.retain(|product| product.store == id);
    if products.len() > MAX_PRODUCTS {
        return Err(Error::Rule {
            code: "too_many_products",
            message: format!("A store with more than {MAX_PRODUCTS} products cannot be deleted"),
        });
    }
    let mut together: Vec<Versioned<StockedProduct>> = Vec::new();
    let mut items = 0;
    for product in products {
        let Some(product) = app.table().product(product.id).await? else { continue };
        let more = 1 + product.entity.stock_levels.len();
        if items + more > AT_ONCE {
            app.table().delete_products(&together, Some(&store.entity)).await?;
            (together, items) = (Vec::new(), 0);
        }
        together.push(product);
        items += more;
    }
    if !together.is_empty() {
        app.table().delete_products(&together, Some(&store.entity)).await?;
    }
    // Last, so that it is fresh however long the products took: lists hide them with their store.
    let write = app.table().delete_store(&store, app.now());
    Ok(app.noting(caller, &[CatalogueWrite::Store(id)], write).await?)
}

/// Refuses a store of which somebody still waits for something. An order that is placed at the very
/// moment is not lost: the owner of a deleted store runs its orders as before. And none is placed
/// any more once the shelves are gone, from which it would have to take.
async fn check_orders(app: &App, id: StoreId) -> Outcome<()> {
    let (scope, list, wanted) = (Scope::Store(id), [OrderList::OfStore(id)], Wanted::default());
    let (counts, newest) = futures::try_join!(
        app.table().counts_by_status(&scope),
        app.table().listed_orders(&list, &wanted, NEWEST)
    )?;
    let is_all = newest.len() < NEWEST;
    let is_counted =
        counts.counts().statuses.iter().any(|(status, count)| status.is_unfinished() && *count > 0);
    if newest.iter().any(|order| order.status.is_unfinished()) || !is_all && is_counted {
        return Err(Error::Rule {
            code: "unfinished_orders",
            message: "A store with unfinished orders cannot be deleted".to_owned(),
        });
    }
    Ok(())
}

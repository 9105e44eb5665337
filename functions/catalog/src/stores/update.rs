//! `PUT` and `PATCH /api/stores/{id}/`

use super::fields::{StoreFields, StorePatch};
use super::tagged;
use super::view::StoreView;
use crate::access;
use oms_core::app::App;
use oms_core::lists::just_changed::CatalogueWrite;
use oms_core::races::retried;
use oms_domain::catalog::Store;
use oms_domain::{Caller, Error, Outcome, StoreId};
use oms_http::Tagged;
use oms_http::etag::IfMatch;
use oms_http::responses::{Changed, WritersOnly};
use oms_http::validation::Mode;
use oms_http::{JsonObject, Reply, Target};

/// Changes a store as a whole. Optional fields that are left out stay as they are; the map of
/// shipping costs is replaced.
#[utoipa::path(
    put, path = "/api/stores/{id}/", tag = "stores",
    params(("id" = uuid::Uuid, Path, description = "The store")),
    request_body = StoreFields,
    responses(
        Changed<StoreView>, WritersOnly<StoreView>,
        (status = 400, description = "A field is wrong, or the new owner has as many stores as one may have"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn put(
    app: App,
    Target { caller, id, expected }: Target<StoreId>,
    body: JsonObject,
) -> Reply<Tagged<StoreView>> {
    Ok(retried(|| update(&app, &caller, id, &expected, &body, Mode::Update)).await?)
}

/// Changes any part of a store.
#[utoipa::path(
    patch, path = "/api/stores/{id}/", tag = "stores",
    params(("id" = uuid::Uuid, Path, description = "The store")),
    request_body = StorePatch,
    responses(
        Changed<StoreView>, WritersOnly<StoreView>,
        (status = 400, description = "A field is wrong, or the new owner has as many stores as one may have"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn patch(
    app: App,
    Target { caller, id, expected }: Target<StoreId>,
    body: JsonObject,
) -> Reply<Tagged<StoreView>> {
    Ok(retried(|| update(&app, &caller, id, &expected, &body, Mode::Partial)).await?)
}

async fn update(
    app: &App,
    caller: &Caller,
    id: StoreId,
    expected: &IfMatch,
    body: &JsonObject,
    mode: Mode,
) -> Outcome<Tagged<StoreView>> {
    let seen = access::store(app, caller, id).await?.managed()?;
    expected.check(seen.version)?;
    let mut store = seen.entity.clone();
    let fields = StoreFields::read(body.clone(), mode, caller, store.currency)?;
    fields.change(&mut store, app.now());
    if store.currency != seen.entity.currency {
        check_currency(app, &seen.entity).await?;
    }
    let most = app.config().max_stores_per_owner.get();
    let write = app.table().replace_store(&seen, &store, most, app.request().key());
    app.noting(caller, &[CatalogueWrite::Store(id)], write).await?;
    Ok(tagged(&seen.next(store)))
}

/// Whether a store may turn to another currency: its prices, and those of its orders, would not.
async fn check_currency(app: &App, store: &Store) -> Outcome<()> {
    if app.table().begin_assortment(store).await?.was_begun() {
        Err(Error::field("currency", "The currency is fixed once the store has a product or an order."))
    } else {
        Ok(())
    }
}

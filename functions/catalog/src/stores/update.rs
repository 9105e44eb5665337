//! `PUT` and `PATCH /api/stores/{id}/`

use super::fields::{StoreFields, StorePatch};
use super::view::StoreView;
use super::{Shown, show};
use crate::access;
use oms_core::app::App;
use oms_core::races::retried;
use oms_domain::catalog::Store;
use oms_domain::{Caller, Error, Outcome, StoreId};
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::validation::Mode;
use oms_http::{Authenticated, JsonObject, PathId, Reply};
use oms_table::entity::Versioned;

/// Changes a store as a whole. Optional fields that are left out stay as they are; the map of
/// shipping costs is replaced.
#[utoipa::path(
    put, path = "/api/stores/{id}/", tag = "stores",
    params(("id" = uuid::Uuid, Path, description = "The store")),
    request_body = StoreFields,
    responses(
        (status = 200, description = "The store as it is now", body = StoreView),
        (status = 400, description = "A field is wrong, or the new owner has as many stores as one may have", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 403, description = "The store is not the caller's to write", body = ErrorBody),
        (status = 404, description = "No such store for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn put(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<StoreId>,
    expected: IfMatch,
    body: JsonObject,
) -> Reply<Shown> {
    Ok(retried(|| update(&app, &caller, id, &expected, &body, Mode::Update)).await?)
}

/// Changes any part of a store.
#[utoipa::path(
    patch, path = "/api/stores/{id}/", tag = "stores",
    params(("id" = uuid::Uuid, Path, description = "The store")),
    request_body = StorePatch,
    responses(
        (status = 200, description = "The store as it is now", body = StoreView),
        (status = 400, description = "A field is wrong, or the new owner has as many stores as one may have", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 403, description = "The store is not the caller's to write", body = ErrorBody),
        (status = 404, description = "No such store for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn patch(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<StoreId>,
    expected: IfMatch,
    body: JsonObject,
) -> Reply<Shown> {
    Ok(retried(|| update(&app, &caller, id, &expected, &body, Mode::Partial)).await?)
}

async fn update(
    app: &App,
    caller: &Caller,
    id: StoreId,
    expected: &IfMatch,
    body: &JsonObject,
    mode: Mode,
) -> Outcome<Shown> {
    let seen = access::store(app, caller, id).await?.managed()?;
    expected.check(seen.version)?;
    let mut store = seen.entity.clone();
    let fields = StoreFields::read(body.clone(), mode, caller, store.currency)?;
    fields.change(&mut store, app.now());
    if store.currency != seen.entity.currency {
        check_currency(app, &seen.entity).await?;
    }
    app.table()
        .replace_store(&seen, &store, app.config().max_stores_per_owner.get(), app.request().key())
        .await?;
    Ok(show(&Versioned { entity: store, version: seen.version + 1 }))
}

/// Whether a store may turn to another currency: its prices, and those of its orders, would not.
async fn check_currency(app: &App, store: &Store) -> Outcome<()> {
    if app.table().begin_assortment(store).await?.was_begun() {
        Err(Error::field("currency", "The currency is fixed once the store has a product or an order."))
    } else {
        Ok(())
    }
}

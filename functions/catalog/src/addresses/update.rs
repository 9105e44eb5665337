//! `PUT` and `PATCH /api/addresses/{id}/`

use super::fields::{AddressFields, AddressPatch};
use super::view::AddressView;
use super::{Shown, show};
use crate::access;
use oms_core::app::App;
use oms_core::races::retried;
use oms_domain::{AddressId, Caller, Outcome};
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::validation::Mode;
use oms_http::{Authenticated, JsonObject, PathId, Reply};
use oms_table::catalog::addresses::{AddressRecord, BookEntry};

/// Changes an address as a whole. Optional fields that are left out stay as they are. A new default
/// unsets the one before.
#[utoipa::path(
    put, path = "/api/addresses/{id}/", tag = "addresses",
    params(("id" = uuid::Uuid, Path, description = "The address")),
    request_body = AddressFields,
    responses(
        (status = 200, description = "The address as it is now", body = AddressView),
        (status = 400, description = "A field is wrong", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such address for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn put(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<AddressId>,
    expected: IfMatch,
    body: JsonObject,
) -> Reply<Shown> {
    Ok(retried(|| update(&app, &caller, id, &expected, &body, Mode::Update)).await?)
}

/// Changes any part of an address. A new default unsets the one before.
#[utoipa::path(
    patch, path = "/api/addresses/{id}/", tag = "addresses",
    params(("id" = uuid::Uuid, Path, description = "The address")),
    request_body = AddressPatch,
    responses(
        (status = 200, description = "The address as it is now", body = AddressView),
        (status = 400, description = "A field is wrong", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "No such address for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn patch(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<AddressId>,
    expected: IfMatch,
    body: JsonObject,
) -> Reply<Shown> {
    Ok(retried(|| update(&app, &caller, id, &expected, &body, Mode::Partial)).await?)
}

async fn update(
    app: &App,
    caller: &Caller,
    id: AddressId,
    expected: &IfMatch,
    body: &JsonObject,
    mode: Mode,
) -> Outcome<Shown> {
    let seen = access::address(app, caller, id).await?;
    expected.check(seen.version)?;
    let fields = AddressFields::read(body.clone(), mode, caller)?;
    let is_default = fields.is_default.unwrap_or(seen.is_default);
    let record = AddressRecord {
        user: seen.record.user.clone(),
        address: fields.changed(seen.record.address.clone()),
        created_at: seen.record.created_at,
        updated_at: app.now(),
    };
    app.table().replace_address(&seen, &record, is_default, app.request().key()).await?;
    Ok(show(&BookEntry { record, version: seen.version + 1, is_default }))
}

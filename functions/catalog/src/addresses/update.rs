//! `PUT` and `PATCH /api/addresses/{id}/`

use super::fields::{AddressFields, AddressPatch};
use super::view::AddressView;
use super::{noted, tagged};
use crate::access;
use oms_core::app::App;
use oms_core::races::retried;
use oms_domain::{AddressId, Caller, Outcome};
use oms_http::Tagged;
use oms_http::etag::IfMatch;
use oms_http::responses::Changed;
use oms_http::validation::Mode;
use oms_http::{JsonObject, Reply, Target};
use oms_table::catalog::addresses::{AddressRecord, BookEntry};

/// Changes an address as a whole. Optional fields that are left out stay as they are. A new default
/// unsets the one before.
#[utoipa::path(
    put, path = "/api/addresses/{id}/", tag = "addresses",
    params(("id" = uuid::Uuid, Path, description = "The address")),
    request_body = AddressFields,
    responses(Changed<AddressView>),
    security(("bearer" = [])),
)]
pub(crate) async fn put(
    app: App,
    Target { caller, id, expected }: Target<AddressId>,
    body: JsonObject,
) -> Reply<Tagged<AddressView>> {
    Ok(retried(|| update(&app, &caller, id, &expected, &body, Mode::Update)).await?)
}

/// Changes any part of an address. A new default unsets the one before.
#[utoipa::path(
    patch, path = "/api/addresses/{id}/", tag = "addresses",
    params(("id" = uuid::Uuid, Path, description = "The address")),
    request_body = AddressPatch,
    responses(Changed<AddressView>),
    security(("bearer" = [])),
)]
pub(crate) async fn patch(
    app: App,
    Target { caller, id, expected }: Target<AddressId>,
    body: JsonObject,
) -> Reply<Tagged<AddressView>> {
    Ok(retried(|| update(&app, &caller, id, &expected, &body, Mode::Partial)).await?)
}

async fn update(
    app: &App,
    caller: &Caller,
    id: AddressId,
    expected: &IfMatch,
    body: &JsonObject,
    mode: Mode,
) -> Outcome<Tagged<AddressView>> {
    let seen = access::address(app, caller, id).await?;
    expected.check_shown(&tagged(&seen))?;
    let fields = AddressFields::read(body.clone(), mode, caller)?;
    let is_default = fields.is_default.unwrap_or(seen.is_default);
    let record = AddressRecord {
        user: seen.record.entity.user.clone(),
        address: fields.changed(seen.record.entity.address.clone()),
        created_at: seen.record.entity.created_at,
        updated_at: app.now(),
    };
    let notes: Vec<_> = noted(caller, &record).into_iter().collect();
    let write = app.table().replace_address(&seen, &record, is_default, app.request().key());
    app.noting(caller, &notes, write).await?;
    Ok(tagged(&BookEntry { record: seen.record.next(record), is_default }))
}

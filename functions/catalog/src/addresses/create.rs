//! `POST /api/addresses/`

use super::fields::AddressFields;
use super::view::AddressView;
use super::{noted, tagged};
use http::StatusCode;
use oms_core::app::App;
use oms_domain::{Error, Outcome};
use oms_http::Tagged;
use oms_http::responses::Created;
use oms_http::validation::Mode;
use oms_http::{Authenticated, JsonObject, Reply};
use oms_table::TableError;
use oms_table::catalog::addresses::{AddressRecord, BookEntry, MAX_ADDRESSES};
use oms_table::entity::{FIRST_VERSION, Versioned};

/// Makes an address of the caller; staff may say whose it is.
#[utoipa::path(
    post, path = "/api/addresses/", tag = "addresses",
    request_body = AddressFields,
    responses(
        Created<AddressView>,
        (status = 400, description = "A field is wrong, or the user has 100 addresses"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create(
    app: App,
    Authenticated(caller): Authenticated,
    body: JsonObject,
) -> Reply<(StatusCode, Tagged<AddressView>)> {
    let mut fields = AddressFields::read(body, Mode::Create, &caller)?;
    let user = fields.user.take().unwrap_or_else(|| caller.user.id.clone());
    let is_default = fields.is_default.unwrap_or(false);
    let now = app.now();
    let address = fields.into_address(app.new_id())?;
    let record = AddressRecord { user, address, created_at: now, updated_at: now };
    let notes: Vec<_> = noted(&caller, &record).into_iter().collect();
    let write = app.table().insert_address(&record, is_default, app.request().key());
    match app.noting(&caller, &notes, write).await {
        Ok(()) => {}
        Err(TableError::Conflict) => return Err(refusal(&app, &record).await?.into()),
        Err(error) => return Err(error.into()),
    }
    let entry = BookEntry { record: Versioned::new(record, FIRST_VERSION), is_default };
    Ok((StatusCode::CREATED, tagged(&entry)))
}

/// Why the address was not written: the book is full, or another write came first.
async fn refusal(app: &App, record: &AddressRecord) -> Outcome<Error> {
    let count = app.table().addresses(&record.user).await?.len();
    if count < MAX_ADDRESSES {
        return Ok(TableError::Conflict.into());
    }
    Ok(Error::Rule {
        code: "too_many_addresses",
        message: format!("A user may have at most {MAX_ADDRESSES} addresses"),
    })
}

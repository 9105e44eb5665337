//! `POST /api/stores/`

use super::fields::StoreFields;
use super::tagged;
use super::view::StoreView;
use crate::access;
use http::StatusCode;
use oms_core::app::App;
use oms_core::lists::just_changed::CatalogueWrite;
use oms_http::Tagged;
use oms_http::responses::{Created, SellersOnly};
use oms_http::validation::Mode;
use oms_http::{Authenticated, JsonObject, Reply};
use oms_table::entity::{FIRST_VERSION, Versioned};

/// Makes a store. A vendor's store is their own; staff may say whose it is.
#[utoipa::path(
    post, path = "/api/stores/", tag = "stores",
    request_body = StoreFields,
    responses(
        Created<StoreView>, SellersOnly,
        (status = 400, description = "A field is wrong, or the owner has as many stores as one may have"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create(
    app: App,
    Authenticated(caller): Authenticated,
    body: JsonObject,
) -> Reply<(StatusCode, Tagged<StoreView>)> {
    access::sells(&caller)?;
    let fields = StoreFields::read(body, Mode::Create, &caller, app.config().currency)?;
    let store = fields.into_store(app.new_id(), &caller, app.config(), app.now())?;
    let most = app.config().max_stores_per_owner.get();
    let write = app.table().insert_store(&store, most, app.request().key());
    app.noting(&caller, &[CatalogueWrite::Store(store.id)], write).await?;
    let made = Versioned::new(store, FIRST_VERSION);
    Ok((StatusCode::CREATED, tagged(&made)))
}

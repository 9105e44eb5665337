//! The HTTP function of the catalogue endpoints: stores, products with their variants and stock,
//! and customers' addresses; the API contract's "Catalogue".

mod access;
mod addresses;
mod deleted;
mod listing;
mod money;
mod partial;
mod products;
mod races;
mod slug;
mod stores;

use oms_core::app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The endpoints, and their description.
#[must_use]
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(stores::list::list, stores::create::create))
        .routes(routes!(
            stores::retrieve::retrieve,
            stores::update::put,
            stores::update::patch,
            stores::delete::delete
        ))
        .routes(routes!(products::list::list, products::create::create))
        .routes(routes!(
            products::retrieve::retrieve,
            products::update::put,
            products::update::patch,
            products::delete::delete
        ))
        .routes(routes!(products::adjust_stock::adjust_stock))
        .routes(routes!(addresses::list::list, addresses::create::create))
        .routes(routes!(
            addresses::retrieve::retrieve,
            addresses::update::put,
            addresses::update::patch,
            addresses::delete::delete
        ))
}

/// The endpoints.
pub fn router() -> axum::Router<App> {
    api().into()
}

//! The HTTP function of the notifications endpoints.

mod list;

use oms_core::app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The endpoints, and their description.
#[must_use]
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list))
}

/// The endpoints.
pub fn router() -> axum::Router<App> {
    api().into()
}

//! The HTTP function of the documentation, the console and health. Unknown paths come here as well,
//! for the edge's 404. None of it needs a token.
//!
//! The document is a file of this crate, `openapi.json`, which `cargo openapi` makes from the
//! handlers of all functions and a test holds equal to them. So this function depends on no other,
//! nothing is put together at a cold start, and generators of clients find the file in the
//! repository.

mod console;
mod files;
mod health;
mod misconfigured;
mod page;
mod root;
mod schema;

use axum::Router;
use axum::routing::get;
use oms_core::app::App;

/// The endpoints that the document names.
mod documented {
    oms_core::endpoints!(
        schema in crate::schema,
        docs in crate::page,
        console in crate::console,
        health in crate::health,
    );
}

pub use documented::api;
pub use misconfigured::say_misconfigured;
pub use schema::DOCUMENT;

/// The endpoints, what leads to them, and the files that the page is made of.
pub fn router() -> Router<App> {
    documented::router()
        .route("/", get(root::root))
        .route("/api/", get(root::root))
        .route("/api/docs/{file}/", get(page::file))
        .route("/api/console/{file}/", get(console::file))
        .layer(axum::Extension(health::Probe::default()))
}

//! `GET /`, `/api/` and `/api/v1/`: where somebody begins who knows nothing but the address.

use axum::Json;
use oms_http::pages::Links;
use serde::Serialize;

/// Where to read on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Root {
    /// The page to read and try the API.
    docs: String,
    /// The page to run orders from.
    console: String,
    /// The same for programs.
    schema: String,
    /// Whether the service is up.
    health: String,
}

/// Tells where the API is described.
pub(crate) async fn root(links: Links) -> Json<Root> {
    let [docs, console, schema, health] =
        ["docs", "console", "schema", "health"].map(|name| links.to(&format!("/api/{name}/")));
    Json(Root { docs, console, schema, health })
}

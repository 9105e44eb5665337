//! `GET /api/schema/`

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;

/// The OpenAPI document as it is served.
pub const DOCUMENT: &str = include_str!("../openapi.json");

/// This document: OpenAPI 3.1, as JSON.
#[utoipa::path(
    get, path = "/api/schema/", tag = "documentation",
    responses(
        (status = 200, description = "The document", content_type = "application/json", body = Object),
    ),
)]
pub(crate) async fn schema() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}

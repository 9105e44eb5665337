//! `POST /api/notifications/mark_all_read/`

use axum::Json;
use axum::extract::State;
use oms_core::app::App;
use oms_core::http::error::ErrorBody;
use oms_core::http::{Caller, Reply};
use serde::Serialize;
use utoipa::ToSchema;

/// What was marked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MarkedAll {
    /// For people.
    #[schema(example = "Marked 3 notifications as read")]
    message: String,
    /// How many were unread.
    #[schema(example = 3)]
    updated_count: u64,
}

/// Marks all of the caller's notifications as read, however many there are. It needs no body.
#[utoipa::path(
    post, path = "/api/notifications/mark_all_read/", tag = "notifications",
    responses(
        (status = 200, description = "They are read", body = MarkedAll),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 409, description = "New ones kept coming in at the same time", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn mark_all_read(State(app): State<App>, caller: Caller) -> Reply<Json<MarkedAll>> {
    let updated_count = app.table().mark_all_notifications(&caller.user.id, app.now()).await?;
    let plural = if updated_count == 1 { "" } else { "s" };
    let message = format!("Marked {updated_count} notification{plural} as read");
    Ok(Json(MarkedAll { message, updated_count }))
}

//! `POST /api/notifications/mark_all_read/`

use axum::Json;
use http::StatusCode;
use oms_core::app::App;
use oms_core::races::retried;
use oms_http::{Authenticated, Reply, UnusedBody};
use oms_table::notifications::Wanted;
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
        (status = 409, description = "New ones kept coming in at the same time"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn mark_all_read(
    app: App,
    Authenticated(caller): Authenticated,
    _: UnusedBody,
) -> Reply<Json<MarkedAll>> {
    let user = &caller.user.id;
    let marked = retried(async || {
        let inbox = app.table().inbox(user, app.now()).await?;
        let marked = MarkedAll::new(inbox.count(Wanted { is_read: Some(false), kind: None }));
        if marked.updated_count > 0 {
            // Nothing can be read later that tells how many there were.
            app.request().will_answer(StatusCode::OK, &marked)?;
            app.table().mark_all_notifications(user, &inbox, app.request().key()).await?;
        }
        Ok(marked)
    });
    Ok(Json(marked.await?))
}

impl MarkedAll {
    fn new(updated_count: u64) -> Self {
        let plural = if updated_count == 1 { "" } else { "s" };
        Self { message: format!("Marked {updated_count} notification{plural} as read"), updated_count }
    }
}

//! `DELETE /api/notifications/subscriptions/{id}/`

use super::follow::not_ended;
use super::{RACES, load, manager};
use axum::Json;
use axum::extract::State;
use oms_core::app::App;
use oms_core::http::error::ErrorBody;
use oms_core::http::etag::IfMatch;
use oms_core::http::{Caller, PathId, Reply};
use oms_core::subscriptions::EndError;
use oms_core::views::Deleted;
use oms_domain::SubscriptionId;
use oms_table::TableError;

/// Lets an endpoint hear nothing any more.
#[utoipa::path(
    delete, path = "/api/notifications/subscriptions/{id}/", tag = "notifications",
    params(("id" = uuid::Uuid, Path, description = "The subscription")),
    responses(
        (status = 200, description = "It is gone", body = Deleted),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 403, description = "The caller is neither vendor nor staff", body = ErrorBody),
        (status = 404, description = "No such subscription for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
        (status = 503, description = "SNS cannot be reached", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_subscription(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<SubscriptionId>,
    expected: IfMatch,
) -> Reply<Json<Deleted>> {
    manager(&caller)?;
    for _ in 0..RACES {
        let seen = load(&app, &caller, id).await?;
        expected.check(seen.version)?;
        match app.end_subscription(&seen).await {
            Ok(()) => return Ok(Json(Deleted { message: "Subscription deleted successfully" })),
            Err(EndError::Table(TableError::Conflict)) => {}
            Err(error) => return Err(not_ended(error)),
        }
    }
    Err(TableError::Conflict.into())
}

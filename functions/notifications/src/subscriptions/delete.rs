//! `DELETE /api/notifications/subscriptions/{id}/`

use super::follow::not_ended;
use super::{load, manager};
use axum::Json;
use oms_core::app::App;
use oms_core::races::retried;
use oms_domain::SubscriptionId;
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::views::Deleted;
use oms_http::{Authenticated, PathId, Reply};

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
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<SubscriptionId>,
    expected: IfMatch,
) -> Reply<Json<Deleted>> {
    manager(&caller)?;
    retried(async || {
        let seen = load(&app, &caller, id).await?;
        expected.check(seen.version)?;
        app.end_subscription(&seen).await.map_err(not_ended)
    })
    .await?;
    Ok(Json(Deleted { message: "Subscription deleted successfully" }))
}

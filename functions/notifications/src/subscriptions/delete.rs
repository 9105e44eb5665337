//! `DELETE /api/notifications/subscriptions/{id}/`

use super::follow::not_ended;
use super::view::SubscriptionView;
use super::{load, manager};
use axum::Json;
use oms_core::app::App;
use oms_core::races::retried;
use oms_domain::SubscriptionId;
use oms_http::responses::{Removed, SellersOnly};
use oms_http::views::Deleted;
use oms_http::{Reply, Target};

/// Lets an endpoint hear nothing any more.
#[utoipa::path(
    delete, path = "/api/notifications/subscriptions/{id}/", tag = "notifications",
    params(("id" = uuid::Uuid, Path, description = "The subscription")),
    responses(Removed<SubscriptionView>, SellersOnly, (status = 503, description = "SNS cannot be reached")),
    security(("bearer" = [])),
)]
pub(crate) async fn delete_subscription(
    app: App,
    Target { caller, id, expected }: Target<SubscriptionId>,
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

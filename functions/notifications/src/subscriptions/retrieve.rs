//! `GET /api/notifications/subscriptions/{id}/`

use super::follow::refreshed;
use super::view::SubscriptionView;
use super::{Shown, load, manager, show};
use oms_core::app::App;
use oms_domain::SubscriptionId;
use oms_http::error::ErrorBody;
use oms_http::{Authenticated, PathId, Reply};

/// A subscription, with whether its endpoint hears by now.
#[utoipa::path(
    get, path = "/api/notifications/subscriptions/{id}/", tag = "notifications",
    params(("id" = uuid::Uuid, Path, description = "The subscription")),
    responses(
        (status = 200, description = "The subscription", body = SubscriptionView),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 403, description = "The caller is neither vendor nor staff", body = ErrorBody),
        (status = 404, description = "No such subscription for the caller", body = ErrorBody),
        (status = 503, description = "SNS cannot be reached", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve_subscription(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<SubscriptionId>,
) -> Reply<Shown> {
    manager(&caller)?;
    let record = load(&app, &caller, id).await?;
    Ok(show(&refreshed(&app, record).await?))
}

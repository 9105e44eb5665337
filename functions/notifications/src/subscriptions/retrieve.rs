//! `GET /api/notifications/subscriptions/{id}/`

use super::follow::refreshed;
use super::view::SubscriptionView;
use super::{load, manager, tagged};
use oms_core::app::App;
use oms_domain::SubscriptionId;
use oms_http::Tagged;
use oms_http::responses::{Read, SellersOnly};
use oms_http::{Authenticated, PathId, Reply};

/// A subscription, with whether its endpoint hears by now.
#[utoipa::path(
    get, path = "/api/notifications/subscriptions/{id}/", tag = "notifications",
    params(("id" = uuid::Uuid, Path, description = "The subscription")),
    responses(Read<SubscriptionView>, SellersOnly, (status = 503, description = "SNS cannot be reached")),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve_subscription(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<SubscriptionId>,
) -> Reply<Tagged<SubscriptionView>> {
    manager(&caller)?;
    let record = load(&app, &caller, id).await?;
    Ok(tagged(&refreshed(&app, record).await?))
}

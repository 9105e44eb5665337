//! `GET /api/notifications/{id}/`

use crate::tagged;
use crate::view::NotificationView;
use oms_core::app::App;
use oms_domain::{Error, Kind, NotificationId};
use oms_http::Tagged;
use oms_http::responses::Read;
use oms_http::{Authenticated, PathId, Reply};

/// One of the caller's notifications.
#[utoipa::path(
    get, path = "/api/notifications/{id}/", tag = "notifications",
    params(("id" = uuid::Uuid, Path, description = "The notification")),
    responses(Read<NotificationView>),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<NotificationId>,
) -> Reply<Tagged<NotificationView>> {
    let found = app.table().notification(&caller.user.id, id, app.now()).await?;
    let (notification, inbox) = found.ok_or(Error::NotFound(Kind::Notification))?;
    Ok(tagged(notification, &inbox))
}

//! `GET /api/notifications/{id}/`

use crate::view::NotificationView;
use crate::{Shown, show};
use oms_core::app::App;
use oms_domain::{Error, Kind, NotificationId};
use oms_http::error::ErrorBody;
use oms_http::{Authenticated, PathId, Reply};

/// One of the caller's notifications.
#[utoipa::path(
    get, path = "/api/notifications/{id}/", tag = "notifications",
    params(("id" = uuid::Uuid, Path, description = "The notification")),
    responses(
        (status = 200, description = "The notification", body = NotificationView),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 404, description = "The caller has no such notification", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn retrieve(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<NotificationId>,
) -> Reply<Shown> {
    let found = app.table().notification(&caller.user.id, id, app.now()).await?;
    let (notification, inbox) = found.ok_or(Error::NotFound(Kind::Notification))?;
    Ok(show(notification, &inbox))
}

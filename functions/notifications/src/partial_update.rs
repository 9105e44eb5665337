//! `PATCH /api/notifications/{id}/`

use crate::tagged;
use crate::view::NotificationView;
use oms_core::app::App;
use oms_domain::{Error, Kind, NotificationId};
use oms_http::Tagged;
use oms_http::responses::Changed;
use oms_http::validation::{Fields, Mode};
use oms_http::{JsonObject, Reply, Target};
use oms_runtime::retry;
use oms_table::TableError;
use utoipa::ToSchema;

/// What of a notification can be changed.
#[derive(ToSchema)]
#[schema(example = json!({ "is_read": true }))]
#[expect(dead_code, reason = "the document describes it; the handler reads fields one by one")]
pub(crate) struct NotificationPatch {
    /// Whether the user has read it.
    #[schema(example = true)]
    is_read: Option<bool>,
}

/// Marks one of the caller's notifications as read, or as not read.
#[utoipa::path(
    patch, path = "/api/notifications/{id}/", tag = "notifications",
    params(("id" = uuid::Uuid, Path, description = "The notification")),
    request_body = NotificationPatch,
    responses(Changed<NotificationView>, (status = 400, description = "`is_read` is no boolean")),
    security(("bearer" = [])),
)]
pub(crate) async fn partial_update(
    app: App,
    Target { caller, id, expected }: Target<NotificationId>,
    body: JsonObject,
) -> Reply<Tagged<NotificationView>> {
    let mut fields = Fields::new(body.0, Mode::Partial);
    let is_read = fields.optional::<bool>("is_read");
    let problems = fields.finish();
    for _ in 0..retry::LOST_RACES {
        let found = app.table().notification(&caller.user.id, id, app.now()).await?;
        let (notification, inbox) = found.ok_or(Error::NotFound(Kind::Notification))?;
        expected.check(notification.version(&inbox))?;
        // What the caller may not see is not found, whatever the body says.
        if let Err(problems) = problems {
            return Err(problems.into());
        }
        let Some(is_read) = is_read.filter(|is_read| *is_read != notification.is_read) else {
            return Ok(tagged(notification, &inbox));
        };
        match app.table().mark_notification(&notification, &inbox, is_read, app.request().key()).await {
            Ok(marked) => return Ok(tagged(marked, &inbox)),
            Err(TableError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(TableError::Conflict.into())
}

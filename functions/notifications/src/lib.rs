//! The HTTP function of the notifications endpoints.

mod list;
mod mark_all_read;
mod partial_update;
mod retrieve;
mod subscriptions;
mod view;

use oms_http::Tagged;
use oms_table::notifications::Notification;
use oms_table::notifications::inbox::Inbox;
use view::NotificationView;

oms_core::endpoints!(
    list in list,
    mark_all_read in mark_all_read,
    retrieve in retrieve,
    partial_update in partial_update,
    list_subscriptions in subscriptions::list,
    create_subscription in subscriptions::create,
    retrieve_subscription in subscriptions::retrieve,
    update_subscription in subscriptions::update,
    partial_update_subscription in subscriptions::update,
    delete_subscription in subscriptions::delete,
);

fn tagged(notification: Notification, inbox: &Inbox) -> Tagged<NotificationView> {
    Tagged::new(notification.version(inbox), notification.into())
}

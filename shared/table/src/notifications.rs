//! Notifications to users, written by the stream's consumer and counted in their inbox.

pub mod inbox;
pub mod subscriptions;

use crate::idempotency::Keyed;
use crate::notifications::inbox::{Inbox, attribute, month_of, oldest_retained, retained_until, start_of};
use crate::schema::UnknownFields;
use crate::writes::{VERSION, part};
use crate::{Item, Table, TableError, entity, key, keys, meter_read, text};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use jiff::Timestamp;
use oms_domain::order_events::{NotificationKind, NotificationLevel};
use oms_domain::{NotificationId, OrderId, UserId};
use oms_runtime::retry;
use serde::{Deserialize, Serialize};

/// How many entries are looked at first where only some are wanted; doubled each time.
const SIFTED: usize = 100;
/// How many pages of a query are read at most: 1 MB each.
const MAX_QUERY_PAGES: usize = 20;
/// Something that a user should know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The same for the same change, so that a repeat finds it written.
    pub id: NotificationId,
    /// Whom it is for.
    pub user: UserId,
    /// Which order it is about.
    pub order: OrderId,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub message: String,
    /// What it is about.
    pub notification_type: NotificationKind,
    /// How good the news is.
    pub level: NotificationLevel,
    /// Where to read more: the order's path in the API.
    pub link: String,
    /// Whether the user has read it.
    #[serde(default)]
    pub is_read: bool,
    /// When the change was made.
    pub created_at: Timestamp,
    /// The inbox's epoch in which `is_read` was said.
    #[serde(default)]
    pub(crate) epoch: u64,
    /// How often it has been marked.
    #[serde(default, skip_serializing)]
    pub(crate) version: u64,
    /// What of its item this code does not know.
    #[serde(skip)]
    pub(crate) unknown: UnknownFields,
}

/// What a new notification says.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// The same for the same change.
    pub id: NotificationId,
    /// Whom it is for.
    pub user: UserId,
    /// Which order it is about.
    pub order: OrderId,
    /// A few words.
    pub title: String,
    /// A sentence.
    pub message: String,
    /// What it is about, and how good the news is.
    pub kind: (NotificationKind, NotificationLevel),
    /// Where to read more.
    pub link: String,
    /// When the change was made.
    pub at: Timestamp,
}

/// Which of a user's notifications are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Only those that are read, or that are not.
    pub is_read: Option<bool>,
    /// Only those about this.
    pub kind: Option<NotificationKind>,
}

/// Where reading begins, and in which direction it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// From the newest to the oldest.
    Newest,
    /// From this one, which does not belong to it, to the oldest.
    OlderThan(NotificationId),
    /// From the oldest to the newest.
    Oldest,
    /// From this one, which does not belong to it, to the newest.
    NewerThan(NotificationId),
}

impl Wanted {
    fn wants(self, notification: &Notification) -> bool {
        self.is_read.is_none_or(|is_read| is_read == notification.is_read)
            && self.kind.is_none_or(|kind| kind == notification.notification_type)
    }
}

impl Notification {
    /// Grows with every change of what a reader sees of it in this inbox.
    #[must_use]
    pub const fn version(&self, inbox: &Inbox) -> u64 {
        self.version + inbox.epoch
    }

    fn read(item: Item) -> Result<Self, TableError> {
        let read = entity::read_versioned::<Self>(item, &["version"], "a notification")?;
        Ok(Self { unknown: read.unknown, ..read.entity })
    }

    fn to_item(&self, version: u64) -> Result<Item, TableError> {
        let summary = serde_dynamo::to_item(self).map_err(TableError::shape("a notification"))?;
        let mut item = key(keys::user(&self.user), keys::notification(self.id));
        item.insert(keys::SUMMARY.into(), AttributeValue::M(summary));
        item.insert(VERSION.into(), AttributeValue::N(version.to_string()));
        let expires = retained_until(self.created_at).as_second();
        item.insert(keys::EXPIRES_AT.into(), AttributeValue::N(expires.to_string()));
        Ok(item)
    }
}

impl Table {
    /// Writes a notification and counts it, unless it is there: what its user has read stays read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn put_notification(&self, news: News, now: Timestamp) -> Result<(), TableError> {
        let (notification_type, level) = news.kind;
        let mut notification = Notification {
            id: news.id,
            user: news.user,
            order: news.order,
            title: news.title,
            message: news.message,
            notification_type,
            level,
            link: news.link,
            is_read: false,
            created_at: news.at,
            epoch: 0,
            version: 0,
            unknown: UnknownFields::default(),
        };
        for _ in 0..retry::LOST_RACES {
            let inbox = self.inbox(&notification.user, now).await?;
            notification.epoch = inbox.epoch;
            let put = part(self.put_new(notification.to_item(1)?)?);
            let month = month_of(notification.created_at);
            let changes = ['n', 'u'].map(|what| (attribute(what, month, notification_type), 1));
            let counted = self.count_in_inbox(&notification.user, &inbox, &changes)?;
            let Err(error) = self.transact(vec![put, counted], None).await else { return Ok(()) };
            let TableError::Cancelled(reasons) = &error else { return Err(error) };
            if TableError::failed_conditions(reasons).any(|(index, _)| index == 0) {
                return Ok(());
            }
        }
        Err(TableError::Conflict)
    }

    /// One of a user's notifications, with the inbox, in one trip.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn notification(
        &self,
        user: &UserId,
        id: NotificationId,
        now: Timestamp,
    ) -> Result<Option<(Notification, Inbox)>, TableError> {
        let wanted = [keys::notification(id), keys::INBOX.to_owned()].map(|sk| (keys::user(user), sk));
        let (inboxes, notifications): (Vec<_>, Vec<_>) = self
            .get_items(wanted.to_vec())
            .await?
            .into_iter()
            .partition(|item| text(item, keys::SK) == keys::INBOX);
        let inbox = inboxes.first().map(|item| Inbox::read(item, now)).unwrap_or_default();
        let Some(item) = notifications.into_iter().next() else { return Ok(None) };
        let notification = Notification::read(item)?;
        let is_kept = month_of(notification.created_at) >= oldest_retained(now);
        Ok(is_kept.then(|| (inbox.show(notification), inbox)))
    }

    /// The notifications of a user that are wanted, from a place on: up to `limit`. Where only some
    /// are wanted, the others are read over.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn notifications(
        &self,
        user: &UserId,
        inbox: &Inbox,
        wanted: Wanted,
        from: Start,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Notification>, TableError> {
        let oldest = || keys::notification(NotificationId::first_at(start_of(oldest_retained(now))));
        let newest = || format!("{}~", keys::NOTIFICATION_PREFIX);
        let (first, last, seen) = match from {
            Start::Newest | Start::Oldest => (oldest(), newest(), None),
            Start::OlderThan(id) => (oldest(), keys::notification(id), Some(id)),
            Start::NewerThan(id) => (keys::notification(id).max(oldest()), newest(), Some(id)),
        };
        let is_forward = matches!(from, Start::Oldest | Start::NewerThan(_));
        let mut found = Vec::new();
        let mut start = None;
        for page in 0..MAX_QUERY_PAGES {
            let missing = limit.saturating_sub(found.len()) + 1;
            let looked_at =
                if wanted == Wanted::default() { missing } else { missing.max(SIFTED << page.min(10)) };
            let answer = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
                .expression_attribute_names("#pk", keys::PK)
                .expression_attribute_names("#sk", keys::SK)
                .expression_attribute_values(":pk", AttributeValue::S(keys::user(user)))
                .expression_attribute_values(":first", AttributeValue::S(first.clone()))
                .expression_attribute_values(":last", AttributeValue::S(last.clone()))
                .scan_index_forward(is_forward)
                .limit(i32::try_from(looked_at).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            meter_read(answer.consumed_capacity());
            for item in answer.items.unwrap_or_default() {
                let notification = inbox.show(Notification::read(item)?);
                if Some(notification.id) != seen && wanted.wants(&notification) {
                    found.push(notification);
                }
            }
            start = answer.last_evaluated_key;
            if start.is_none() || found.len() >= limit {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Marks one as read, or as not read, as it was seen with the inbox.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where it was marked meanwhile, by itself or with all.
    pub async fn mark_notification(
        &self,
        seen: &Notification,
        inbox: &Inbox,
        is_read: bool,
        key: Keyed<'_>,
    ) -> Result<Notification, TableError> {
        let marked = Notification { is_read, epoch: inbox.epoch, version: seen.version + 1, ..seen.clone() };
        let mut item = marked.to_item(marked.version)?;
        seen.unknown.put_back(&mut item)?;
        let put = part(self.put_over(Some(seen.version), item)?);
        let unread = attribute('u', month_of(seen.created_at), seen.notification_type);
        let counted = self.count_in_inbox(&seen.user, inbox, &[(unread, if is_read { -1 } else { 1 })])?;
        self.transact_as_seen(vec![put, counted], key).await?;
        Ok(marked)
    }
}

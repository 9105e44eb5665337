//! Notifications to users, written by the stream's consumer.

use super::{Table, TableError, catalog, key, keys, meter_read};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use jiff::Timestamp;
use oms_domain::notice::{NoticeKind, NoticeLevel};
use oms_domain::{NotificationId, OrderId, UserId};
use serde::{Deserialize, Serialize};

/// How long a notification is kept, in seconds: a year.
const KEPT_S: i64 = 366 * 86_400;

/// Something that a user should know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The same for the same change, so that a repeat writes it again over itself.
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
    pub notification_type: NoticeKind,
    /// How good the news is.
    pub level: NoticeLevel,
    /// Where to read more: the order's path in the API.
    pub link: String,
    /// Whether the user has read it.
    #[serde(default)]
    pub is_read: bool,
    /// When the change was made.
    pub created_at: Timestamp,
}

impl Table {
    /// Writes a notification unless it is there: what its user has read stays read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn put_notification(&self, notification: &Notification) -> Result<(), TableError> {
        let summary = serde_dynamo::to_item(notification).map_err(TableError::shape("a notification"))?;
        let mut item = key(keys::user(&notification.user), keys::notification(notification.id));
        item.insert(keys::SUMMARY.into(), AttributeValue::M(summary));
        let expires = notification.created_at.as_second() + KEPT_S;
        item.insert(keys::EXPIRES_AT.into(), AttributeValue::N(expires.to_string()));
        match self.put(self.put_new(item)?).await {
            Err(TableError::Conflict) => Ok(()),
            other => other,
        }
    }

    /// The user's newest notifications, after the one with the id `after`.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn newest_notifications(
        &self,
        user: &UserId,
        after: Option<NotificationId>,
        limit: usize,
    ) -> Result<Vec<Notification>, TableError> {
        let last = after.map_or_else(|| format!("{}~", keys::NOTIFICATION_PREFIX), keys::notification);
        let answer = self
            .client
            .query()
            .table_name(&self.name)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
            .expression_attribute_names("#pk", keys::PK)
            .expression_attribute_names("#sk", keys::SK)
            .expression_attribute_values(":pk", AttributeValue::S(keys::user(user)))
            .expression_attribute_values(":first", AttributeValue::S(keys::NOTIFICATION_PREFIX.into()))
            .expression_attribute_values(":last", AttributeValue::S(last))
            .scan_index_forward(false)
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        meter_read(answer.consumed_capacity());
        let items = answer.items.unwrap_or_default().into_iter();
        let found: Result<Vec<Notification>, _> =
            items.map(|item| catalog::read(item, "a notification")).collect();
        Ok(found?.into_iter().filter(|n| Some(n.id) != after).take(limit).collect())
    }

    /// How many notifications a user has.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn count_notifications(&self, user: &UserId) -> Result<usize, TableError> {
        Ok(self.collection(keys::user(user), keys::NOTIFICATION_PREFIX).await?.len())
    }
}

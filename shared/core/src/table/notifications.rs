//! Notifications to users, written by the stream's consumer, and how many of them there are.
//!
//! Beside a user's notifications stands their *inbox*: how many came in each month, by kind, and how
//! many of those are unread. It moves in the same transaction as what it counts, so that a count
//! is exact and costs one small read however many there are. Months expire as a whole, with their
//! notifications: what TTL has not removed yet is neither counted nor listed.
//!
//! "All are read" is one write as well: the inbox begins a new *epoch*, and what was left unread in
//! an earlier one is read.

use super::writes::{VERSION, part};
use super::{Item, Table, TableError, catalog, key, keys, meter_read, text};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, TransactWriteItem, Update};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use oms_domain::notice::{NoticeKind, NoticeLevel};
use oms_domain::{NotificationId, OrderId, UserId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many whole months a notification is kept after the one in which it was made: it is listed
/// for a year at least, and for 13 months at most.
const KEPT_MONTHS: i64 = 12;
/// How often a write that met another one on the inbox is tried again.
const RACES: u32 = 8;
/// How many entries are looked at first where only some are wanted; doubled each time.
const SIFTED: usize = 100;
/// How many pages of a query are read at most: 1 MB each.
const MAX_QUERY_PAGES: usize = 20;
/// Which epoch an inbox is in.
const EPOCH: &str = "epoch";

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
    /// The inbox's epoch in which `is_read` was said.
    #[serde(default)]
    epoch: u64,
    /// How often it has been marked.
    #[serde(default, skip_serializing)]
    version: u64,
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
    pub kind: (NoticeKind, NoticeLevel),
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
    pub kind: Option<NoticeKind>,
}

impl Wanted {
    fn wants(self, notification: &Notification) -> bool {
        self.is_read.is_none_or(|is_read| is_read == notification.is_read)
            && self.kind.is_none_or(|kind| kind == notification.notification_type)
    }
}

/// How many there are of one kind in one month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counted {
    all: u64,
    unread: u64,
}

/// How many notifications a user has, by month and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inbox {
    /// 0 until all are marked as read for the first time, then one more each time.
    epoch: u64,
    version: u64,
    counts: BTreeMap<(Date, NoticeKind), Counted>,
    /// The attributes of months that are over.
    expired: Vec<String>,
}

/// The first day of a moment's month. Months are those of UTC, whoever looks.
fn month_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date().first_of_month()
}

fn months_later(month: Date, months: i64) -> Date {
    month.checked_add(Span::new().months(months)).unwrap_or(month)
}

fn start_of(month: Date) -> Timestamp {
    let start = month.to_zoned(TimeZone::UTC);
    start.map_or(Timestamp::UNIX_EPOCH, |start| start.timestamp())
}

/// The first month of which notifications are still kept.
fn oldest_kept(now: Timestamp) -> Date {
    months_later(month_of(now), -KEPT_MONTHS)
}

/// Where a month's number of a kind stands: `n` all or `u` unread, year and month, and the kind as
/// one letter, `a` for the first of the list, which only ever grows at its end.
fn attribute(what: char, month: Date, kind: NoticeKind) -> String {
    let index = NoticeKind::ALL.iter().position(|one| *one == kind).unwrap_or_default();
    let letter = char::from(b'a' + u8::try_from(index).unwrap_or_default());
    format!("{what}{}{letter}", month.strftime("%Y%m"))
}

/// What such an attribute counts; none for any other attribute.
fn counter(name: &str) -> Option<(char, Date, NoticeKind)> {
    let what = name.chars().next().filter(|what| matches!(what, 'n' | 'u'))?;
    let (year, month) = (name.get(1..5)?.parse().ok()?, name.get(5..7)?.parse().ok()?);
    let index = name.get(7..)?.bytes().next()?.checked_sub(b'a')?;
    let kind = NoticeKind::ALL.get(usize::from(index)).filter(|_| name.len() == 8)?;
    Some((what, Date::new(year, month, 1).ok()?, *kind))
}

impl Inbox {
    fn read(item: &Item, now: Timestamp) -> Self {
        let oldest = oldest_kept(now);
        let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<u64>().ok();
        let mut inbox = Inbox {
            epoch: number(EPOCH).unwrap_or_default(),
            version: number(VERSION).unwrap_or_default(),
            ..Inbox::default()
        };
        for (name, value) in item {
            let Some((what, month, kind)) = counter(name) else { continue };
            if month < oldest {
                inbox.expired.push(name.clone());
                continue;
            }
            let value = value.as_n().ok().and_then(|value| value.parse().ok()).unwrap_or_default();
            let counted = inbox.counts.entry((month, kind)).or_default();
            if what == 'n' { counted.all = value } else { counted.unread = value }
        }
        inbox
    }

    /// How many there are of those wanted.
    #[must_use]
    pub fn count(&self, wanted: Wanted) -> u64 {
        let of_kind =
            self.counts.iter().filter(|((_, kind), _)| wanted.kind.is_none_or(|wanted| wanted == *kind));
        of_kind
            .map(|(_, counted)| match wanted.is_read {
                None => counted.all,
                Some(true) => counted.all.saturating_sub(counted.unread),
                Some(false) => counted.unread,
            })
            .sum()
    }

    /// A notification as it is now that this epoch has begun.
    fn show(&self, mut notification: Notification) -> Notification {
        notification.is_read |= notification.epoch < self.epoch;
        notification
    }
}

impl Notification {
    /// Grows with every change of what a reader sees of it in this inbox.
    #[must_use]
    pub const fn version(&self, inbox: &Inbox) -> u64 {
        self.version + inbox.epoch
    }

    fn to_item(&self, version: u64) -> Result<Item, TableError> {
        let summary = serde_dynamo::to_item(self).map_err(TableError::shape("a notification"))?;
        let mut item = key(keys::user(&self.user), keys::notification(self.id));
        item.insert(keys::SUMMARY.into(), AttributeValue::M(summary));
        item.insert(VERSION.into(), AttributeValue::N(version.to_string()));
        let expires = start_of(months_later(month_of(self.created_at), KEPT_MONTHS + 1)).as_second();
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
        };
        for _ in 0..RACES {
            let inbox = self.inbox(&notification.user, now).await?;
            notification.epoch = inbox.epoch;
            let put = part(self.put_new(notification.to_item(1)?)?);
            let month = month_of(notification.created_at);
            let changes = ['n', 'u'].map(|what| (attribute(what, month, notification_type), 1));
            let counted = self.count_in_inbox(&notification.user, &inbox, &changes)?;
            let Err(error) = self.transact(vec![put, counted]).await else { return Ok(()) };
            let TableError::Cancelled(reasons) = &error else { return Err(error) };
            if TableError::failed_conditions(reasons).any(|(index, _)| index == 0) {
                return Ok(());
            }
        }
        Err(TableError::Conflict)
    }

    /// How many notifications a user has.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn inbox(&self, user: &UserId, now: Timestamp) -> Result<Inbox, TableError> {
        let item = self.get_item(keys::user(user), keys::INBOX.to_owned()).await?;
        Ok(item.map(|item| Inbox::read(&item, now)).unwrap_or_default())
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
        let notification: Notification = catalog::read(item, "a notification")?;
        let is_kept = month_of(notification.created_at) >= oldest_kept(now);
        Ok(is_kept.then(|| (inbox.show(notification), inbox)))
    }

    /// A user's newest notifications of those wanted, after the one with the id `after`. Where only
    /// some are wanted, the others are read over.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn newest_notifications(
        &self,
        user: &UserId,
        inbox: &Inbox,
        wanted: Wanted,
        after: Option<NotificationId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<Notification>, TableError> {
        let first = keys::notification(NotificationId::first_at(start_of(oldest_kept(now))));
        let last = after.map_or_else(|| format!("{}~", keys::NOTIFICATION_PREFIX), keys::notification);
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
                .scan_index_forward(false)
                .limit(i32::try_from(looked_at).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            meter_read(answer.consumed_capacity());
            for item in answer.items.unwrap_or_default() {
                let notification = inbox.show(catalog::read(item, "a notification")?);
                if Some(notification.id) != after && wanted.wants(&notification) {
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
    ) -> Result<Notification, TableError> {
        let marked = Notification { is_read, epoch: inbox.epoch, version: seen.version + 1, ..seen.clone() };
        let put = part(self.put_over(Some(seen.version), marked.to_item(marked.version)?)?);
        let unread = attribute('u', month_of(seen.created_at), seen.notification_type);
        let counted = self.count_in_inbox(&seen.user, inbox, &[(unread, if is_read { -1 } else { 1 })])?;
        self.transact_as_seen(vec![put, counted]).await?;
        Ok(marked)
    }

    /// Marks all of a user's notifications as read, in one write, where the inbox is still as it was seen.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where others came in or were marked meanwhile.
    pub async fn mark_all_notifications(&self, user: &UserId, seen: &Inbox) -> Result<(), TableError> {
        self.transact_as_seen(vec![self.begin_epoch(user, seen)?]).await
    }

    /// A new epoch of an inbox that nobody has written since it was seen: nothing is unread.
    fn begin_epoch(&self, user: &UserId, inbox: &Inbox) -> Result<TransactWriteItem, TableError> {
        let number = |number: u64| AttributeValue::N(number.to_string());
        let mut item = key(keys::user(user), keys::INBOX.to_owned());
        item.insert(EPOCH.into(), number(inbox.epoch + 1));
        item.insert(VERSION.into(), number(inbox.version + 1));
        for ((month, kind), counted) in &inbox.counts {
            item.insert(attribute('n', *month, *kind), number(counted.all));
        }
        Ok(part(self.put_over(Some(inbox.version), item)?))
    }

    /// Changes numbers of an inbox that must still be in the epoch in which it was seen.
    fn count_in_inbox(
        &self,
        user: &UserId,
        inbox: &Inbox,
        changes: &[(String, i64)],
    ) -> Result<TransactWriteItem, TableError> {
        let mut update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key(keys::user(user), keys::INBOX.to_owned())))
            .condition_expression(if inbox.epoch == 0 {
                "attribute_not_exists(#epoch)"
            } else {
                "#epoch = :epoch"
            })
            .expression_attribute_names("#epoch", EPOCH)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        if inbox.epoch != 0 {
            update = update.expression_attribute_values(":epoch", AttributeValue::N(inbox.epoch.to_string()));
        }
        let mut added = vec!["#version :one".to_owned()];
        for (n, (name, by)) in changes.iter().enumerate() {
            added.push(format!("#c{n} :c{n}"));
            update = update
                .expression_attribute_names(format!("#c{n}"), name)
                .expression_attribute_values(format!(":c{n}"), AttributeValue::N(by.to_string()));
        }
        let mut expression = format!("ADD {}", added.join(", "));
        let removed: Vec<String> = (0..inbox.expired.len()).map(|n| format!("#x{n}")).collect();
        if !removed.is_empty() {
            expression += &format!(" REMOVE {}", removed.join(", "));
        }
        for (name, expired) in removed.into_iter().zip(&inbox.expired) {
            update = update.expression_attribute_names(name, expired);
        }
        let update = update.update_expression(expression).build().map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn every_number_of_an_inbox_is_found_again_where_it_was_put() {
        for kind in NoticeKind::ALL {
            for what in ['n', 'u'] {
                let name = attribute(what, date(2026, 11, 1), *kind);
                assert_eq!(counter(&name), Some((what, date(2026, 11, 1), *kind)), "{name}");
            }
        }
        for other in ["pk", "sk", "epoch", "version", "n", "u202611", "n202613a", "n202611z", "n202611ab"] {
            assert_eq!(counter(other), None, "{other}");
        }
    }

    #[test]
    fn a_year_and_the_month_in_which_it_began_are_counted() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let one = || AttributeValue::N("1".to_owned());
        let names = ["n202510a", "n202511a", "n202611a", "u202611a", "n202611g"];
        let inbox = Inbox::read(&names.map(|name| (name.to_owned(), one())).into(), now);
        assert_eq!(inbox.expired, ["n202510a"]);
        let count = |is_read, kind| inbox.count(Wanted { is_read, kind });
        assert_eq!((count(None, None), count(Some(false), None), count(Some(true), None)), (3, 1, 2));
        assert_eq!(count(None, Some(NoticeKind::PaymentFailed)), 1);
    }
}

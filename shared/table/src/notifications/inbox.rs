//! A user's *inbox*: how many notifications came in each month, by kind, and how many of those are
//! unread. It stands beside them and moves in the same transaction as what it counts, so that a
//! count is exact and costs one small read however many there are. Months expire as a whole, with
//! their notifications: what TTL has not removed yet is neither counted nor listed.
//!
//! "All are read" is one write as well: the inbox begins a new *epoch*, and what was left unread in
//! an earlier one is read.

use crate::counters::layout::letter;
use crate::idempotency::Keyed;
use crate::notifications::{Notification, Start, Wanted};
use crate::writes::VERSION;
use crate::{Item, Table, TableError, key, keys};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use oms_domain::order_events::NotificationKind;
use oms_domain::{NotificationId, UserId};
use std::collections::BTreeMap;

/// How many whole months a notification is kept after the one in which it was made: it is listed
/// for a year at least, and for 13 months at most.
const RETENTION_MONTHS: i64 = 12;
/// Which epoch an inbox is in.
const EPOCH: &str = "epoch";

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
    pub(crate) epoch: u64,
    version: u64,
    counts: BTreeMap<(Date, NotificationKind), Counted>,
    /// The attributes of months that are over.
    expired: Vec<String>,
}

/// The first day of a moment's month. Months are those of UTC, whoever looks.
pub(crate) fn month_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date().first_of_month()
}

fn months_later(month: Date, months: i64) -> Date {
    month.checked_add(Span::new().months(months)).unwrap_or(month)
}

pub(crate) fn start_of(month: Date) -> Timestamp {
    let start = month.to_zoned(TimeZone::UTC);
    start.map_or(Timestamp::UNIX_EPOCH, |start| start.timestamp())
}

/// Until when what was made then is kept.
pub(crate) fn retained_until(made: Timestamp) -> Timestamp {
    start_of(months_later(month_of(made), RETENTION_MONTHS + 1))
}

/// The first month of which notifications are still kept.
pub(crate) fn oldest_retained(now: Timestamp) -> Date {
    months_later(month_of(now), -RETENTION_MONTHS)
}

/// Where a month's number of a kind stands: `n` all or `u` unread, year and month, and the kind as
/// one letter, `a` for the first of the list, which only ever grows at its end.
pub(crate) fn attribute(what: char, month: Date, kind: NotificationKind) -> String {
    format!("{what}{}{}", month.strftime("%Y%m"), letter(NotificationKind::ALL, &kind))
}

/// What such an attribute counts; none for any other attribute.
fn counter(name: &str) -> Option<(char, Date, NotificationKind)> {
    let what = name.chars().next().filter(|what| matches!(what, 'n' | 'u'))?;
    let (year, month) = (name.get(1..5)?.parse().ok()?, name.get(5..7)?.parse().ok()?);
    let index = name.get(7..)?.bytes().next()?.checked_sub(b'a')?;
    let kind = NotificationKind::ALL.get(usize::from(index)).filter(|_| name.len() == 8)?;
    Some((what, Date::new(year, month, 1).ok()?, *kind))
}

impl Inbox {
    pub(crate) fn read(item: &Item, now: Timestamp) -> Self {
        let oldest = oldest_retained(now);
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
        self.by_month(wanted).values().sum()
    }

    /// Where to begin, to come to what lies behind `skipped` of those wanted, from the newest or
    /// the oldest one on: at a month, since it is known how many each has; and how many are left to
    /// be read over from there.
    #[must_use]
    pub fn jump(&self, wanted: Wanted, oldest_first: bool, skipped: u64) -> (Start, u64) {
        let mut months: Vec<(Date, u64)> = self.by_month(wanted).into_iter().collect();
        if !oldest_first {
            months.reverse();
        }
        let mut left = skipped;
        let mut passed = None;
        for (month, count) in months {
            if count > left {
                break;
            }
            left -= count;
            passed = Some(month);
        }
        let bound = |month| NotificationId::first_at(start_of(month));
        let start = match (passed, oldest_first) {
            (None, false) => Start::Newest,
            (None, true) => Start::Oldest,
            (Some(month), false) => Start::OlderThan(bound(month)),
            (Some(month), true) => Start::NewerThan(bound(months_later(month, 1))),
        };
        (start, left)
    }

    fn by_month(&self, wanted: Wanted) -> BTreeMap<Date, u64> {
        let mut months = BTreeMap::new();
        for ((month, kind), counted) in &self.counts {
            if wanted.kind.is_none_or(|wanted| wanted == *kind) {
                *months.entry(*month).or_default() += match wanted.is_read {
                    None => counted.all,
                    Some(true) => counted.all.saturating_sub(counted.unread),
                    Some(false) => counted.unread,
                };
            }
        }
        months
    }

    /// A notification as it is now that this epoch has begun.
    pub(crate) fn show(&self, mut notification: Notification) -> Notification {
        notification.is_read |= notification.epoch < self.epoch;
        notification
    }
}

impl Table {
    /// How many notifications a user has.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn inbox(&self, user: &UserId, now: Timestamp) -> Result<Inbox, TableError> {
        let item = self.get_item(keys::user(user), keys::INBOX.to_owned()).await?;
        Ok(item.map(|item| Inbox::read(&item, now)).unwrap_or_default())
    }

    /// Marks all of a user's notifications as read, in one write, where the inbox is still as it
    /// was seen.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where others came in or were marked meanwhile.
    pub async fn mark_all_notifications(
        &self,
        user: &UserId,
        seen: &Inbox,
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        self.transact_as_seen(vec![self.begin_epoch(user, seen)?], key).await
    }

    /// A new epoch of an inbox that nobody has written since it was seen: nothing is unread.
    fn begin_epoch(&self, user: &UserId, inbox: &Inbox) -> Result<TransactWriteItem, TableError> {
        let number = |number: u64| AttributeValue::N(number.to_string());
        let unread = inbox.counts.iter().filter(|(_, counted)| counted.unread > 0);
        let unread = unread.map(|((month, kind), _)| attribute('u', *month, *kind));
        let removed: Vec<String> = unread.chain(inbox.expired.iter().cloned()).collect();
        let names: Vec<String> = (0..removed.len()).map(|n| format!("#x{n}")).collect();
        let mut expression = "SET #epoch = :epoch, #version = :version".to_owned();
        if !names.is_empty() {
            expression += &format!(" REMOVE {}", names.join(", "));
        }
        let mut update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key(keys::user(user), keys::INBOX.to_owned())))
            .condition_expression("#version = :seen")
            .update_expression(expression)
            .expression_attribute_names("#epoch", EPOCH)
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":seen", number(inbox.version))
            .expression_attribute_values(":epoch", number(inbox.epoch + 1))
            .expression_attribute_values(":version", number(inbox.version + 1));
        for (name, attribute) in names.into_iter().zip(removed) {
            update = update.expression_attribute_names(name, attribute);
        }
        let update = update.build().map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Changes numbers of an inbox that must still be in the epoch in which it was seen.
    pub(crate) fn count_in_inbox(
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
        for kind in NotificationKind::ALL {
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
        assert_eq!(count(None, Some(NotificationKind::PaymentFailed)), 1);
    }

    #[test]
    fn a_far_page_begins_at_the_month_that_it_lies_in() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let items = [("n202609a", 7), ("n202610a", 3), ("n202610b", 2), ("n202611a", 4)];
        let items = items.map(|(name, count)| (name.to_owned(), AttributeValue::N(count.to_string())));
        let inbox = Inbox::read(&items.into(), now);
        let month = |month| NotificationId::first_at(start_of(date(2026, month, 1)));
        let all = Wanted::default();
        for (oldest_first, skipped, expected) in [
            (false, 0, (Start::Newest, 0)),
            (false, 3, (Start::Newest, 3)),
            (false, 4, (Start::OlderThan(month(11)), 0)),
            (false, 10, (Start::OlderThan(month(10)), 1)),
            (true, 6, (Start::Oldest, 6)),
            (true, 8, (Start::NewerThan(month(10)), 1)),
            (true, 12, (Start::NewerThan(month(11)), 0)),
        ] {
            assert_eq!(inbox.jump(all, oldest_first, skipped), expected, "{oldest_first} {skipped}");
        }
        let of_kind = Wanted { kind: NotificationKind::ALL.get(1).copied(), is_read: None };
        assert_eq!(inbox.jump(of_kind, false, 1), (Start::Newest, 1));
    }
}

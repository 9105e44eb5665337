//! What the table keeps of a person beside the contents of their orders, and how it goes when they
//! are erased. All of it can be repeated, and what is gone stays gone.

use crate::keys::{self, Index};
use crate::lists::Span;
use crate::notifications::Notification;
use crate::notifications::inbox::{attribute, month_of, oldest_retained};
use crate::orders::item;
use crate::{Item, Table, TableError, catalog, text};
use futures::future::try_join_all;
use jiff::Timestamp;
use oms_domain::tally::Scope;
use oms_domain::{OrderId, OrderSummary, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// How many entries of an index one query asks for.
const PAGE: usize = 1_000;
/// How many queries read the orders of one person at most: of 1 MB, some thousand orders each.
const MAX_PAGES: usize = 1_000;
/// How many notifications one transaction removes; the inbox is one more item of it.
const NOTIFICATIONS_AT_ONCE: usize = 99;
/// How many items one transaction removes.
const AT_ONCE: usize = 100;

impl Table {
    /// Whether there is anything of a person: an order, an address, a notification, a counter, a
    /// request. Not a consistent read of the indexes.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn is_known(&self, person: &UserId) -> Result<bool, TableError> {
        let counters = keys::counters(&Scope::User(person.clone()));
        for pk in [keys::user(person), counters] {
            if !self.beginning(pk, String::new(), 1).await?.is_empty() {
                return Ok(true);
            }
        }
        for list in [keys::list_of_user(person), keys::list_of_deleted(person)] {
            if !self.newest::<Item>(Index::User, &list, 1).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(!self.remembered_requests(person).await?.is_empty())
    }

    /// Every order of a person, deleted ones too, as far as the index has them.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read; [`TableError::TooMuch`] where there are
    /// millions.
    pub async fn orders_ever_of(&self, person: &UserId) -> Result<BTreeSet<OrderId>, TableError> {
        let mut found = BTreeSet::new();
        for list in [keys::list_of_user(person), keys::list_of_deleted(person)] {
            let entries = self.entries_of_list(list).await?;
            found.extend(entries.iter().filter_map(|item| keys::order_of(text(item, keys::PK))));
        }
        Ok(found)
    }

    /// Up to `limit` orders of a person, the oldest first, behind a place in the list: of those
    /// that there are, or of those that were deleted; each with its place.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn listed_of_person(
        &self,
        person: &UserId,
        deleted: bool,
        after: &str,
        limit: usize,
    ) -> Result<Vec<(String, OrderId)>, TableError> {
        let list = if deleted { keys::list_of_deleted(person) } else { keys::list_of_user(person) };
        let after = Some(after.to_owned()).filter(|after| !after.is_empty());
        let span = Span::all(Index::User, list).narrowed(after, false);
        let page = self.read_span(&span, false, limit, None).await?;
        let entry = |(at, item): (String, Item)| Some((at, keys::order_of(text(&item, keys::PK))?));
        Ok(page.entries.into_iter().filter_map(entry).collect())
    }

    /// What lists show of the last order that a person has placed.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn last_order_of(&self, person: &UserId) -> Result<Option<OrderSummary>, TableError> {
        let last = self.newest(Index::User, &keys::list_of_user(person), 1).await?;
        Ok(last.into_iter().next())
    }

    /// All that an index has of a list.
    async fn entries_of_list(&self, list: String) -> Result<Vec<Item>, TableError> {
        let span = Span::all(Index::User, list);
        let (mut found, mut rest) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let page = self.read_span(&span, false, PAGE, rest).await?;
            found.extend(page.entries.into_iter().map(|(_, item): (String, Item)| item));
            rest = page.rest;
            if rest.is_none() {
                return Ok(found);
            }
        }
        Err(TableError::TooMuch)
    }

    /// Erases the older parts of an order's log, which stand beside it; how many had anything to
    /// erase. Only of an order that is erased itself: what it moves there afterwards is erased
    /// already.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read or written; [`TableError::Newer`] where a
    /// newer version wrote one, with what only that can erase.
    pub async fn erase_older_log(&self, order: OrderId) -> Result<usize, TableError> {
        let mut count = 0;
        let mut pages = self.pages(keys::order(order), keys::LOG_PREFIX, true);
        while let Some(page) = pages.next().await? {
            for older in page {
                if let Some(erased) = item::erased_log(order, older, self.layout)? {
                    self.put(self.put_any(erased)?, None).await?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }

    /// How many notifications there are of a person.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn count_notifications(&self, person: &UserId) -> Result<usize, TableError> {
        let mut count = 0;
        let mut pages = self.pages(keys::user(person), keys::NOTIFICATION_PREFIX, true);
        while let Some(page) = pages.next().await? {
            count += page.len();
        }
        Ok(count)
    }

    /// Removes a person's notifications, and counts them out of the inbox; how many were there.
    /// What comes in or is marked meanwhile may stay, and is found the next time.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read or written.
    pub async fn delete_notifications(&self, person: &UserId, now: Timestamp) -> Result<usize, TableError> {
        let mut count = 0;
        let mut pages = self.pages(keys::user(person), keys::NOTIFICATION_PREFIX, true);
        while let Some(page) = pages.next().await? {
            count += page.len();
            let read = |item| catalog::read::<Notification>(item, "a notification");
            let notifications: Vec<Notification> = page.into_iter().map(read).collect::<Result<_, _>>()?;
            for some in notifications.chunks(NOTIFICATIONS_AT_ONCE) {
                match self.delete_some(person, some, now).await {
                    Ok(()) | Err(TableError::Conflict) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(count)
    }

    async fn delete_some(
        &self,
        person: &UserId,
        notifications: &[Notification],
        now: Timestamp,
    ) -> Result<(), TableError> {
        let inbox = self.inbox(person, now).await?;
        let mut fewer: BTreeMap<String, i64> = BTreeMap::new();
        let mut writes = Vec::new();
        for seen in notifications {
            let sk = keys::notification(seen.id);
            writes.push(self.delete_seen(keys::user(person), sk, seen.version)?);
            let month = month_of(seen.created_at);
            if month < oldest_retained(now) {
                // It is counted no more.
                continue;
            }
            let unread = !inbox.show(seen.clone()).is_read;
            for what in ['n'].into_iter().chain(unread.then_some('u')) {
                *fewer.entry(attribute(what, month, seen.notification_type)).or_default() -= 1;
            }
        }
        let fewer: Vec<(String, i64)> = fewer.into_iter().collect();
        writes.push(self.count_in_inbox(person, &inbox, &fewer)?);
        self.transact_as_seen(writes, None).await
    }

    /// Where the requests of a person are remembered, by their idempotency keys.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn remembered_requests(&self, person: &UserId) -> Result<Vec<(String, String)>, TableError> {
        let shards = (0..keys::IDEMPOTENCY_SHARDS).map(|shard| keys::idempotency_shard(&person.0, shard));
        let shards = shards.map(|pk| async move {
            let mut found = Vec::new();
            let mut pages = self.pages(pk, keys::IDEMPOTENCY_PREFIX, true);
            while let Some(page) = pages.next().await? {
                found.extend(page.iter().map(keys_of));
            }
            Ok::<_, TableError>(found)
        });
        Ok(try_join_all(shards).await?.into_iter().flatten().collect())
    }

    /// Forgets the requests of a person; how many there were.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read or written.
    pub async fn forget_requests(&self, person: &UserId) -> Result<usize, TableError> {
        let requests = self.remembered_requests(person).await?;
        self.delete_all(&requests).await?;
        Ok(requests.len())
    }

    /// Removes the trails of a person: what they have changed within the last minutes.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read or written.
    pub async fn delete_trails(&self, person: &UserId) -> Result<(), TableError> {
        for trail in [keys::RECENT_WRITE_PREFIX, keys::RECENT_CHANGE_PREFIX] {
            let steps = self.collection(keys::user(person), trail).await?;
            self.delete_all(&steps.iter().map(keys_of).collect::<Vec<_>>()).await?;
        }
        Ok(())
    }

    async fn delete_all(&self, keys: &[(String, String)]) -> Result<(), TableError> {
        for keys in keys.chunks(AT_ONCE) {
            let deletes = keys.iter().map(|(pk, sk)| self.delete_any(pk.clone(), sk.clone()));
            self.transact(deletes.collect::<Result<_, _>>()?, None).await?;
        }
        Ok(())
    }
}

fn keys_of(item: &Item) -> (String, String) {
    (text(item, keys::PK).to_owned(), text(item, keys::SK).to_owned())
}

//! Stores. One that was deleted is in no list of stores, but still says whose it was: its orders
//! are theirs to see, and to bring to an end should one have been placed at that very moment.

use crate::entity::{FIRST_VERSION, Versioned};
use crate::idempotency::Keyed;
use crate::lists::{Entry, RangeKeys, through_item};
use crate::writes::part;
use crate::{Item, Table, TableError, entity, key, keys, text};
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, TransactWriteItem};
use jiff::Timestamp;
use oms_domain::catalog::{Store, StoreStatus};
use oms_domain::{Currency, StoreId, UserId};
use serde::Deserialize;
use serde::de::Deserializer;

/// The store's fields that lists show, filter, search or sort by.
const SUMMARY_FIELDS: [&str; 6] = ["id", "name", "owner", "currency", "status", "created_at"];
const WHAT: &str = "a store";
/// When a store was deleted, in the summary of what is left of it.
const DELETED_AT: &str = "deleted_at";
/// The currency, in the summary.
const CURRENCY: &str = "currency";

/// What an index carries of a store.
#[derive(Clone, Debug, Deserialize)]
pub struct StoreSummary {
    /// What paths and orders name the store by.
    pub id: StoreId,
    /// What customers know it as.
    pub name: String,
    /// The vendor whose it is.
    #[serde(default)]
    pub owner: Option<UserId>,
    /// Whether it sells.
    pub status: StoreStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was deleted, where only whose it was is left of it.
    #[serde(default)]
    pub deleted_at: Option<Timestamp>,
}

impl Entry for StoreSummary {
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<(RangeKeys, Self), D::Error> {
        through_item(json, |item| entity::read(item, "a store"))
    }
}

impl Table {
    /// A store.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn store(&self, id: StoreId) -> Result<Option<Store>, TableError> {
        let store = self.versioned_store(id).await?;
        Ok(store.map(|store| store.entity))
    }

    /// A store, and how often it has changed.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn versioned_store(&self, id: StoreId) -> Result<Option<Versioned<Store>>, TableError> {
        let item = self.get_item(keys::store(id), keys::STORE.to_owned()).await?;
        item.filter(is_there).map(|item| entity::read_versioned(item, &[], WHAT)).transpose()
    }

    /// Whose a store is, or was when it was deleted; none where there never was such a store.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn owner_of_store(&self, id: StoreId) -> Result<Option<UserId>, TableError> {
        let item = self.get_item(keys::store(id), keys::STORE.to_owned()).await?;
        let store: Option<StoreSummary> = item.map(|item| entity::read(item, WHAT)).transpose()?;
        Ok(store.and_then(|store| store.owner))
    }

    /// Some stores in one trip, those that exist, in no order.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn stores(&self, ids: impl IntoIterator<Item = StoreId>) -> Result<Vec<Store>, TableError> {
        let wanted: std::collections::BTreeSet<_> = ids.into_iter().collect();
        let wanted = wanted.into_iter().map(|id| (keys::store(id), keys::STORE.to_owned()));
        let items = self.get_items(wanted.collect()).await?;
        items.into_iter().filter(is_there).map(|item| entity::read(item, WHAT)).collect()
    }

    /// Makes a store, in [`FIRST_VERSION`]. Its owner may have so many.
    ///
    /// # Errors
    /// [`TableError::Full`]; [`TableError::Conflict`] where its id is taken.
    pub async fn insert_store(&self, store: &Store, most: u32, key: Keyed<'_>) -> Result<(), TableError> {
        let owner: Vec<&UserId> = store.owner.iter().collect();
        self.begin_counts(&owner).await?;
        let mut items = Vec::new();
        // First, so that its failure can be told from the others.
        for owner in owner {
            items.push(self.count_store_of(owner, most)?);
        }
        items.push(part(self.put_new(to_item(store, FIRST_VERSION)?)?));
        items.push(self.count_store(None, Some(store.status))?);
        self.transact_counted(items, most, key).await
    }

    /// Changes a store that was seen so, into the next version. Its owner may have so many.
    ///
    /// # Errors
    /// [`TableError::Full`]; [`TableError::Conflict`] where somebody else was faster, also with the
    /// first product of a store that is to have another currency.
    pub async fn replace_store(
        &self,
        seen: &Versioned<Store>,
        store: &Store,
        most: u32,
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        let before = &seen.entity;
        let put = self.put_seen(seen, to_item(store, seen.version + 1)?)?;
        let (turns, opens) = (before.currency != store.currency, before.status != store.status);
        let is_sold = before.owner != store.owner;
        if is_sold || opens {
            let owners: Vec<&UserId> = [&before.owner, &store.owner].into_iter().flatten().collect();
            self.begin_counts(&owners).await?;
        }
        let mut items = Vec::new();
        if is_sold {
            // First, so that its failure can be told from the others.
            items.extend(store.owner.as_ref().map(|owner| self.count_store_of(owner, most)).transpose()?);
            items.extend(before.owner.as_ref().map(|owner| self.uncount_store_of(owner)).transpose()?);
        }
        if turns || opens {
            self.begin_assortment(before).await?;
        }
        if opens {
            items.push(self.count_store(Some(before.status), Some(store.status))?);
            items.push(self.move_assortment(store, turns)?);
        } else if turns {
            items.push(self.must_not_have_begun(store.id)?);
        }
        if items.is_empty() {
            return self.put(put, key).await;
        }
        items.push(part(put));
        if is_sold && store.owner.is_some() {
            self.transact_counted(items, most, key).await
        } else {
            self.transact_as_seen(items, key).await
        }
    }

    /// Removes a store that has no product. Where it has had one there may be orders of it: then
    /// whose it was stays.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else was faster, or there is a product.
    pub async fn delete_store(&self, seen: &Versioned<Store>, now: Timestamp) -> Result<(), TableError> {
        let store = &seen.entity;
        let assortment = self.begin_assortment(store).await?;
        let owner: Vec<&UserId> = store.owner.iter().collect();
        self.begin_counts(&owner).await?;
        let mut items = vec![self.end_assortment(&assortment)?, self.count_store(Some(store.status), None)?];
        for owner in owner {
            items.push(self.uncount_store_of(owner)?);
        }
        items.push(if assortment.was_begun() {
            part(self.put_seen(seen, tombstone(store, seen.version + 1, now)?)?)
        } else {
            self.delete_seen(keys::store(store.id), keys::STORE.to_owned(), seen.version)?
        });
        self.transact_as_seen(items, None).await
    }

    /// Makes a transaction fail where a store is no more, or sells in another currency.
    pub fn must_sell_in(&self, store: StoreId, currency: Currency) -> Result<TransactWriteItem, TableError> {
        let check = ConditionCheck::builder()
            .table_name(&self.name)
            .set_key(Some(key(keys::store(store), keys::STORE.to_owned())))
            .condition_expression(
                "#summary.#currency = :currency AND attribute_not_exists(#summary.#deleted)",
            )
            .expression_attribute_names("#summary", keys::SUMMARY)
            .expression_attribute_names("#currency", CURRENCY)
            .expression_attribute_names("#deleted", DELETED_AT)
            .expression_attribute_values(":currency", AttributeValue::S(currency.code().to_owned()));
        let check = check.build().map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// Writes all or nothing, of which the first counts a store of its owner.
    async fn transact_counted(
        &self,
        items: Vec<TransactWriteItem>,
        limit: u32,
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        self.transact(items, key).await.map_err(|error| error.or_full("An owner", "stores", limit))
    }
}

/// Whether an item is a store, and not what is left of one.
pub fn is_there(item: &Item) -> bool {
    let summary = item.get(keys::SUMMARY).and_then(|summary| summary.as_m().ok());
    summary.is_none_or(|summary| !summary.contains_key(DELETED_AT))
}

/// The owner that an item of a store names; empty where it names none.
pub fn owner(item: &Item) -> &str {
    let summary = item.get(keys::SUMMARY).and_then(|summary| summary.as_m().ok());
    summary.map_or("", |summary| text(summary, "owner"))
}

/// What is left of a store: in the list of what its owner has had, and in no other.
fn tombstone(store: &Store, version: u64, now: Timestamp) -> Result<Item, TableError> {
    let mut item = to_item(store, version)?;
    item.remove(keys::Index::All.hash_key());
    if let Some(AttributeValue::M(summary)) = item.get_mut(keys::SUMMARY) {
        summary.insert(DELETED_AT.to_owned(), AttributeValue::S(now.to_string()));
    }
    Ok(item)
}

pub(crate) fn to_item(store: &Store, version: u64) -> Result<Item, TableError> {
    let item = entity::item(store, version, &SUMMARY_FIELDS, WHAT)?;
    let mut item = entity::with_texts(
        item,
        [
            (keys::PK, keys::store(store.id)),
            (keys::SK, keys::STORE.to_owned()),
            (keys::Index::All.hash_key(), keys::list_of_stores(store.status)),
            (keys::LIST_AT, keys::list_at(store.created_at, store.id)),
        ],
    );
    if let Some(owner) = &store.owner {
        let list = AttributeValue::S(keys::list_of_owner(owner));
        item.insert(keys::Index::User.hash_key().to_owned(), list);
    }
    Ok(item)
}

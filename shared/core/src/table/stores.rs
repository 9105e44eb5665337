//! Stores.

use super::entity::{FIRST_VERSION, Versioned};
use super::{Item, Table, TableError, entity, keys};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use oms_domain::catalog::{Store, StoreStatus};
use oms_domain::{StoreId, UserId};
use serde::Deserialize;

/// The store's fields that lists show, filter, search or sort by.
const SUMMARY_FIELDS: [&str; 6] = ["id", "name", "owner", "currency", "status", "created_at"];
const WHAT: &str = "a store";

/// What an index carries of a store.
#[derive(Clone, Debug, Deserialize)]
pub struct StoreSummary {
    /// Its id.
    pub id: StoreId,
    /// Its name.
    pub name: String,
    /// The vendor whose it is.
    #[serde(default)]
    pub owner: Option<UserId>,
    /// Whether it sells.
    pub status: StoreStatus,
    /// When it was made.
    pub created_at: Timestamp,
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
        item.map(|item| entity::read_versioned(item, WHAT)).transpose()
    }

    /// Some stores in one trip, those that exist, in no order.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn stores(&self, ids: impl IntoIterator<Item = StoreId>) -> Result<Vec<Store>, TableError> {
        let wanted: std::collections::BTreeSet<_> = ids.into_iter().collect();
        let wanted = wanted.into_iter().map(|id| (keys::store(id), keys::STORE.to_owned()));
        let items = self.get_items(wanted.collect()).await?;
        items.into_iter().map(|item| entity::read(item, WHAT)).collect()
    }

    /// Makes a store, in [`FIRST_VERSION`].
    ///
    /// # Errors
    /// [`TableError::Conflict`] where its id is taken.
    pub async fn insert_store(&self, store: &Store) -> Result<(), TableError> {
        let item = to_item(store, FIRST_VERSION)?;
        self.put(self.put_new(item)?).await
    }

    /// Changes a store that was seen in version `seen`, into the next one.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else was faster.
    pub async fn replace_store(&self, seen: u64, store: &Store) -> Result<(), TableError> {
        let item = to_item(store, seen + 1)?;
        self.put(self.put_over(Some(seen), item)?).await
    }

    /// Removes a store that was seen in version `seen`.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else was faster.
    pub async fn delete_store(&self, id: StoreId, seen: u64) -> Result<(), TableError> {
        let delete = self.delete_seen(keys::store(id), keys::STORE.to_owned(), seen)?;
        self.transact_as_seen(vec![delete]).await
    }
}

fn to_item(store: &Store, version: u64) -> Result<Item, TableError> {
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

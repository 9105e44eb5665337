//! The lists of stores and products that the indexes keep, one for each status: what customers
//! may see is a list of its own.

use crate::catalog::products::ProductSummary;
use crate::catalog::stores::StoreSummary;
use crate::keys::{self, Index};
use crate::{Table, TableError, entity};
use futures::future::try_join_all;
use oms_domain::catalog::{ProductStatus, StoreStatus};
use oms_domain::{StoreId, UserId};
use serde::de::DeserializeOwned;

/// The most entries of one status that a list of the catalogue is read to. Lists are filtered,
/// searched, sorted and counted in memory; where there are more, they must be narrowed first.
pub const MAX_LISTED: usize = 10_000;

/// A list as far as it was read, newest first within each status.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// Its entries.
    pub entries: Vec<T>,
    /// Whether there are none beyond [`MAX_LISTED`].
    pub is_complete: bool,
}

impl Table {
    /// The stores that a vendor owns, newest first.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn stores_of(&self, owner: &UserId) -> Result<Vec<StoreSummary>, TableError> {
        let mut stores = self.stores_ever_of(owner).await?;
        stores.retain(|store| store.deleted_at.is_none());
        Ok(stores)
    }

    /// The same with those that they have deleted: what they had sold is theirs to see.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn stores_ever_of(&self, owner: &UserId) -> Result<Vec<StoreSummary>, TableError> {
        let list = (Index::User, keys::list_of_owner(owner));
        Ok(self.listed(vec![list], "a store").await?.entries)
    }

    /// The stores of some statuses.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn stores_with(&self, statuses: &[StoreStatus]) -> Result<Listed<StoreSummary>, TableError> {
        let lists = statuses.iter().map(|status| keys::list_of_stores(*status));
        let lists = lists.map(|list| (Index::All, list)).collect();
        self.listed(lists, "a store").await
    }

    /// The products of some statuses, of one store or of all.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn products_with(
        &self,
        store: Option<StoreId>,
        statuses: &[ProductStatus],
    ) -> Result<Listed<ProductSummary>, TableError> {
        let lists = statuses.iter().map(|status| match store {
            Some(store) => (Index::Store, keys::list_of_store_products(store, *status)),
            None => (Index::All, keys::list_of_products(*status)),
        });
        self.listed(lists.collect(), "a product").await
    }

    async fn listed<T: DeserializeOwned>(
        &self,
        lists: Vec<(Index, String)>,
        what: &'static str,
    ) -> Result<Listed<T>, TableError> {
        let reads =
            lists.iter().map(|(index, hash)| self.newest::<crate::Item>(*index, hash, MAX_LISTED + 1));
        let found = try_join_all(reads).await?;
        let is_complete = found.iter().all(|items| items.len() <= MAX_LISTED);
        let entries = found.into_iter().flatten();
        let entries = entries.map(|item| entity::read(item, what));
        Ok(Listed { entries: entries.collect::<Result<_, _>>()?, is_complete })
    }
}

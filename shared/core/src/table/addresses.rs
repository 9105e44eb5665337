//! Customers' addresses.

use super::{Table, TableError, catalog, key, keys};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use oms_domain::order::Address;
use oms_domain::{AddressId, UserId};
use serde::{Deserialize, Serialize};

/// An address in its owner's book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddressRecord {
    /// Whose it is.
    pub user: UserId,
    /// The address itself.
    pub address: Address,
    /// Whether it is the one to offer first.
    #[serde(default)]
    pub is_default: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Table {
    /// One of a user's addresses.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn address(
        &self,
        user: &UserId,
        id: AddressId,
    ) -> Result<Option<AddressRecord>, TableError> {
        let item = self.get_item(keys::user(user), keys::address(id)).await?;
        item.map(|item| catalog::read(item, "an address"))
            .transpose()
    }

    /// All of a user's addresses, oldest first: a book has [`MAX_ADDRESSES`] at most.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn addresses(&self, user: &UserId) -> Result<Vec<AddressRecord>, TableError> {
        let items = self
            .collection(keys::user(user), keys::ADDRESS_PREFIX)
            .await?;
        items
            .into_iter()
            .map(|item| catalog::read(item, "an address"))
            .collect()
    }

    /// Writes a new address into its owner's book.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where its id is taken.
    pub async fn insert_address(&self, record: &AddressRecord) -> Result<(), TableError> {
        let summary = serde_dynamo::to_item(record).map_err(TableError::shape("an address"))?;
        let mut item = key(keys::user(&record.user), keys::address(record.address.id));
        item.insert(keys::SUMMARY.into(), AttributeValue::M(summary));
        self.put(self.put_new(item)?).await
    }
}

/// How many addresses a user may have.
pub const MAX_ADDRESSES: usize = 100;

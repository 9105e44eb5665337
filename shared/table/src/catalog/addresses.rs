//! Customers' addresses. Beside them, each user's book knows how many there are and which one is
//! the default: one item, so that neither can go wrong however many write at the same time.

use crate::entity::{FIRST_VERSION, Versioned};
use crate::idempotency::Keyed;
use crate::keys::{self, Index};
use crate::writes::part;
use crate::{Item, Table, TableError, entity, key, text};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use jiff::Timestamp;
use oms_domain::order::Address;
use oms_domain::{AddressId, UserId};
use serde::{Deserialize, Serialize};

/// How many addresses a user may have.
pub const MAX_ADDRESSES: usize = 100;

const COUNT: &str = "count";
const DEFAULT: &str = "default";
const WHAT: &str = "an address";

/// An address of a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AddressRecord {
    /// Whose it is.
    pub user: UserId,
    /// The address itself.
    pub address: Address,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An address as it stands in its user's book.
#[derive(Clone, Debug, PartialEq)]
pub struct BookEntry {
    /// The address, and how often it has changed.
    pub record: Versioned<AddressRecord>,
    /// Whether it is the one to offer first.
    pub is_default: bool,
}

impl Table {
    /// One of a user's addresses.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn address(&self, user: &UserId, id: AddressId) -> Result<Option<BookEntry>, TableError> {
        let pk = keys::user(user);
        let wanted = [keys::address(id), keys::ADDRESS_BOOK.to_owned()];
        let wanted = wanted.into_iter().map(|sk| (pk.clone(), sk)).collect();
        Ok(entries(self.get_items(wanted).await?)?.pop())
    }

    /// All of a user's addresses, oldest first; [`MAX_ADDRESSES`] at most.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn addresses(&self, user: &UserId) -> Result<Vec<BookEntry>, TableError> {
        let pk = keys::user(user);
        entries(self.collection(pk, keys::ADDRESS_PREFIX).await?)
    }

    /// Whose an address is. An address made just now may not be found yet.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn user_of_address(&self, id: AddressId) -> Result<Option<UserId>, TableError> {
        let list = keys::list_of_address(id);
        let found = self.newest::<Item>(Index::All, &list, 1).await?;
        let user = found.first().and_then(|item| keys::user_of(text(item, keys::PK)));
        Ok(user)
    }

    /// Writes a new address into its user's book, in [`FIRST_VERSION`].
    ///
    /// # Errors
    /// [`TableError::Conflict`] where its id is taken or the book is full.
    pub async fn insert_address(
        &self,
        record: &AddressRecord,
        is_default: bool,
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        let put = self.put_new(to_item(record, FIRST_VERSION)?)?;
        let default = if is_default { ", #default = :id" } else { "" };
        let mut book = self
            .book(&record.user)
            .update_expression(format!("SET #count = if_not_exists(#count, :none) + :one{default}"))
            .condition_expression("attribute_not_exists(#count) OR #count < :most")
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(MAX_ADDRESSES));
        if is_default {
            book = book
                .expression_attribute_names("#default", DEFAULT)
                .expression_attribute_values(":id", id(record));
        }
        self.transact_as_seen(vec![part(put), update(book)?], key).await
    }

    /// Changes an address, into its next version. A new default unsets the one before.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else was faster.
    pub async fn replace_address(
        &self,
        seen: &BookEntry,
        record: &AddressRecord,
        is_default: bool,
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        let put = self.put_seen(&seen.record, to_item(record, seen.record.version + 1)?)?;
        if is_default == seen.is_default {
            return self.put(put, key).await;
        }
        let book = self
            .book(&record.user)
            .expression_attribute_names("#default", DEFAULT)
            .expression_attribute_values(":id", id(record));
        let book = if is_default {
            book.update_expression("SET #default = :id")
        } else {
            book.update_expression("REMOVE #default").condition_expression("#default = :id")
        };
        self.transact_as_seen(vec![part(put), update(book)?], key).await
    }

    /// Removes an address.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else was faster.
    pub async fn delete_address(&self, seen: &BookEntry) -> Result<(), TableError> {
        let Versioned { entity: record, version, .. } = &seen.record;
        let sk = keys::address(record.address.id);
        let delete = self.delete_seen(keys::user(&record.user), sk, *version)?;
        let book = self
            .book(&record.user)
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_names("#default", DEFAULT)
            .expression_attribute_values(":id", id(record))
            .expression_attribute_values(":one", number(1));
        let book = if seen.is_default {
            book.update_expression("SET #count = #count - :one REMOVE #default")
                .condition_expression("#default = :id")
        } else {
            book.update_expression("SET #count = #count - :one")
                .condition_expression("attribute_not_exists(#default) OR #default <> :id")
        };
        self.transact_as_seen(vec![delete, update(book)?], None).await
    }

    fn book(&self, user: &UserId) -> aws_sdk_dynamodb::types::builders::UpdateBuilder {
        let key = key(keys::user(user), keys::ADDRESS_BOOK.to_owned());
        Update::builder().table_name(&self.name).set_key(Some(key))
    }
}

fn update(update: aws_sdk_dynamodb::types::builders::UpdateBuilder) -> Result<TransactWriteItem, TableError> {
    let update = update.build().map_err(TableError::request)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

fn number(number: usize) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn id(record: &AddressRecord) -> AttributeValue {
    AttributeValue::S(record.address.id.to_string())
}

/// The addresses among some items of one user, with what the book among them says of each.
fn entries(mut items: Vec<Item>) -> Result<Vec<BookEntry>, TableError> {
    let book = items.iter().position(|item| text(item, keys::SK) == keys::ADDRESS_BOOK);
    let book = book.map(|at| items.remove(at)).unwrap_or_default();
    let default = text(&book, DEFAULT);
    let entries = items.into_iter().map(|item| {
        let record = entity::read_versioned::<AddressRecord>(item, &[], WHAT)?;
        let is_default = record.entity.address.id.to_string() == default;
        Ok(BookEntry { record, is_default })
    });
    entries.collect()
}

/// Nothing of it is in the summary: the index that finds an address by its id need not carry it.
pub(crate) fn to_item(record: &AddressRecord, version: u64) -> Result<Item, TableError> {
    let id = record.address.id;
    Ok(entity::with_texts(
        entity::item(record, version, &[], WHAT)?,
        [
            (keys::PK, keys::user(&record.user)),
            (keys::SK, keys::address(id)),
            (Index::All.hash_key(), keys::list_of_address(id)),
            (keys::LIST_AT, keys::list_at(record.created_at, id)),
        ],
    ))
}

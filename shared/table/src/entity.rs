//! How an entity of the catalogue is kept as an item: its fields as they are, except that those
//! which lists show, filter, search or sort by stand in the map `summary`, which the indexes
//! carry. Nothing is stored twice.

use crate::idempotency::Keyed;
use crate::schema::{Kind, SCHEMA, Shape, UnknownFields};
use crate::writes::VERSION;
use crate::{Item, Table, TableError, key, keys, number};
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version of what has just been made.
pub const FIRST_VERSION: u64 = 1;

/// An entity as it was read, and how often it has changed: what a write of it is conditional on.
#[derive(Clone, Debug, PartialEq)]
pub struct Versioned<T> {
    /// The entity.
    pub entity: T,
    /// How often it has changed; its making was the first.
    pub version: u64,
    /// What of its item this code does not know.
    pub unknown: UnknownFields,
}

impl<T> Versioned<T> {
    /// An entity that this code has just made or changed, in the version that it has now.
    #[must_use]
    pub fn new(entity: T, version: u64) -> Self {
        Self { entity, version, unknown: UnknownFields::default() }
    }

    /// What became of it, in its next version.
    #[must_use]
    pub fn next(&self, entity: T) -> Self {
        Self { entity, version: self.version + 1, unknown: self.unknown.clone() }
    }

    /// A part of it, in the same version.
    #[must_use]
    pub fn map<U>(self, part: impl FnOnce(T) -> U) -> Versioned<U> {
        Versioned { entity: part(self.entity), version: self.version, unknown: self.unknown }
    }
}

/// The item of an entity, yet without keys.
pub fn item<T: Serialize>(
    entity: &T,
    version: u64,
    summary_fields: &[&str],
    what: &'static str,
) -> Result<Item, TableError> {
    let mut item: Item = serde_dynamo::to_item(entity).map_err(TableError::shape(what))?;
    let summary: Item = summary_fields.iter().filter_map(|name| item.remove_entry(*name)).collect();
    if !summary.is_empty() {
        item.insert(keys::SUMMARY.into(), AttributeValue::M(summary));
    }
    item.insert(VERSION.into(), AttributeValue::N(version.to_string()));
    Kind::Other.write_as(&mut item, SCHEMA);
    Ok(item)
}

/// Adds text attributes to an item: its keys, and where it stands in lists.
pub fn with_texts<const N: usize>(mut item: Item, texts: [(&str, String); N]) -> Item {
    for (name, value) in texts {
        item.insert(name.to_owned(), AttributeValue::S(value));
    }
    item
}

/// An entity from its item, or a summary from what an index carries of one.
pub fn read<T: DeserializeOwned>(mut item: Item, what: &'static str) -> Result<T, TableError> {
    if let Some(AttributeValue::M(summary)) = item.remove(keys::SUMMARY) {
        item.extend(summary);
    }
    serde_dynamo::from_item(item).map_err(TableError::shape(what))
}

/// An entity with its version and what of its item is not known; `derived` is what its summary
/// holds that is no field of it.
pub fn read_versioned<T: DeserializeOwned + Serialize>(
    item: Item,
    derived: &[&str],
    what: &'static str,
) -> Result<Versioned<T>, TableError> {
    let newer = (Shape::of(&item).schema > SCHEMA).then(|| item.clone());
    let version = version_of(&item);
    let entity = read(item, what)?;
    let unknown = match newer {
        None => UnknownFields::default(),
        Some(item) => UnknownFields::of(&item, derived, || {
            // Each field may stand in the summary or beside it.
            let mut known: Item = serde_dynamo::to_item(&entity).map_err(TableError::shape(what))?;
            known.insert(keys::SUMMARY.to_owned(), AttributeValue::M(known.clone()));
            Ok(known)
        })?,
    };
    Ok(Versioned { entity, version, unknown })
}

/// How often the item's entity has changed.
pub fn version_of(item: &Item) -> u64 {
    number(item, VERSION).unwrap_or(FIRST_VERSION)
}

impl Table {
    /// A put over an entity's item that must still be as it was seen; what of it is not known
    /// stays.
    ///
    /// # Errors
    /// [`TableError::Newer`] where only a newer version may write it.
    pub fn put_seen<T>(&self, seen: &Versioned<T>, mut item: Item) -> Result<Put, TableError> {
        seen.unknown.put_back(&mut item)?;
        self.put_over(Some(seen.version), item)
    }

    /// Removes an item that must still have the version that was seen, as part of a transaction.
    pub fn delete_seen(&self, pk: String, sk: String, seen: u64) -> Result<TransactWriteItem, TableError> {
        let delete = Delete::builder()
            .table_name(&self.name)
            .set_key(Some(key(pk, sk)))
            .condition_expression("#version = :seen")
            .expression_attribute_names("#version", VERSION)
            .expression_attribute_values(":seen", AttributeValue::N(seen.to_string()))
            .build()
            .map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Removes an item, as part of a transaction.
    pub fn delete_any(&self, pk: String, sk: String) -> Result<TransactWriteItem, TableError> {
        let delete = Delete::builder()
            .table_name(&self.name)
            .set_key(Some(key(pk, sk)))
            .build()
            .map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Writes all or nothing, where every condition means that somebody else was faster.
    pub async fn transact_as_seen(
        &self,
        items: Vec<TransactWriteItem>,
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        self.transact(items, key).await.map_err(TableError::or_conflict)
    }
}

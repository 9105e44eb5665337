//! Entries of indexes, and how they are read from an answer.

use crate::keys::{self, Index};
use crate::{Item, TableError, text};
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// What an index carries of what is listed.
pub trait Entry: Sized {
    /// Reads an entry, and where it stands, from DynamoDB's answer.
    ///
    /// # Errors
    /// Where it is none.
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<(RangeKeys, Self), D::Error>;
}

/// All that the index carries.
impl Entry for Item {
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<(RangeKeys, Self), D::Error> {
        through_item(json, Ok)
    }
}

/// Reads an entry by way of an item: several times slower than straight.
pub(crate) fn through_item<'de, D: Deserializer<'de>, T>(
    json: D,
    read: impl FnOnce(Item) -> Result<T, TableError>,
) -> Result<(RangeKeys, T), D::Error> {
    let item: Item = serde_dynamo::Item::deserialize(json)?.into();
    let place = RangeKeys::new(text(&item, keys::LIST_AT), text(&item, Index::Total.range_key()));
    Ok((place, read(item).map_err(D::Error::custom)?))
}

/// The range keys that an entry stands by, of those that indexes have.
#[derive(Debug)]
pub struct RangeKeys {
    list_at: String,
    list_total: String,
}

impl RangeKeys {
    /// By time, and by total where there is one.
    #[must_use]
    pub fn new(list_at: impl Into<String>, list_total: impl Into<String>) -> Self {
        Self { list_at: list_at.into(), list_total: list_total.into() }
    }

    pub(super) fn in_index(self, index: Index) -> String {
        if index == Index::Total { self.list_total } else { self.list_at }
    }
}

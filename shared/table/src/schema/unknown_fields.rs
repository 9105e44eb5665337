//! What a newer version of this code has written into an item, so that it outlives a save by this
//! one, which puts the whole item anew.

use super::{SCHEMA, SCHEMA_ATTRIBUTE, Shape, WRITER};
use crate::keys::{self, Index};
use crate::writes::VERSION;
use crate::{Item, TableError};
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::BTreeMap;

/// By what the entries of lists are told apart: lines, payments and refunds by their id, changes by
/// the version that they made.
const IDENTITIES: [&str; 2] = ["id", "v"];

/// What an item holds that this code does not know; nothing where this code, or an older one, has
/// written it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnknownFields(Option<Box<Newer>>);

#[derive(Clone, Debug, PartialEq)]
struct Newer {
    shape: Shape,
    fields: Fields,
}

/// The unknown of a map.
#[derive(Clone, Debug, Default, PartialEq)]
struct Fields {
    /// What is unknown with all that it holds.
    whole: Item,
    /// What is unknown within maps that are known.
    within: BTreeMap<String, Fields>,
    /// What is unknown within entries of lists that are known: the list, by what the entry is told
    /// apart, and its unknown.
    entries: Vec<(String, (&'static str, AttributeValue), Fields)>,
}

impl UnknownFields {
    /// Those of an item: all that is not in what this code makes `known` of it. Names that it
    /// derives (`derived`, of the summary) and those of keys are known, too.
    ///
    /// # Errors
    /// What making it came to; it is made of items of newer versions only.
    pub(crate) fn of(
        item: &Item,
        derived: &[&str],
        known: impl FnOnce() -> Result<Item, TableError>,
    ) -> Result<Self, TableError> {
        let shape = Shape::of(item);
        if shape.schema <= SCHEMA {
            return Ok(Self::default());
        }
        let mut fields = Fields::of(item, &known()?);
        fields.whole.retain(|name, _| !is_key(name));
        if let Some(summary) = fields.within.get_mut(keys::SUMMARY) {
            summary.whole.retain(|name, _| !derived.contains(&name.as_str()));
        }
        Ok(Self(Some(Box::new(Newer { shape, fields }))))
    }

    /// The shape in which the item must be written again where this code would write another.
    pub(crate) fn at_least(&self, wanted: u32) -> u32 {
        self.0.as_ref().map_or(wanted, |newer| wanted.max(newer.shape.writer))
    }

    /// Fails where there are any: what is not known cannot be erased.
    ///
    /// # Errors
    /// [`TableError::Newer`].
    pub(crate) fn must_be_none(&self) -> Result<(), TableError> {
        match &self.0 {
            Some(newer) => Err(TableError::Newer { schema: newer.shape.schema }),
            None => Ok(()),
        }
    }

    /// Puts them into the item that is to take the place of theirs, also the shape that it had.
    ///
    /// # Errors
    /// [`TableError::Newer`] where only a newer version may write it.
    pub(crate) fn put_back(&self, item: &mut Item) -> Result<(), TableError> {
        let Some(newer) = &self.0 else { return Ok(()) };
        if newer.shape.writer > SCHEMA {
            return Err(TableError::Newer { schema: newer.shape.writer });
        }
        newer.fields.put_back(item);
        newer.shape.stamp(item);
        Ok(())
    }

    /// Puts those of an order's log into the half of it that is kept elsewhere from now on.
    pub(crate) fn put_back_into_older_log(&self, item: &mut Item) {
        if let Some(newer) = &self.0 {
            newer.fields.put_entries_back(item);
        }
    }
}

/// Whether a top-level attribute is one of those that this code writes beside an entity's fields.
fn is_key(name: &str) -> bool {
    let beside = [keys::PK, keys::SK, keys::LIST_AT, keys::EXPIRES_AT, VERSION, SCHEMA_ATTRIBUTE, WRITER];
    beside.contains(&name)
        || Index::EVERY.iter().any(|index| [index.hash_key(), index.range_key()].contains(&name))
}

fn identity(entry: &Item) -> Option<(&'static str, &AttributeValue)> {
    IDENTITIES.iter().find_map(|name| Some((*name, entry.get(*name)?)))
}

/// The entry of a list that is told apart so.
fn entry<'a>(list: &'a [AttributeValue], (name, is): (&str, &AttributeValue)) -> Option<&'a Item> {
    let mut entries = list.iter().filter_map(|entry| entry.as_m().ok());
    entries.find(|entry| entry.get(name) == Some(is))
}

impl Fields {
    fn of(stored: &Item, known: &Item) -> Self {
        let mut fields = Self::default();
        for (name, value) in stored {
            match (value, known.get(name)) {
                (_, None) => {
                    fields.whole.insert(name.clone(), value.clone());
                }
                (AttributeValue::M(stored), Some(AttributeValue::M(known))) => {
                    let within = Self::of(stored, known);
                    if within != Self::default() {
                        fields.within.insert(name.clone(), within);
                    }
                }
                (AttributeValue::L(stored), Some(AttributeValue::L(known))) => {
                    fields.entries.extend(Self::of_entries(name, stored, known));
                }
                (_, Some(_)) => {}
            }
        }
        fields
    }

    fn of_entries<'a>(
        list: &'a str,
        stored: &'a [AttributeValue],
        known: &'a [AttributeValue],
    ) -> impl Iterator<Item = (String, (&'static str, AttributeValue), Self)> + 'a {
        stored.iter().filter_map(move |stored| {
            let stored = stored.as_m().ok()?;
            let identity = identity(stored)?;
            let fields = Self::of(stored, entry(known, identity)?);
            let is_any = fields != Self::default();
            is_any.then(|| (list.to_owned(), (identity.0, identity.1.clone()), fields))
        })
    }

    /// Puts them where they were, as far as what held them is still there.
    fn put_back(&self, item: &mut Item) {
        for (name, value) in &self.whole {
            item.entry(name.clone()).or_insert_with(|| value.clone());
        }
        for (name, fields) in &self.within {
            if let Some(AttributeValue::M(map)) = item.get_mut(name) {
                fields.put_back(map);
            }
        }
        self.put_entries_back(item);
    }

    fn put_entries_back(&self, item: &mut Item) {
        for (list, (name, is), fields) in &self.entries {
            let Some(AttributeValue::L(list)) = item.get_mut(list) else { continue };
            for entry in list {
                if let AttributeValue::M(entry) = entry
                    && entry.get(*name) == Some(is)
                {
                    fields.put_back(entry);
                }
            }
        }
    }
}

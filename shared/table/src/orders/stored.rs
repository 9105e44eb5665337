//! An order read straight from its item as DynamoDB answers it. One of another shape is brought up
//! to date as an item first.

use crate::answer::FromAnswer;
use crate::attribute_json::{Levels, Within};
use crate::orders::item::{self, Kept, MOVED};
use crate::orders::summary;
use crate::schema::{SAVES, SCHEMA, SCHEMA_ATTRIBUTE, SaveTokens, UnknownFields};
use crate::{Item, TableError, keys};
use oms_domain::Order;
use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// A whole order, with what it keeps for its store.
#[derive(Debug)]
pub(crate) struct Whole(pub(crate) Order);

impl FromAnswer for Whole {
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let newest = |attributes: Attributes<'_>| {
            let kept = Kept {
                tokens: tokens_of(&attributes)?,
                moved: moved_of(&attributes)?,
                unknown: UnknownFields::default(),
            };
            Ok(item::keeping(order_of_attributes(attributes, &[])?, kept))
        };
        read(json, newest, item::from_item).map(Self)
    }
}

/// Reads an order's item: one of the newest shape by its attributes, any other as an item.
pub(super) fn read<'de, D: Deserializer<'de>>(
    json: D,
    newest: impl FnOnce(Attributes<'_>) -> serde_json::Result<Order>,
    other: impl FnOnce(Item) -> Result<Order, TableError>,
) -> Result<Order, D::Error> {
    let json = <&RawValue>::deserialize(json)?.get();
    let attributes: Attributes<'_> = serde_json::from_str(json).map_err(D::Error::custom)?;
    if is_newest(&attributes) {
        return newest(attributes).map_err(D::Error::custom);
    }
    let item: serde_dynamo::Item = serde_json::from_str(json).map_err(D::Error::custom)?;
    other(item.into()).map_err(D::Error::custom)
}

fn moved_of(attributes: &Attributes<'_>) -> serde_json::Result<u64> {
    let Some(json) = attributes.get(MOVED) else { return Ok(0) };
    let Number { number } = serde_json::from_str(json.get())?;
    number.parse().map_err(Error::custom)
}

fn tokens_of(attributes: &Attributes<'_>) -> serde_json::Result<SaveTokens> {
    let Some(json) = attributes.get(SAVES) else { return Ok(SaveTokens::default()) };
    let saves = Within { seed: PhantomData::<BTreeMap<String, u32>>, levels: &[] };
    let saves = saves.deserialize(&mut serde_json::Deserializer::from_str(json.get()))?;
    Ok(saves.into_iter().filter_map(|(version, token)| Some((version.parse().ok()?, token))).collect())
}

/// The order of an item of the newest shape. There is one reader of orders, whose code is large: an
/// item that the SDK or the stream has read already is written as JSON for it.
pub(super) fn order_of(item: Item) -> Result<Order, TableError> {
    let json = serde_json::to_string(&serde_dynamo::Item::from(item));
    let order = json.and_then(|json| order_of_attributes(serde_json::from_str(&json)?, &[]));
    order.map_err(|error| TableError::Shape { what: "an order", source: Error::custom(error) })
}

/// The same of its attributes; the lists that may be missing are empty then.
pub(super) fn order_of_attributes(
    attributes: Attributes<'_>,
    may_be_missing: &[&'static str],
) -> serde_json::Result<Order> {
    Order::deserialize(MapAccessDeserializer::new(Flat::of(attributes, may_be_missing)?))
}

/// The attributes of an item, or the parts of a map, as they came.
pub(super) type Attributes<'a> = BTreeMap<&'a str, &'a RawValue>;

/// A number as an attribute.
#[derive(Deserialize)]
struct Number<'a> {
    #[serde(rename = "N")]
    number: &'a str,
}

/// Whether an item has the newest shape.
fn is_newest(attributes: &Attributes<'_>) -> bool {
    let shape = attributes.get(SCHEMA_ATTRIBUTE).map(|shape| serde_json::from_str::<Number<'_>>(shape.get()));
    matches!(shape, Some(Ok(Number { number })) if number.parse() == Ok(SCHEMA))
}

/// The fields of an order, whether they stand in its summary or beside it.
struct Flat<'a> {
    fields: std::vec::IntoIter<(&'a str, Field<'a>)>,
    next: Option<Field<'a>>,
}

enum Field<'a> {
    Stored(&'a RawValue, Levels),
    Id(String),
    /// Nothing of it was asked for.
    Empty,
}

impl<'a> Flat<'a> {
    fn of(attributes: Attributes<'a>, may_be_missing: &[&'static str]) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Text<'a> {
            #[serde(rename = "S")]
            text: &'a str,
        }
        #[derive(Deserialize)]
        struct Map<'a> {
            #[serde(rename = "M", borrow)]
            parts: Attributes<'a>,
        }
        let missing = may_be_missing.iter().filter(|list| !attributes.contains_key(**list));
        let mut fields: Vec<(&str, Field<'_>)> = missing.map(|list| (*list, Field::Empty)).collect();
        for (name, json) in attributes {
            match name {
                keys::PK => {
                    let Text { text } = serde_json::from_str(json.get())?;
                    let id = text.trim_start_matches(keys::ORDER_PREFIX);
                    fields.push(("id", Field::Id(id.to_owned())));
                }
                keys::SUMMARY => {
                    let Map { parts } = serde_json::from_str(json.get())?;
                    let part = |(short, json)| {
                        let (name, parts) = summary::field_of(short)?;
                        Some((name, Field::Stored(json, parts)))
                    };
                    fields.extend(parts.into_iter().filter_map(part));
                }
                _ => fields.push((name, Field::Stored(json, &[]))),
            }
        }
        Ok(Self { fields: fields.into_iter(), next: None })
    }
}

impl<'a> MapAccess<'a> for Flat<'a> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> serde_json::Result<Option<K::Value>> {
        let Some((name, field)) = self.fields.next() else { return Ok(None) };
        self.next = Some(field);
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'a>>(&mut self, seed: S) -> serde_json::Result<S::Value> {
        match self.next.take() {
            Some(Field::Stored(json, levels)) => {
                let mut json = serde_json::Deserializer::from_str(json.get());
                Within { seed, levels }.deserialize(&mut json)
            }
            Some(Field::Id(id)) => seed.deserialize(StringDeserializer::new(id)),
            Some(Field::Empty) | None => seed.deserialize(SeqDeserializer::new(std::iter::empty::<()>())),
        }
    }
}

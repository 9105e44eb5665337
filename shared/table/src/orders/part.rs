//! Parts of orders, for lists that show some of each of twenty. What is left out, the log above
//! all, costs as many read units as before, but is neither sent nor decoded.

use crate::answer::FromAnswer;
use crate::attribute_json::{Levels, Within};
use crate::orders::{item, summary};
use crate::schema::{Kind, SCHEMA, SCHEMA_ATTRIBUTE};
use crate::{Item, Table, TableError, keys};
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::{Order, OrderId};
use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Which part of an order is read, beside what lists and statistics show of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderPart {
    /// Its lines.
    Lines,
    /// Its payments.
    Payments,
}

const LINES: &str = "items";
const PAYMENTS: &str = "payments";
const LOG: &str = "log";
/// What no order is without, its shape, and whether it has been deleted.
const ALWAYS: [&str; 12] = [
    keys::PK,
    SCHEMA_ATTRIBUTE,
    keys::SUMMARY,
    item::DELETED_AT,
    "version",
    "status_since",
    "subtotal",
    "tax_rate",
    "tax_amount",
    "shipping_cost",
    "discount_amount",
    "shipping_address",
];

impl OrderPart {
    const fn attribute(self) -> &'static str {
        match self {
            Self::Lines => LINES,
            Self::Payments => PAYMENTS,
        }
    }

    /// What is asked for.
    pub(crate) fn attributes(self) -> Vec<&'static str> {
        ALWAYS.into_iter().chain([self.attribute()]).collect()
    }
}

/// The order of some attributes of its item, without log and whatever else was not asked for.
#[derive(Debug)]
pub(crate) struct Part(pub(crate) Order);

impl FromAnswer for Part {
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(json)?.get();
        let attributes: Attributes<'_> = serde_json::from_str(json).map_err(D::Error::custom)?;
        let order = if is_newest(&attributes) {
            Order::deserialize(MapAccessDeserializer::new(Flat::of(attributes).map_err(D::Error::custom)?))
                .map_err(D::Error::custom)
        } else {
            let item: serde_dynamo::Item = serde_json::from_str(json).map_err(D::Error::custom)?;
            older(item.into()).map_err(D::Error::custom)
        };
        order.map(Self)
    }
}

/// An order of another shape is brought up to date as an item.
fn older(mut item: Item) -> Result<Order, TableError> {
    for list in [LINES, LOG] {
        item.entry(list.to_owned()).or_insert_with(|| AttributeValue::L(Vec::new()));
    }
    Kind::Order.upgrade(&mut item);
    item::order_of(item)
}

/// The attributes of an item, or the parts of a map, as they came.
type Attributes<'a> = BTreeMap<&'a str, &'a RawValue>;

fn is_newest(attributes: &Attributes<'_>) -> bool {
    #[derive(Deserialize)]
    struct Number<'a> {
        #[serde(rename = "N")]
        number: &'a str,
    }
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
    fn of(attributes: Attributes<'a>) -> serde_json::Result<Self> {
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
        let lists = [LINES, LOG].into_iter().filter(|list| !attributes.contains_key(list));
        let mut fields: Vec<(&str, Field<'_>)> = lists.map(|list| (list, Field::Empty)).collect();
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

impl Table {
    /// A part of several orders, perhaps a moment old, for half the price of
    /// [`orders`](Self::orders). They are to be shown, never to be changed: most of each is
    /// missing. What does not exist or has been deleted is left out.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn parts_of_orders_soon(
        &self,
        ids: impl IntoIterator<Item = OrderId>,
        part: OrderPart,
    ) -> Result<Vec<Order>, TableError> {
        let keys = ids.into_iter().map(|id| (keys::order(id), keys::ORDER.to_owned()));
        let orders = self.get_parts_soon(keys.collect(), &part.attributes()).await?;
        Ok(orders.into_iter().map(|Part(order)| order).filter(|order| !order.is_deleted()).collect())
    }
}

//! What lists and statistics show of an order: the map `summary`, which the indexes carry.
//!
//! Ten of them are read for statistics and twenty for a page, so its names are short: a page of
//! names would cost more than what they name. [`NAMES`] is the only place that knows them.

use crate::answer::FromAnswer;
use crate::attribute_json::{self, Levels};
use crate::lists::{Entry, RangeKeys};
use crate::projections::order_rows::{Facts, facts_of};
use crate::{Item, TableError, keys, text};
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::summary::{newest_payments, no_order};
use oms_domain::{Order, OrderSummary, PaymentSummary};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use std::borrow::Cow;

/// The order's fields that stand in its summary instead of beside it, and their names there. Of
/// `u` and `s` the parts are in [`PART_NAMES`].
const NAMES: [(&str, &str); 16] = [
    ("order_number", "n"),
    ("user", "u"),
    ("store", "s"),
    ("status", "st"),
    ("payment_status", "ps"),
    ("payment_method", "pm"),
    ("payment_reference", "pr"),
    ("shipping_method", "sm"),
    ("total_amount", "t"),
    ("currency", "cu"),
    ("tracking_number", "tn"),
    ("created_at", "c"),
    ("updated_at", "m"),
    ("confirmed_at", "co"),
    ("shipped_at", "sh"),
    ("delivered_at", "de"),
];
/// The names of the parts of a user and a store.
const PART_NAMES: [(&str, &str); 8] = [
    ("id", "i"),
    ("username", "u"),
    ("email", "e"),
    ("first_name", "f"),
    ("last_name", "l"),
    ("name", "n"),
    ("slug", "s"),
    ("description", "d"),
];
/// What the rest of the order amounts to: how many lines it has, its version, whether it can be
/// refunded, its payments, the oldest first.
const LINES: &str = "l";
const ORDER_VERSION: &str = "v";
const CAN_REFUND: &str = "r";
const PAYMENTS: &str = "p";
/// What it derives, so.
pub(crate) const DERIVED: [&str; 4] = [LINES, ORDER_VERSION, CAN_REFUND, PAYMENTS];
/// Where whose it is stands in an item.
pub(crate) const OWNER_PATHS: [&str; 2] = ["summary.u.i", "summary.s.i"];

/// Takes what the summary holds out of an order's fields.
pub(crate) fn take(order: &Order, fields: &mut Item) -> Result<Item, TableError> {
    let mut summary = Item::new();
    for (name, short) in NAMES {
        if let Some(value) = fields.remove(name) {
            summary.insert(short.to_owned(), with_parts(value, |(name, short)| (name, short)));
        }
    }
    summary.insert(ORDER_VERSION.into(), AttributeValue::N(order.version.to_string()));
    summary.insert(LINES.into(), AttributeValue::N(order.lines.len().to_string()));
    if order.can_refund() {
        summary.insert(CAN_REFUND.into(), AttributeValue::Bool(true));
    }
    if !order.payments.is_empty() {
        let payments: Vec<_> = newest_payments(order).map(PaymentSummary::of).collect();
        let payments = serde_dynamo::to_attribute_value(payments).map_err(TableError::shape("a summary"))?;
        summary.insert(PAYMENTS.into(), payments);
    }
    Ok(summary)
}

/// What a summary holds of an order's fields, under their own names; what it derives from the rest
/// keeps its short name, under which an order knows nothing.
pub(crate) fn fields_of(mut summary: Item) -> Item {
    let mut fields = Item::new();
    for (name, short) in NAMES {
        if let Some(value) = summary.remove(short) {
            fields.insert(name.to_owned(), with_parts(value, |(name, short)| (short, name)));
        }
    }
    fields.extend(summary);
    fields
}

/// The order's field that a summary holds under a short name, and the names of its parts; none
/// where it is derived from the rest.
pub(crate) fn field_of(short: &str) -> Option<(&'static str, Levels)> {
    let (name, _) = NAMES.iter().find(|(_, stored)| *stored == short)?;
    Some((name, &[&PART_NAMES]))
}

/// A value whose parts, if it has any, have other names.
fn with_parts(
    value: AttributeValue,
    renaming: fn((&'static str, &'static str)) -> (&'static str, &'static str),
) -> AttributeValue {
    let AttributeValue::M(mut parts) = value else { return value };
    let renamed = PART_NAMES.into_iter().map(renaming);
    let renamed = renamed.filter_map(|(from, to)| Some((to.to_owned(), parts.remove(from)?)));
    AttributeValue::M(renamed.collect())
}

/// Whose order an item's summary is of, and which store's.
pub(crate) fn owners_of(summary: &Item) -> Option<(&str, &str)> {
    let id_of = |name: &str| Some(text(summary.get(name)?.as_m().ok()?, "i"));
    Some((id_of("u")?, id_of("s")?))
}

/// An entry of an index that carries a summary, or facts ([`crate::projections::order_rows`]).
#[derive(Deserialize)]
pub struct Carried<'a> {
    #[serde(borrow)]
    pk: Cow<'a, str>,
    /// Not in the index by total.
    #[serde(borrow, default)]
    list_at: Cow<'a, str>,
    #[serde(borrow, default)]
    list_total: Cow<'a, str>,
    #[serde(borrow, default)]
    facts: Cow<'a, str>,
    /// Its hash key in the index by all facets.
    #[serde(borrow, default)]
    facets: Cow<'a, str>,
    summary: Option<OrderSummary>,
}

impl<'a> Carried<'a> {
    /// Reads it from DynamoDB's answer.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_answer<D: Deserializer<'a>>(json: D) -> Result<Self, D::Error> {
        attribute_json::read(json, &[&[], &NAMES, &PART_NAMES])
    }

    /// Where it stands.
    #[must_use]
    pub fn range_keys(&self) -> RangeKeys {
        RangeKeys::new(&*self.list_at, &*self.list_total)
    }

    /// The facts; none where it carries a summary.
    #[must_use]
    pub fn facts(&self) -> Option<Facts> {
        facts_of(&self.pk, &self.list_at, &self.facts, &self.facets)
    }

    /// The summary.
    ///
    /// # Errors
    /// Where it carries none.
    pub fn summary<E: Error>(self) -> Result<OrderSummary, E> {
        let id = keys::order_of(&self.pk).unwrap_or_else(no_order);
        let summary = self.summary.ok_or_else(|| E::missing_field(keys::SUMMARY))?;
        Ok(OrderSummary { id, ..summary })
    }
}

impl Entry for OrderSummary {
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<(RangeKeys, Self), D::Error> {
        let entry = Carried::from_answer(json)?;
        Ok((entry.range_keys(), entry.summary()?))
    }
}

/// None where a row carries none.
impl FromAnswer for Option<OrderSummary> {
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        let entry = Carried::from_answer(json)?;
        if entry.summary.is_some() { entry.summary().map(Some) } else { Ok(None) }
    }
}

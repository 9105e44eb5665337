//! The log of an order: who changed what from what to what, and when.
//!
//! A change holds the differences between the order's JSON before and after it, so the log can be
//! read forwards as a history and backwards as a time machine ([`rewind`]).

use crate::choices::choices;
use crate::{JobId, Status, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

choices! {
    /// What somebody did to an order.
    ChangeKind {
        /// Placed it.
        Place = "create", "Created";
        /// Changed some of its fields.
        Edit = "update", "Updated";
        /// Added a line.
        AddLine = "create_item", "Item created";
        /// Changed a line.
        EditLine = "update_item", "Item updated";
        /// Took a line out.
        RemoveLine = "delete_item", "Item deleted";
        /// Its customer rated it.
        Rate = "rate", "Rated";
        /// Deleted it.
        Delete = "delete", "Deleted";
        /// The store accepted it.
        Confirm = "confirm", "Confirmed";
        /// The store began to pack it.
        Process = "process", "Processing";
        /// It was handed to the carrier.
        Ship = "ship", "Shipped";
        /// The courier set out with it.
        SendOutForDelivery = "out_for_delivery", "Out for delivery";
        /// The customer has it.
        Deliver = "deliver", "Delivered";
        /// It was called off.
        Cancel = "cancel", "Cancelled";
        /// It was paid back.
        Refund = "refund", "Refunded";
        /// A payment was added.
        AddPayment = "create_payment", "Payment created";
        /// A pending payment was changed.
        EditPayment = "update_payment", "Payment updated";
        /// A payment was taken out.
        RemovePayment = "delete_payment", "Payment deleted";
        /// A payment was sent to the gateway.
        StartPayment = "process_payment", "Payment processing";
        /// The gateway answered.
        FinishPayment = "finish_payment", "Payment processed";
        /// A refund was sent to the gateway.
        StartRefund = "refund_payment", "Refund started";
        /// The gateway answered about a refund.
        FinishRefund = "finish_refund", "Refund processed";
        /// The customer's bank disputes a payment, or has decided.
        Dispute = "dispute_payment", "Payment disputed";
        /// The gateway said something about a payment that cannot be.
        Contradict = "contradict_payment", "Payment contradicted";
        /// A person has looked at what was the matter with a payment.
        Dismiss = "dismiss_attention", "Attention dismissed";
        /// What says who its customer is was taken out of it.
        Erase = "erase", "Personal data erased";
    }
}

/// What a deed makes larger of an order, whose item has a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// What its customer and its store write.
    Content,
    /// Its payments and refunds, as many as somebody asks for.
    Money,
    /// Little: what brings it to its end, which must always be possible.
    Little,
}

impl ChangeKind {
    /// What it makes larger.
    #[must_use]
    pub const fn growth(self) -> Growth {
        match self {
            ChangeKind::Place
            | ChangeKind::Edit
            | ChangeKind::AddLine
            | ChangeKind::EditLine
            | ChangeKind::Rate => Growth::Content,
            ChangeKind::AddPayment | ChangeKind::EditPayment | ChangeKind::StartRefund => Growth::Money,
            ChangeKind::RemoveLine
            | ChangeKind::Delete
            | ChangeKind::Confirm
            | ChangeKind::Process
            | ChangeKind::Ship
            | ChangeKind::SendOutForDelivery
            | ChangeKind::Deliver
            | ChangeKind::Cancel
            | ChangeKind::Refund
            | ChangeKind::RemovePayment
            | ChangeKind::StartPayment
            | ChangeKind::FinishPayment
            | ChangeKind::FinishRefund
            | ChangeKind::Dispute
            | ChangeKind::Contradict
            | ChangeKind::Dismiss
            | ChangeKind::Erase => Growth::Little,
        }
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The user, or `system` where no person was involved.
    pub id: UserId,
    /// When, to the microsecond.
    pub at: Timestamp,
}

/// One field's change. Its names and a change's are short where they are stored: an order carries
/// its whole log through every write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// What it was; null where there was nothing.
    #[serde(rename = "f", default, skip_serializing_if = "Value::is_null")]
    pub from: Value,
    /// What it is now; null where there is nothing.
    #[serde(rename = "t", default, skip_serializing_if = "Value::is_null")]
    pub to: Value,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The order's version after it; 1 is the placing.
    #[serde(rename = "v")]
    pub version: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: UserId,
    /// What they did.
    #[serde(rename = "a")]
    pub action: ChangeKind,
    /// Why, in their words.
    #[serde(rename = "r", default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What became different, by path: `status`, `items.<id>.quantity`, `payments.<id>`.
    /// Empty for version 1, whose result is the whole order. An entry that was added is named
    /// without its content, which [`crate::Order::history`] fills in.
    #[serde(rename = "c", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changes: BTreeMap<String, FieldChange>,
    /// How long the order had been in the status that this change ended, in microseconds.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub previous_status_lasted_us: Option<i64>,
    /// The job that did it on its maker's behalf, where one did.
    #[serde(rename = "j", default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobId>,
}

impl Change {
    /// The field's old and new value where this change touched it.
    #[must_use]
    pub fn of(&self, path: &str) -> Option<&FieldChange> {
        self.changes.get(path)
    }

    /// From which status to which the order moved, and after how long in the first, in
    /// microseconds; nothing where it did not, or where that was not measured yet.
    #[must_use]
    pub fn transition(&self) -> Option<(Status, Status, i64)> {
        let status = |value: &Value| value.as_str()?.parse::<Status>().ok();
        let field = self.of("status")?;
        Some((status(&field.from)?, status(&field.to)?, self.previous_status_lasted_us?))
    }
}

/// The lists within an order whose entries have an id, and are compared entry by entry.
const LISTS: [&str; 2] = ["items", "payments"];

/// The list within a payment of which only the entries that became different are logged: with each
/// refund, all the others would be kept twice again.
const REFUNDS: &str = "refunds";

/// What became different between two states of one order, as JSON objects.
#[must_use]
pub fn differences(before: &Map<String, Value>, after: &Map<String, Value>) -> BTreeMap<String, FieldChange> {
    let mut found = BTreeMap::new();
    compare("", before, after, &mut found);
    for list in LISTS {
        let (old, new) = (by_id(before.get(list)), by_id(after.get(list)));
        for id in old.keys().chain(new.keys().filter(|id| !old.contains_key(**id))) {
            let path = format!("{list}.{id}");
            match (old.get(id), new.get(id)) {
                (Some(old), Some(new)) => compare(&format!("{path}."), old, new, &mut found),
                // What was added stands in the order itself, so the log need not hold it as well.
                (old, _) => {
                    let gone = old.map_or(Value::Null, |entry| Value::Object((*entry).clone()));
                    found.insert(path, FieldChange { from: gone, to: Value::Null });
                }
            }
        }
    }
    found
}

/// Fills in what a change added, from the state after it.
pub(crate) fn fill_in(change: &mut Change, after: &Map<String, Value>) {
    for (path, field) in &mut change.changes {
        let added = field.from.is_null() && field.to.is_null();
        if let (true, Some((list, id))) = (added, path.split_once('.')) {
            let entry = by_id(after.get(list)).get(id).map(|entry| (*entry).clone());
            field.to = entry.map_or(Value::Null, Value::Object);
        }
    }
}

/// Takes a change back: the state before it, from the state after it.
#[must_use]
pub fn rewind(mut after: Map<String, Value>, change: &Change) -> Map<String, Value> {
    for (path, field) in &change.changes {
        match path.split('.').collect::<Vec<_>>()[..] {
            [list, id] if LISTS.contains(&list) => {
                let entries = entries(&mut after, list);
                entries.retain(|entry| entry.get("id").and_then(Value::as_str) != Some(id));
                if !field.from.is_null() {
                    entries.push(field.from.clone());
                    entries.sort_by(|a, b| text(a).cmp(text(b)));
                }
            }
            [list, id, name] if LISTS.contains(&list) => {
                let entry = entries(&mut after, list)
                    .iter_mut()
                    .find(|entry| entry.get("id").and_then(Value::as_str) == Some(id));
                if let Some(Value::Object(entry)) = entry {
                    match name {
                        REFUNDS => put(entry, name, &before_entries(entry.get(name), field)),
                        name => put(entry, name, &field.from),
                    }
                }
            }
            _ => put(&mut after, path, &field.from),
        }
    }
    after
}

/// A list as it was before some of its entries changed or were added.
fn before_entries(after: Option<&Value>, field: &FieldChange) -> Value {
    let (was, became) = (by_id(Some(&field.from)), by_id(Some(&field.to)));
    let kept = after.and_then(Value::as_array).into_iter().flatten();
    let kept = kept.filter(|entry| !became.contains_key(text(entry))).cloned();
    let mut entries: Vec<Value> = kept.chain(was.into_values().cloned().map(Value::Object)).collect();
    entries.sort_by(|a, b| text(a).cmp(text(b)));
    if entries.is_empty() { Value::Null } else { Value::Array(entries) }
}

/// The change of a list without the entries that it leaves as they were.
fn changed_entries(field: &FieldChange) -> FieldChange {
    let but = |list: &Value, other: &Value| {
        let others = by_id(Some(other));
        let entries = list.as_array().into_iter().flatten();
        let changed = entries.filter(|entry| others.get(text(entry)).copied() != entry.as_object());
        let changed: Vec<_> = changed.cloned().collect();
        if changed.is_empty() { Value::Null } else { Value::Array(changed) }
    };
    FieldChange { from: but(&field.from, &field.to), to: but(&field.to, &field.from) }
}

fn text(entry: &Value) -> &str {
    entry.get("id").and_then(Value::as_str).unwrap_or_default()
}

fn entries<'a>(state: &'a mut Map<String, Value>, list: &str) -> &'a mut Vec<Value> {
    let entry = state.entry(list).or_insert_with(|| Value::Array(Vec::new()));
    if !entry.is_array() {
        *entry = Value::Array(Vec::new());
    }
    match entry {
        Value::Array(entries) => entries,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            unreachable!("it was made an array just above")
        }
    }
}

fn put(object: &mut Map<String, Value>, name: &str, value: &Value) {
    if value.is_null() {
        object.remove(name);
    } else {
        object.insert(name.to_owned(), value.clone());
    }
}

fn by_id(list: Option<&Value>) -> BTreeMap<&str, &Map<String, Value>> {
    let entries = list.and_then(Value::as_array).into_iter().flatten();
    entries
        .filter_map(Value::as_object)
        .filter_map(|entry| Some((entry.get("id")?.as_str()?, entry)))
        .collect()
}

fn compare(
    prefix: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    found: &mut BTreeMap<String, FieldChange>,
) {
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    for name in names.filter(|name| !(prefix.is_empty() && LISTS.contains(&name.as_str()))) {
        let value = |of: &Map<String, Value>| of.get(name).cloned().unwrap_or(Value::Null);
        let field = FieldChange { from: value(before), to: value(after) };
        if field.from != field.to {
            let is_refunds = name == REFUNDS && prefix.starts_with("payments.");
            let field = if is_refunds { changed_entries(&field) } else { field };
            found.insert(format!("{prefix}{name}"), field);
        }
    }
}

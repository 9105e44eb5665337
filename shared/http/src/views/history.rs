//! What happened to an order, as clients see it.

use super::time;
use jiff::Timestamp;
use oms_domain::Change;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What the order keeps for itself: it means nothing to clients.
const INTERNAL: [&str; 5] = ["erased_at", "lines_made", "payments_made", "mover", "then"];

/// What others put there and we only keep: it is shown as it came.
const OTHERS: [&str; 3] = ["extra_data", "gateway_response", "payment_details"];

/// What one field was and became.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldChangeView {
    /// What it was; null where there was nothing.
    pub from: Value,
    /// What it became; null where there is nothing any more.
    pub to: Value,
}

/// One change of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChangeView {
    /// The order's version after it; 1 is its placing.
    #[schema(example = 2)]
    pub version: u64,
    /// When.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub at: String,
    /// Who: a user.
    #[schema(example = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11")]
    pub by: String,
    /// What they did.
    #[schema(example = "confirm")]
    pub action: &'static str,
    /// Why, in their words.
    pub reason: String,
    /// What it changed, by field: `status`, `items.<id>.quantity`, `payments.<id>.status`. Empty
    /// for the placing.
    pub changes: BTreeMap<String, FieldChangeView>,
}

fn last_name(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        let fields = change.changes.iter().filter(|(path, _)| !INTERNAL.contains(&last_name(path)));
        Self {
            version: change.version,
            at: time(change.at),
            by: change.by.0.clone(),
            action: change.action.as_str(),
            reason: change.reason.clone(),
            changes: fields
                .map(|(path, field)| {
                    let name = last_name(path);
                    let (from, to) = (shown(name, &field.from), shown(name, &field.to));
                    (path.clone(), FieldChangeView { from, to })
                })
                .collect(),
        }
    }
}

/// A value as clients see it elsewhere: times with microseconds.
fn shown(name: &str, value: &Value) -> Value {
    if OTHERS.contains(&name) {
        return value.clone();
    }
    match value {
        Value::String(text) if is_time(name) => {
            text.parse::<Timestamp>().map_or_else(|_| value.clone(), |at| Value::String(time(at)))
        }
        Value::Array(entries) => entries.iter().map(|entry| shown("", entry)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| !INTERNAL.contains(&name.as_str()));
            let fields = fields.map(|(name, value)| (name.clone(), shown(name, value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn is_time(name: &str) -> bool {
    name.ends_with("_at") || name == "estimated_delivery"
}

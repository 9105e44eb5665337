//! What follows for a schema from its name, its fields' names and where it is used.

use oms_domain::catalog::{ProductStatus, StoreStatus};
use oms_domain::order_events::{EventType, NotificationKind, NotificationLevel};
use oms_domain::payment::{PaymentState, RefundState};
use oms_domain::subscription::Protocol;
use oms_domain::{Decimal, PaymentMethod, PaymentStatus, ShippingMethod, Status};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The words of one of the domain's closed sets.
macro_rules! words {
    ($name:ident) => {
        $name::ALL.iter().map(|choice| choice.as_str()).collect()
    };
}

/// Renames and completes the schemas and the parameters.
pub(crate) fn complete(document: &mut Value) {
    rename(document);
    let flattened = flatten(document);
    let requested = reachable(document, "requestBody");
    let answered = reachable(document, "responses");
    let schemas = crate::object(&mut document["components"], "schemas");
    for (name, schema) in schemas.iter_mut() {
        complete_page(name, schema);
        complete_fields(name, schema);
        if answered.contains(name)
            && !requested.contains(name)
            && name != "Error"
            && !flattened.contains(name)
        {
            require_all(schema);
        }
        if requested.contains(name) && !answered.contains(name) {
            refuse_null(name, schema);
        }
    }
    crate::each_operation(document, |path, _, operation| {
        let group = path.trim_matches('/').split('/').nth(1).unwrap_or_default().to_owned();
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            without_null(&mut parameter["schema"]);
            complete_field(&group, &name, &mut parameter["schema"]);
        }
    });
}

/// `Order` for `OrderView`, `OrderPage` for `Page_OrderView`: what clients of the document call
/// them.
fn rename(document: &mut Value) {
    let mut names = BTreeMap::new();
    for old in document["components"]["schemas"].as_object().into_iter().flat_map(Map::keys) {
        let plain = |name: &str| name.strip_suffix("View").unwrap_or(name).replace("ErrorBody", "Error");
        let new = match old.strip_prefix("Page_") {
            Some(entry) => format!("{}Page", plain(entry)),
            None => plain(old),
        };
        let taken = names.insert(new.clone(), old.clone());
        assert!(taken.is_none(), "two schemas are called {new}: {taken:?} and {old}");
    }
    let schemas = crate::object(&mut document["components"], "schemas");
    for (new, old) in &names {
        if let Some(schema) = schemas.remove(old) {
            schemas.insert(new.clone(), schema);
        }
    }
    let names: BTreeMap<String, String> =
        names.into_iter().map(|(new, old)| (reference(&old), reference(&new))).collect();
    each_reference(document, &mut |name| {
        if let Some(new) = names.get(name) {
            new.clone_into(name);
        }
    });
}

/// One list of fields for a schema that is put together from several; what may be missing as a
/// whole (an optional part) has no field that must be there. The names of those schemas.
fn flatten(document: &mut Value) -> BTreeSet<String> {
    let mut flattened = BTreeSet::new();
    let schemas = crate::object(&mut document["components"], "schemas");
    let known = schemas.clone();
    for (owner, schema) in schemas.iter_mut() {
        let Some(Value::Array(parts)) = schema.as_object_mut().and_then(|schema| schema.remove("allOf"))
        else {
            continue;
        };
        let (mut fields, mut required) = (Map::new(), Vec::new());
        for part in &parts {
            let (part, is_optional) = match part["oneOf"].get(0) {
                Some(present) => (present, true),
                None => (part, false),
            };
            let name = part["$ref"].as_str().and_then(|name| name.rsplit('/').next());
            let part = name.map_or(part, |name| &known[name]);
            fields.extend(part["properties"].as_object().cloned().unwrap_or_default());
            if !is_optional {
                required.extend(part["required"].as_array().cloned().unwrap_or_default());
            }
        }
        schema["type"] = json!("object");
        schema["properties"] = Value::Object(fields);
        schema["required"] = Value::Array(required);
        flattened.insert(owner.clone());
    }
    flattened
}

fn reference(name: &str) -> String {
    format!("#/components/schemas/{name}")
}

fn each_reference(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if let (Value::String(text), "$ref") = (&mut *value, name.as_str()) {
                    change(text);
                } else {
                    each_reference(value, change);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| each_reference(value, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The schemas that one part of the operations refers to, directly or not.
pub(crate) fn reachable(document: &mut Value, part: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = Vec::new();
    let mut note = |text: &mut String| open.push(text.clone());
    crate::each_operation(document, |_, _, operation| {
        if let Some(part) = operation.get_mut(part) {
            each_reference(part, &mut note);
        }
    });
    while let Some(next) = open.pop() {
        let Some(name) = next.strip_prefix("#/components/schemas/") else { continue };
        if found.insert(name.to_owned()) {
            each_reference(&mut document["components"]["schemas"][name], &mut |text| open.push(text.clone()));
        }
    }
    found
}

/// A page's entries are a schema of their own.
fn complete_page(name: &str, schema: &mut Value) {
    if let Some(entry) = name.strip_suffix("Page") {
        schema["properties"]["results"]["items"] = json!({ "$ref": reference(entry) });
        schema["properties"]["next"]["format"] = json!("uri");
        schema["properties"]["previous"]["format"] = json!("uri");
    }
}

fn complete_fields(schema_name: &str, schema: &mut Value) {
    for (name, field) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        complete_field(schema_name, name, field);
    }
}

/// Adds the format and the closed set of words that a field's name and example tell.
fn complete_field(owner: &str, name: &str, field: &mut Value) {
    if field["items"]["type"] == "string"
        && let Some(words) = choices(owner, name)
    {
        field["items"]["enum"] = Value::Array(words);
    }
    let is_text = field["type"] == "string"
        || field["type"].as_array().is_some_and(|types| types.contains(&json!("string")));
    if !is_text || field.get("format").is_some() {
        return;
    }
    if let Some(mut words) = choices(owner, name) {
        if field["type"].is_array() {
            words.push(Value::Null);
        }
        field["enum"] = Value::Array(words);
    } else if is_time(name) {
        field["format"] = json!("date-time");
    } else if name == "currency" {
        field["pattern"] = json!("^[A-Z]{3}$");
    } else if field["example"].as_str().is_some_and(is_decimal) {
        field["format"] = json!("decimal");
    }
}

fn is_time(name: &str) -> bool {
    name.ends_with("_at") || name == "at" || name == "estimated_delivery"
}

fn is_decimal(text: &str) -> bool {
    text.contains('.') && text.parse::<Decimal>().is_ok()
}

/// The words that a field may hold; `owner` is the schema that it belongs to, or the group of
/// endpoints that it filters.
fn choices(owner: &str, name: &str) -> Option<Vec<Value>> {
    let words: Vec<&str> = match (name, owner) {
        ("payment_status", _) => words!(PaymentStatus),
        ("payment_method", _) => words!(PaymentMethod),
        ("shipping_method", _) => words!(ShippingMethod),
        ("notification_type", _) => words!(NotificationKind),
        ("level", _) => words!(NotificationLevel),
        ("protocol", _) => words!(Protocol),
        ("event_type" | "event_types", _) => words!(EventType),
        ("status", "Health") => vec!["ok", "degraded"],
        ("outcome", "SimulateAction") => vec!["succeed", "fail"],
        ("gateway", "Health") => vec!["simulated", "stripe"],
        (_, "Reached") => vec!["ok", "unreachable", "not_configured"],
        ("status", "Payment" | "RecentPayment" | "payments") => words!(PaymentState),
        ("status", "Refund") => words!(RefundState),
        ("status", "stores") => words!(StoreStatus),
        ("status", "products") => words!(ProductStatus),
        ("status", _) if owner.contains("Store") => words!(StoreStatus),
        ("status", _) if owner.contains("Product") => words!(ProductStatus),
        ("status", "orders") => words!(Status),
        ("status", _) if owner.contains("Order") || owner == "BulkUpdateStatus" => words!(Status),
        _ => return None,
    };
    Some(words.into_iter().map(Value::from).collect())
}

/// Every field of an answer is always there, be it null; only `explain` has to be asked for, and
/// only whoever pays has a `next_action`, while there is one.
fn require_all(schema: &mut Value) {
    let names = schema["properties"].as_object().into_iter().flat_map(Map::keys);
    let is_always_there = |name: &&String| *name != "explain" && *name != "next_action";
    let names: Vec<Value> = names.filter(is_always_there).map(|name| json!(name)).collect();
    if !names.is_empty() {
        schema["required"] = Value::Array(names);
    }
}

/// A field of a body that may be left out may be null only where null means something: a handler's
/// `Option` says the former, and a test sends the latter.
fn refuse_null(owner: &str, schema: &mut Value) {
    for (name, field) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        if !may_be_null(owner, name) {
            without_null(field);
        }
    }
}

fn may_be_null(owner: &str, name: &str) -> bool {
    match name {
        "store" => owner.starts_with("Subscription"),
        "stock" => owner == "AdjustStock",
        "attention"
        | "billing_address"
        | "delta"
        | "estimated_delivery"
        | "event_types"
        | "expire_unpaid_manual_minutes"
        | "expire_unpaid_minutes"
        | "owner"
        | "variant" => true,
        _ => false,
    }
}

/// What cannot be null: a parameter, which is left out instead, and most fields of bodies.
fn without_null(schema: &mut Value) {
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.retain(|word| !word.is_null());
    }
    if let Some(types) = schema.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
}

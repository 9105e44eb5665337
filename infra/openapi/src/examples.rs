//! Examples: of each field, and of each body as a whole.

use serde_json::{Map, Value, json};

/// The ids that stand in the examples. Whoever sends an example puts real ones in their place.
pub const SAMPLES: [(&str, &str); 12] = [
    ("order", "0192f0c1-6b1e-7a55-9d0e-6f2f3f9a0000"),
    ("order item", "0192f0c1-6b1e-7a55-9d0e-6f2f3f9a0001"),
    ("payment", "0192f0c1-6b1e-7a55-9d0e-6f2f3f9a8000"),
    ("refund", "0192f0c1-6b1e-7a55-9d0e-6f2f3f9ac000"),
    ("store", "0192f0c0-11aa-7b02-8c11-3d1e5a7b0a01"),
    ("product", "0192f0c0-22bb-7b02-8c11-3d1e5a7b0a02"),
    ("variant", "0192f0c0-33cc-7b02-8c11-3d1e5a7b0a03"),
    ("address", "0192f0c0-44dd-7b02-8c11-3d1e5a7b0a04"),
    ("notification", "0192f0c0-55ee-7b02-8c11-3d1e5a7b0a05"),
    ("job", "0192f0c0-77aa-7b02-8c11-3d1e5a7b0a07"),
    ("subscription", "0192f0c0-77bb-8b02-8c11-3d1e5a7b0a08"),
    ("other", "0192f0c0-66ff-7b02-8c11-3d1e5a7b0a06"),
];

/// Gives an example to every body that has none, made of its fields' own; then to every field.
pub(crate) fn fill(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    crate::each_operation(document, |path, _, operation| {
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        for parameter in parameters.into_iter().flatten().filter(|one| one["required"] == true) {
            let name = parameter["name"].as_str().unwrap_or_default();
            let kind = if name == "id" { of_path(path) } else { of_field(name) };
            if parameter["schema"]["format"] == "uuid" {
                parameter["example"] = json!(sample(kind));
            }
        }
        if let Some(body) = operation.get_mut("requestBody") {
            let content = &mut body["content"]["application/json"];
            if content.get("example").is_none() {
                content["example"] = of_body(&schemas, &content["schema"]);
            }
        }
    });
    let schemas = crate::object(&mut document["components"], "schemas");
    for (owner, schema) in schemas.iter_mut() {
        for (name, field) in schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
        {
            if let Some(example) = of_kind(owner, name, field) {
                field["example"] = example;
            }
        }
    }
}

/// What the ids of a path are of.
fn of_path(path: &str) -> &'static str {
    match path.trim_matches('/').split('/').nth(1).unwrap_or_default() {
        "orders" => "order",
        "order-items" => "order item",
        "payments" => "payment",
        "stores" => "store",
        "products" => "product",
        "addresses" => "address",
        "notifications" if path.contains("/subscriptions/") => "subscription",
        "notifications" => "notification",
        _ => "other",
    }
}

/// What the id in a field is of.
fn of_field(name: &str) -> &'static str {
    match name {
        "order" | "order_id" | "order_ids" => "order",
        "job" => "job",
        "unfinished" => "order",
        "refund" => "refund",
        "store" => "store",
        "product" => "product",
        "variant" => "variant",
        "shipping_address" | "billing_address" => "address",
        _ => "other",
    }
}

/// What the `id` of a schema is of.
fn of_schema(name: &str) -> &'static str {
    match name {
        "Item" => "order item",
        "Payment" | "RecentPayment" => "payment",
        _ if name.starts_with("Order") || matches!(name, "RecentOrder" | "FailedUpdate") => "order",
        _ if name.starts_with("Store") => "store",
        _ if name.starts_with("Product") => "product",
        _ if name.starts_with("Variant") => "variant",
        _ if name.starts_with("Address") => "address",
        "Notification" => "notification",
        "Subscription" => "subscription",
        _ => "other",
    }
}

fn sample(kind: &str) -> &'static str {
    SAMPLES.iter().find(|(name, _)| *name == kind).map_or("", |(_, id)| id)
}

fn has_type(field: &Value, name: &str) -> bool {
    field["type"] == name || field["type"].as_array().is_some_and(|types| types.iter().any(|one| one == name))
}

/// An example for a field that has none of its own, where its kind tells one.
fn of_kind(owner: &str, name: &str, field: &Value) -> Option<Value> {
    if field.get("example").is_some() {
        return None;
    }
    if field["format"] == "uuid" {
        let kind = if name == "id" { of_schema(owner) } else { of_field(name) };
        return Some(json!(sample(kind)));
    }
    if field["items"]["format"] == "uuid" {
        return Some(json!([sample(of_field(name))]));
    }
    if field["format"] == "date-time" {
        return Some(json!("2026-11-22T10:42:21.311047Z"));
    }
    if let Some(example) = of_name(owner, name) {
        return Some(example);
    }
    if let Some(first) = field["enum"].get(0) {
        return Some(first.clone());
    }
    if has_type(field, "boolean") {
        return Some(json!(false));
    }
    has_type(field, "integer").then(|| json!(12))
}

/// Fields that many schemas have, and maps by what they count, whose own words cannot hold an
/// example.
fn of_name(owner: &str, name: &str) -> Option<Value> {
    let example = match name {
        "attention" => Value::Null,
        "extra_data" => json!({ "gift": true }),
        "payment_details" => json!({ "token": "tok_approve" }),
        "gateway_response" => json!({ "charge": "ch_0192f0c16b1e" }),
        "details" => json!({ "quantity": ["Ensure this value is greater than or equal to 1."] }),
        "from" => json!("pending"),
        "to" => json!("confirmed"),
        "address_line2" => json!("Flat 2"),
        "state" => json!(""),
        "phone_number" => json!("+44 20 7946 0958"),
        "notes" => json!("Gift wrapping, please"),
        "special_instructions" => json!("Ring twice"),
        "description" => json!("Hand-made mugs"),
        "reason" => json!("Ordered by mistake"),
        "error_message" => json!(""),
        "tracking_number" => json!("1Z999AA10123456784"),
        "payment_reference" => json!("INV-2026-0042"),
        "user" => json!("5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11"),
        "explain" => json!({ "method": "walk", "ways": ["List"], "units": "2.5", "trips": 2 }),
        "next" => json!("https://api.example.com/api/orders/?page=3&cursor=0192f0c1"),
        "previous" => json!("https://api.example.com/api/orders/"),
        "orders_by_status" | "payments_by_status" => json!({ "pending": 12, "cancelled": 3 }),
        "payments_by_method" => json!({ "credit_card": 12 }),
        "orders_by_month" => json!({ "2026-10": 31, "2026-11": 12 }),
        "orders_by_day" => json!({ "2026-11-21": 4, "2026-11-22": 3 }),
        "revenue_by_month" => json!({ "2026-10": "911.76", "2026-11": "151.96" }),
        "stock" if owner == "AdjustStock" => json!(47),
        _ => return None,
    };
    Some(example)
}

/// A body made of what its schema requires and of the other fields that have an example.
fn of_body(schemas: &Value, schema: &Value) -> Value {
    let schema = match schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        Some(name) => &schemas[name],
        None => schema,
    };
    let required =
        |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let fields = schema["properties"].as_object().into_iter().flatten();
    let fields = fields.filter(|(name, field)| required(name) || field.get("example").is_some());
    let example = |(name, field): (&String, &Value)| {
        let example = match field.get("example") {
            Some(example) => example.clone(),
            None if field.get("$ref").is_some() => of_body(schemas, field),
            None if field["items"].get("$ref").is_some() => json!([of_body(schemas, &field["items"])]),
            None => of_kind("", name, field).unwrap_or_else(|| panic!("the field {name} needs an example")),
        };
        (name.clone(), example)
    };
    Value::Object(fields.map(example).collect::<Map<_, _>>())
}

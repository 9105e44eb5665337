//! The OpenAPI document: the functions' own descriptions, put together.
//!
//! A handler says what is its own (path, fields, what its errors mean); what follows from a rule is
//! added here in one place: names, headers, the errors that every operation shares, formats, closed
//! sets of words, examples. The result is a file of the function `docs`, so that no function
//! carries any of this. `cargo openapi` writes it, and a test here fails while it is not what the
//! handlers say.

mod about;
mod errors;
mod examples;
mod operations;
mod schemas;
#[cfg(test)]
mod tests;

pub use examples::SAMPLES;

use oms_http::error::ErrorBody;
use oms_http::responses::SCHEMAS;
use serde_json::{Map, Value};
use std::path::PathBuf;
use utoipa::openapi::OpenApi;
use utoipa::{PartialSchema, ToSchema};

/// The HTTP functions with their endpoints.
#[must_use]
pub fn functions() -> Vec<(&'static str, OpenApi)> {
    vec![
        ("orders", orders::api().into_openapi()),
        ("order-items", order_items::api().into_openapi()),
        ("payments", payments::api().into_openapi()),
        ("catalog", catalog::api().into_openapi()),
        ("notifications", notifications::api().into_openapi()),
        ("docs", docs::api().into_openapi()),
    ]
}

/// The document of all functions.
///
/// # Panics
/// Where a description cannot be written as JSON, which none does.
#[must_use]
pub fn document() -> Value {
    let mut all = OpenApi::default();
    for (_, api) in functions() {
        all.merge(api);
    }
    let schemas = &mut all.components.get_or_insert_default().schemas;
    schemas.insert(ErrorBody::name().into_owned(), ErrorBody::schema());
    let mut document = serde_json::to_value(&all).expect("a description is JSON");
    declare_schemas(&mut document);
    about::describe(&mut document);
    schemas::complete(&mut document);
    operations::complete(&mut document);
    examples::fill(&mut document);
    unbreak(&mut document["components"]["schemas"]);
    each_operation(&mut document, |_, _, operation| {
        operation.get_mut("parameters").into_iter().for_each(unbreak);
    });
    document
}

/// Declares the schemas of the bodies that came from a type of `oms_http::responses`.
fn declare_schemas(document: &mut Value) {
    let mut found = Map::new();
    let paths = document["paths"].as_object_mut().expect("paths");
    let operations = paths.values_mut().filter_map(Value::as_object_mut).flat_map(|item| item.values_mut());
    for operation in operations {
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        for response in responses.values_mut().filter_map(Value::as_object_mut) {
            if let Some(Value::Object(schemas)) = response.remove(SCHEMAS) {
                found.extend(schemas);
            }
        }
    }
    let declared = object(&mut document["components"], "schemas");
    for (name, schema) in found {
        declared.entry(name).or_insert(schema);
    }
}

/// Puts each paragraph of a description on one line: where a comment breaks its lines says nothing.
fn unbreak(schema: &mut Value) {
    for (name, value) in schema.as_object_mut().into_iter().flatten() {
        match value.as_str() {
            Some(text) if name == "description" => *value = paragraphs(text).into(),
            _ => unbreak(value),
        }
    }
    schema.as_array_mut().into_iter().flatten().for_each(unbreak);
}

/// A text with each of its paragraphs on one line.
fn paragraphs(text: &str) -> String {
    let words = |paragraph: &str| paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    text.split("\n\n").map(words).collect::<Vec<_>>().join("\n\n")
}

/// The document as its file holds it.
///
/// # Panics
/// As [`document`].
#[must_use]
pub fn text() -> String {
    let text = serde_json::to_string_pretty(&document()).expect("a value is JSON");
    text + "\n"
}

/// What each operation may be answered with, as `statuses.txt` holds it: a line an operation, for
/// whoever reviews a change.
#[must_use]
pub fn statuses() -> String {
    let mut lines = Vec::new();
    each_operation(&mut document(), |_, _, operation| {
        let name = operation["operationId"].as_str().unwrap_or_default();
        let statuses = operation["responses"].as_object().into_iter().flat_map(Map::keys);
        let statuses: Vec<_> = statuses.map(String::as_str).collect();
        lines.push(format!("{name}: {}\n", statuses.join(" ")));
    });
    lines.concat()
}

/// The file that holds [`statuses`].
#[must_use]
pub fn statuses_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("statuses.txt")
}

/// The file from which the function `docs` serves the document.
#[must_use]
pub fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../functions/docs/openapi.json")
}

/// The object that a pointer leads to, made where it is not there yet.
fn object<'a>(parent: &'a mut Value, name: &str) -> &'a mut Map<String, Value> {
    if !parent.is_object() {
        *parent = Value::Object(Map::new());
    }
    let entry = match parent {
        Value::Object(map) => map.entry(name).or_insert_with(|| Value::Object(Map::new())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            unreachable!("it was made an object")
        }
    };
    entry.as_object_mut().unwrap_or_else(|| panic!("{name} is no object"))
}

/// Every operation, with its path, method and itself.
fn each_operation(document: &mut Value, mut change: impl FnMut(&str, &str, &mut Map<String, Value>)) {
    for (path, item) in object(document, "paths") {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                change(path, method, operation);
            }
        }
    }
}

//! What follows for an operation from its method, its path and its own words.

use crate::{each_operation, errors};
use serde_json::{Map, Value, json};

/// An operation as JSON.
type Operation = Map<String, Value>;

/// How long a summary may be, in characters, before it is cut at a colon or semicolon.
const MAX_SUMMARY_CHARS: usize = 80;

/// Names, describes and completes every operation.
pub(crate) fn complete(document: &mut Value) {
    each_operation(document, |path, method, operation| {
        name(method, operation);
        describe(operation);
        complete_parameters(path, method, operation);
        complete_body(operation);
        complete_successes(method, operation);
        complete_errors(path, method, operation);
    });
}

fn is_write(method: &str) -> bool {
    matches!(method, "post" | "put" | "patch")
}

fn is_secured(operation: &Operation) -> bool {
    operation.get("security").and_then(Value::as_array).is_some_and(|security| !security.is_empty())
}

/// Whether it changes one thing that the path names. A user has no version.
fn is_change(path: &str, method: &str) -> bool {
    method != "get" && path.contains('{') && !path.starts_with("/api/users/")
}

/// `orders_ship_order`: the group and what is done, as clients generated for Django REST Framework
/// have it.
fn name(method: &str, operation: &mut Operation) {
    let tag = operation["tags"][0].as_str().unwrap_or_default().replace(' ', "_");
    let verb = match operation["operationId"].as_str().unwrap_or_default() {
        "put" => "update",
        "patch" => "partial_update",
        verb => verb,
    };
    let id = if method == "delete" { format!("{tag}_delete") } else { format!("{tag}_{verb}") };
    operation.insert("operationId".to_owned(), id.into());
}

/// The first sentence is the summary, and all of it the description.
fn describe(operation: &mut Operation) {
    let part = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (first, rest) = (crate::paragraphs(&part("summary")), crate::paragraphs(&part("description")));
    let text: Vec<&str> = [first.as_str(), &rest].into_iter().filter(|text| !text.is_empty()).collect();
    let text = text.join("\n\n");
    let mut summary = first.split(". ").next().unwrap_or_default().trim_end_matches('.');
    if summary.chars().count() > MAX_SUMMARY_CHARS {
        summary = summary.split([':', ';']).next().unwrap_or_default();
    }
    operation.insert("summary".to_owned(), summary.into());
    operation.insert("description".to_owned(), text.into());
}

fn complete_parameters(path: &str, method: &str, operation: &mut Operation) {
    let is_secured = is_secured(operation);
    let is_page = returns_page(operation);
    let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
    let Some(parameters) = parameters.as_array_mut() else { return };
    let shared = |name: &str| json!({ "$ref": format!("#/components/parameters/{name}") });
    if is_page {
        parameters
            .retain(|parameter| !matches!(parameter["name"].as_str(), Some("page" | "page_size" | "cursor")));
        parameters.extend(["Page", "PageSize", "Cursor"].map(shared));
    }
    if is_secured && is_write(method) {
        parameters.push(shared("IdempotencyKey"));
    }
    if is_change(path, method) {
        parameters.push(shared("IfMatch"));
    }
    if method == "get" {
        parameters.push(shared("IfNoneMatch"));
    }
    parameters.push(shared("RequestId"));
}

fn returns_page(operation: &Operation) -> bool {
    let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"];
    schema.as_str().is_some_and(|name| name.ends_with("Page"))
}

/// A body that may be left out is optional, not null.
fn complete_body(operation: &mut Operation) {
    let Some(body) = operation.get_mut("requestBody") else { return };
    let schema = &mut body["content"]["application/json"]["schema"];
    let present =
        schema["oneOf"].as_array().and_then(|all| all.iter().find(|one| one["type"] != "null").cloned());
    if let Some(present) = present {
        *schema = present;
        body["required"] = json!(false);
    } else {
        body["required"] = json!(true);
    }
}

fn complete_successes(method: &str, operation: &mut Operation) {
    let is_remembered = is_secured(operation) && is_write(method);
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
        let headers = crate::object(response, "headers");
        let mut add = |name: &str, header: &str| {
            headers.insert(name.to_owned(), json!({ "$ref": format!("#/components/headers/{header}") }));
        };
        add("X-Request-Id", "RequestId");
        for (name, header) in errors::RATE_LIMITS {
            add(name, header);
        }
        if method == "get" {
            add("ETag", "ETag");
        }
        if is_remembered {
            add("Idempotent-Replayed", "IdempotentReplayed");
        }
    }
    if method == "get" {
        responses.insert("304".to_owned(), json!({ "$ref": "#/components/responses/NotModified" }));
    }
}

/// Which errors an operation may answer by rule, besides those that it names itself.
fn shared_statuses(path: &str, method: &str, operation: &Operation) -> Vec<&'static str> {
    let is_secured = is_secured(operation);
    // Also an action that needs no body must be able to read the one that it is sent.
    let reads_body = operation.contains_key("requestBody") || (is_secured && is_write(method));
    let is_remembered = is_secured && is_write(method);
    let rules: [(bool, &[&str]); 8] = [
        (true, &["406", "429", "500", "503"]),
        (is_secured, &["401"]),
        (path.contains('{') || returns_page(operation), &["404"]),
        (reads_query(operation), &["400"]),
        (reads_body, &["400", "413", "415"]),
        (is_remembered, &["400", "409", "413", "422"]),
        (is_change(path, method), &["409", "412"]),
        (method == "delete", &["409"]),
    ];
    rules.iter().filter(|(applies, _)| *applies).flat_map(|(_, statuses)| statuses.iter().copied()).collect()
}

/// Whether it can be asked for something in the part of its URL after `?`.
fn reads_query(operation: &Operation) -> bool {
    let mut parameters = operation["parameters"].as_array().into_iter().flatten();
    returns_page(operation) || parameters.any(|parameter| parameter["in"] == "query")
}

fn complete_errors(path: &str, method: &str, operation: &mut Operation) {
    let statuses = shared_statuses(path, method, operation);
    let nouns = noun(path);
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for status in statuses {
        if let Some(shared) = errors::of_status(status) {
            let reference = json!({ "$ref": format!("#/components/responses/{}", shared.name) });
            responses.entry(status).or_insert(reference);
        }
    }
    let own = responses.iter_mut().filter(|(status, response)| {
        (status.starts_with('4') || status.starts_with('5')) && response.get("$ref").is_none()
    });
    for (status, response) in own {
        let shared =
            errors::of_status(status).unwrap_or_else(|| panic!("{status} has no example: add it to SHARED"));
        let mut example = shared.example();
        if status == "404" && path.contains('{') {
            example["error"] = format!("{nouns} not found").into();
        }
        response["headers"] = shared.headers();
        response["content"] = json!({ "application/json": {
            "schema": { "$ref": "#/components/schemas/Error" },
            "example": example,
        }});
    }
}

/// What is not found: `Order item` for `/api/order-items/{id}/`.
fn noun(path: &str) -> String {
    let group = path.trim_matches('/').split('/').nth(1).unwrap_or_default();
    let singular = match group.strip_suffix("sses") {
        Some(stem) => format!("{stem}ss"),
        None => group.strip_suffix('s').unwrap_or(group).to_owned(),
    };
    let mut letters = singular.replace('-', " ").chars().collect::<Vec<_>>();
    if let Some(first) = letters.first_mut() {
        first.make_ascii_uppercase();
    }
    letters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_a_sentence_and_no_more() {
        let text = "Places an order: checks and takes the stock and writes the order, all\nor nothing, as it says. More.";
        let mut operation = Map::from_iter([("summary".to_owned(), json!(text))]);
        describe(&mut operation);
        assert_eq!(operation["summary"], "Places an order");
        assert_eq!(operation["description"], text.replace('\n', " "));
    }

    #[test]
    fn what_is_not_found_is_called_as_in_the_answer() {
        assert_eq!(noun("/api/order-items/{id}/"), "Order item");
        assert_eq!(noun("/api/addresses/{id}/"), "Address");
    }
}

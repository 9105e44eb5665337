//! What holds of the document as a whole.

use super::*;
use serde_json::json;
use std::collections::BTreeSet;

fn operations(document: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    each_operation(&mut document.clone(), |path, method, operation| {
        all.push((format!("{} {path}", method.to_uppercase()), Value::Object(operation.clone())));
    });
    all
}

#[test]
fn the_files_are_what_the_handlers_say() {
    let file = std::fs::read_to_string(path()).unwrap();
    assert!(file == text(), "functions/docs/openapi.json is out of date: run `cargo openapi`");
    assert_eq!(docs::DOCUMENT, file);
    let reviewed = std::fs::read_to_string(statuses_path()).unwrap();
    assert!(reviewed == statuses(), "infra/openapi/statuses.txt is out of date: run `cargo openapi`");
}

#[test]
fn every_operation_has_a_name_of_its_own_a_known_tag_and_a_description() {
    let document = document();
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut names = BTreeSet::new();
    for (place, operation) in operations(&document) {
        assert!(names.insert(operation["operationId"].to_string()), "{place}: {}", operation["operationId"]);
        assert!(
            tags.contains(&&operation["tags"][0]),
            "{place} has the unknown tag {}",
            operation["tags"][0]
        );
        for part in ["summary", "description"] {
            assert!(operation[part].as_str().is_some_and(|text| text.len() > 5), "{place} has no {part}");
        }
    }
    assert!(names.len() >= 50, "{}", names.len());
}

#[test]
fn every_parameter_and_every_field_has_a_meaning_and_every_field_an_example() {
    let document = document();
    let mut missing = Vec::new();
    for (place, operation) in operations(&document) {
        for parameter in operation["parameters"].as_array().unwrap() {
            if parameter.get("$ref").is_none() && parameter.get("description").is_none() {
                missing.push(format!("{place}: {} has no description", parameter["name"]));
            }
        }
    }
    for (owner, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let refers = |field: &Value| field.to_string().contains("\"$ref\"");
            if field.get("description").is_none() && !refers(field) {
                missing.push(format!("{owner}.{name} has no description"));
            }
            if field.get("example").is_none() && !refers(field) {
                missing.push(format!("{owner}.{name} has no example"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_body_has_an_example_and_every_error_our_shape() {
    let document = document();
    for (place, operation) in operations(&document) {
        if let Some(body) = operation.get("requestBody") {
            assert!(body["content"]["application/json"]["example"].is_object(), "{place}");
        }
        for (status, response) in operation["responses"].as_object().unwrap() {
            let response = match response["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
                Some(name) => &document["components"]["responses"][name],
                None => response,
            };
            if status.starts_with('4') || status.starts_with('5') {
                let content = &response["content"]["application/json"];
                assert_eq!(content["schema"]["$ref"], "#/components/schemas/Error", "{place}: {status}");
                assert!(content["example"]["code"].is_string(), "{place}: {status}");
            }
        }
    }
}

#[test]
fn only_documentation_console_health_and_what_stripe_signs_are_open_to_strangers() {
    let document = document();
    let open = operations(&document).into_iter().filter(|(_, operation)| operation.get("security").is_none());
    let open: Vec<String> = open.map(|(place, _)| place).collect();
    let signed = "POST /api/payments/webhook/";
    assert_eq!(open, ["GET /api/console/", "GET /api/docs/", "GET /api/health/", signed, "GET /api/schema/"]);
}

#[test]
fn every_operation_tells_how_much_a_caller_may_do() {
    for (place, operation) in operations(&document()) {
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.contains_key("429"), "{place}");
        for (status, response) in responses.iter().filter(|(status, _)| status.starts_with('2')) {
            for name in ["RateLimit", "RateLimit-Policy"] {
                assert!(response["headers"][name].is_object(), "{place}: {status}: {name}");
            }
        }
    }
}

#[test]
fn the_overview_of_the_api_names_every_path() {
    let overview = include_str!("../../../docs/api.md");
    for (place, _) in operations(&document()) {
        let named = place.split('/').rfind(|part| !part.is_empty() && !part.starts_with('{')).unwrap();
        assert!(overview.contains(&format!("{named}/")), "docs/api.md says nothing of {place}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn a_body_says_how_long_each_of_its_texts_may_be_or_what_it_may_hold() {
    let mut document = document();
    let requested = schemas::reachable(&mut document, "requestBody");
    let mut open = Vec::new();
    for (owner, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let field = field.get("items").unwrap_or(field);
            let is_text = field["type"].to_string().contains("\"string\"");
            let limits = ["maxLength", "format", "enum", "pattern"];
            if requested.contains(owner) && is_text && limits.iter().all(|limit| field.get(limit).is_none()) {
                open.push(format!("{owner}.{name}"));
            }
        }
    }
    // Only its null is read.
    assert_eq!(open, ["PatchPayment.attention"]);
}

#[test]
fn closed_sets_of_words_are_told() {
    let schemas = &document()["components"]["schemas"];
    assert_eq!(schemas["Refund"]["properties"]["status"]["enum"], json!(["pending", "succeeded", "failed"]));
    let method = &schemas["CreateOrder"]["properties"]["shipping_method"]["enum"];
    assert!(method.as_array().unwrap().contains(&json!("overnight")), "{method}");
}

#[test]
fn a_body_says_what_it_must_have_and_a_patch_needs_nothing() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["StoreFields"]["required"], json!(["name"]));
    assert_eq!(schemas["ProductFields"]["required"], json!(["store", "name", "base_price"]));
    for patch in ["PartialStoreFields", "PartialProductFields", "PartialAddressFields"] {
        assert!(schemas[patch].get("required").is_none(), "{patch}");
        assert!(!schemas[patch]["properties"].as_object().unwrap().is_empty(), "{patch}");
    }
}

//! The files of `events/`: one of each kind, and as AWS writes them.

use crate::invocations::EVENTS;
use oms_tests::events::{event, function_of};
use oms_tests::shop::text;
use oms_tests::stack::root;
use oms_workspace::template::{SourceKind, System};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The content types of which API Gateway passes a body on as text, beside `text/*`.
const TEXTS: [&str; 3] = ["application/json", "application/javascript", "application/xml"];
/// What every request has.
const REQUEST: [&str; 7] =
    ["headers", "isBase64Encoded", "rawPath", "rawQueryString", "requestContext", "routeKey", "version"];
/// What only some have.
const OPTIONAL: [&str; 3] = ["body", "pathParameters", "queryStringParameters"];

fn system() -> System {
    let parameters = ["AuthIssuer", "AuthAudience", "PaymentGateway"];
    let parameters = parameters.map(|name| (name.to_owned(), String::new())).into();
    let system = System::read(&root().join("template.yaml"), &parameters, "http://127.0.0.1:1");
    system.expect("template.yaml can be read")
}

/// All events with their names.
fn events() -> impl Iterator<Item = (&'static str, Value)> {
    EVENTS.into_iter().map(|(name, _)| (name, event(name)))
}

/// The requests among them.
fn requests() -> impl Iterator<Item = (&'static str, Value)> {
    events().filter(|(_, event)| event["version"] == "2.0")
}

/// The records of a function's batches.
fn records_of(function: &str) -> Vec<Value> {
    let batches = events().filter(|(name, _)| function_of(name) == function);
    batches.flat_map(|(_, event)| event["Records"].as_array().cloned().expect("records")).collect()
}

#[test]
fn every_group_of_paths_has_an_event() {
    let sent: Vec<String> = requests().map(|(_, event)| text(&event["rawPath"]).to_owned()).collect();
    for (function, api) in oms_openapi::functions() {
        for path in api.paths.paths.keys() {
            let group: String = path.split_inclusive('/').take(3).collect();
            assert!(sent.iter().any(|path| path.starts_with(&group)), "{function}: {group}");
        }
    }
    for path in ["/api/payments/webhook/", "/api/notifications/subscriptions/"] {
        assert!(sent.iter().any(|sent| sent == path), "{path}");
    }
    assert!(requests().any(|(_, event)| event["isBase64Encoded"] == true));
}

#[test]
fn every_kind_of_record_that_a_consumer_is_sent_has_an_event() {
    for function in system().functions {
        for source in function.sources {
            let SourceKind::Stream(_) = source.from else { continue };
            let kinds = source.filters.iter().flat_map(|filter| {
                let sk = &filter["dynamodb"]["Keys"]["sk"]["S"][0];
                ["INSERT", "MODIFY", "REMOVE"].map(|name| (text(sk).to_owned(), name.to_owned()))
            });
            let records = records_of(&function.name).into_iter().map(|record| {
                let sk = &record["dynamodb"]["Keys"]["sk"]["S"];
                (text(sk).to_owned(), text(&record["eventName"]).to_owned())
            });
            let (kinds, records): (BTreeSet<_>, BTreeSet<_>) = (kinds.collect(), records.collect());
            assert_eq!(records, kinds, "{}", function.name);
        }
    }
}

#[test]
fn a_record_has_the_images_of_its_kind() {
    for record in ["stats-aggregator", "notification-publisher"].into_iter().flat_map(records_of) {
        let images = ["OldImage", "NewImage"].map(|image| record["dynamodb"][image].is_object());
        let expected = match text(&record["eventName"]) {
            "INSERT" => [false, true],
            "MODIFY" => [true, true],
            "REMOVE" => [true, false],
            other => panic!("{other}"),
        };
        assert_eq!(images, expected, "{record}");
        for image in ["OldImage", "NewImage"].map(|image| &record["dynamodb"][image]) {
            let keys = json!({ "pk": image["pk"], "sk": image["sk"] });
            assert!(image.is_null() || keys == record["dynamodb"]["Keys"], "{record}");
        }
    }
}

#[test]
fn a_message_is_named_after_its_job() {
    for (name, event) in events().filter(|(name, _)| function_of(name) == "job-worker") {
        let body: Value = serde_json::from_str(text(&event["Records"][0]["body"])).expect("JSON");
        let kind = text(&body["job"]).replace('_', "-");
        assert_eq!(name, format!("job-worker/{kind}"));
    }
}

#[test]
fn a_request_is_as_api_gateway_sends_it() {
    let functions = system().functions;
    let serves = |function: &str, route: &str| {
        let path = route.trim_start_matches("ANY ").to_owned();
        functions.iter().any(|one| one.name == function && one.routes.contains(&path))
    };
    for (name, event) in requests() {
        let names: BTreeSet<&str> = event.as_object().expect("a map").keys().map(String::as_str).collect();
        assert!(REQUEST.iter().all(|key| names.contains(key)), "{name}: {names:?}");
        assert!(names.iter().all(|key| REQUEST.contains(key) || OPTIONAL.contains(key)), "{name}: {names:?}");
        let (context, route) = (&event["requestContext"], text(&event["routeKey"]));
        assert!(serves(function_of(name), route), "{name}: {route}");
        let http = &context["http"];
        assert_eq!((&context["routeKey"], &http["path"]), (&event["routeKey"], &event["rawPath"]), "{name}");
        assert_eq!(event["pathParameters"], path_parameters(route, text(&event["rawPath"])), "{name}");
        assert_eq!(query(&event), event["queryStringParameters"], "{name}");
        assert_eq!(http["userAgent"], event["headers"]["user-agent"], "{name}");
        let at = jiff::Timestamp::strptime("%d/%b/%Y:%H:%M:%S %z", text(&context["time"])).expect("a time");
        assert_eq!(context["timeEpoch"].as_i64().map(|ms| ms / 1_000), Some(at.as_second()), "{name}");
        check_headers(name, &event);
    }
}

/// What stands for `{proxy+}`; null where the route is no path.
fn path_parameters(route: &str, path: &str) -> Value {
    let Some(before) = route.trim_start_matches("ANY ").strip_suffix("{proxy+}") else { return Value::Null };
    json!({ "proxy": path.strip_prefix(before).expect("a path of the route") })
}

/// The query of an event, decoded; null where there is none.
fn query(event: &Value) -> Value {
    let url = format!("http://localhost/?{}", text(&event["rawQueryString"]));
    let url = reqwest::Url::parse(&url).expect("a query");
    let pairs: serde_json::Map<String, Value> =
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.as_ref().into())).collect();
    if pairs.is_empty() { Value::Null } else { Value::Object(pairs) }
}

/// Headers are in lower case, fit the body, and do not ask for a compressed answer, which nobody
/// could read.
fn check_headers(name: &str, event: &Value) {
    let headers = event["headers"].as_object().expect("a map");
    assert!(headers.keys().all(|header| *header == header.to_lowercase()), "{name}: {headers:?}");
    assert!(!headers.contains_key("accept-encoding"), "{name}");
    let body = event.get("body").map_or("", text);
    let content_type = headers.get("content-type").map_or("", text).split(';').next().unwrap_or_default();
    let is_encoded = !body.is_empty() && !TEXTS.contains(&content_type) && !content_type.starts_with("text/");
    assert_eq!(event["isBase64Encoded"], is_encoded, "{name}");
    // Four characters of Base64 are three bytes, less one for each `=`.
    let length =
        if is_encoded { body.len() / 4 * 3 - body.matches('=').count() } else { body.len() }.to_string();
    assert_eq!(headers["content-length"], length, "{name}");
}

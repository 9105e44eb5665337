//! The events of `events/`, as `cargo lambda invoke` and `sam local invoke` send them.

use oms_tests::stack::root;
use oms_tests::{Client, stack};
use serde_json::{Value, json};

fn event(name: &str) -> Value {
    let path = root().join("events").join(format!("{name}.json"));
    let mut text =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for token in ["TOKEN_CUSTOMER", "TOKEN_STAFF"] {
        text = text.replace(token, stack().setting(token));
    }
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[tokio::test]
async fn every_event_of_the_repository_is_answered() {
    let client = Client::stranger();
    let mut names: Vec<String> = std::fs::read_dir(root().join("events"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 7, "{names:?}");
    for name in names {
        let answer = client.invoke(&name, &event(&name)).await;
        if ["job-worker", "notification-publisher", "stats-aggregator"].contains(&name.as_str()) {
            assert_eq!(answer, json!({ "batchItemFailures": [] }), "{name}");
        } else {
            // What an event names need not exist here; it is understood all the same.
            let understood = [200, 201, 400].map(Value::from).contains(&answer["statusCode"]);
            assert!(understood, "{name}: {answer}");
        }
    }
}

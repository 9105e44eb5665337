//! template.yaml, the local router's table and the document name the same routes. (That the
//! router's table in Cargo.toml is that of template.yaml, `infra/local` tests and checks at each
//! start.)

use oms_tests::stack::root;
use oms_workspace::template::System;
use std::collections::{BTreeMap, BTreeSet};

/// The routes of template.yaml as the local router has them: each path with its function.
fn router() -> BTreeMap<String, String> {
    let parameters = ["AuthIssuer", "AuthAudience", "PaymentGateway"];
    let parameters = parameters.map(|name| (name.to_owned(), String::new())).into();
    let system = System::read(&root().join("template.yaml"), &parameters, "http://127.0.0.1:1");
    system.expect("template.yaml can be read").router()
}

/// Each group of the document's paths with the function whose handlers have it.
fn documented() -> BTreeMap<String, &'static str> {
    let mut groups = BTreeMap::new();
    for (function, api) in oms_openapi::functions() {
        for path in api.paths.paths.keys() {
            let group = path.split('/').nth(2).unwrap_or_default();
            let other = groups.insert(group.to_owned(), function);
            assert!(other.is_none_or(|other| other == function), "{group} is in {function} and {other:?}");
        }
    }
    groups
}

/// All forms in which a group's paths may be written.
fn forms(group: &str) -> [String; 6] {
    let form = |version: &str, end: &str| format!("/api{version}/{group}{end}");
    [
        form("", ""),
        form("", "/"),
        form("", "/{*rest}"),
        form("/v1", ""),
        form("/v1", "/"),
        form("/v1", "/{*rest}"),
    ]
}

#[test]
fn every_documented_path_has_its_routes_and_every_route_is_documented() {
    let mut expected = BTreeMap::from(["/", "/{*rest}"].map(|path| (path.to_owned(), "docs".to_owned())));
    for (group, function) in documented() {
        expected.extend(forms(&group).map(|path| (path, function.to_owned())));
    }
    assert_eq!(router(), expected);
}

#[test]
fn the_document_names_every_path_that_a_function_serves() {
    let served = oms_openapi::functions().into_iter().flat_map(|(_, api)| api.paths.paths.into_keys());
    let served: BTreeSet<String> = served.collect();
    let document = oms_openapi::document();
    let named: BTreeSet<String> = document["paths"].as_object().expect("paths").keys().cloned().collect();
    assert_eq!(served, named);
    assert!(named.iter().all(|path| path.starts_with("/api/") && path.ends_with('/')), "{named:?}");
}

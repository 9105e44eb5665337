//! What the document says that an operation may answer, to which every answer is held.

use reqwest::Method;
use serde_json::Value;
use std::sync::LazyLock;

static DOCUMENT: LazyLock<Value> = LazyLock::new(oms_openapi::document);

fn parts(path: &str) -> Vec<&str> {
    let path = path.split('?').next().unwrap_or_default();
    path.split('/').filter(|part| !part.is_empty() && *part != "v1").collect()
}

fn is_open(part: &str) -> bool {
    part.starts_with('{')
}

/// Whether the document tells that a request may be answered with a status. Of what it does not
/// describe (another method, another path) anything may come.
pub(crate) fn is_documented(method: &Method, path: &str, status: u16) -> bool {
    let asked = parts(path);
    let matches = |known: &[&str]| {
        known.len() == asked.len() && known.iter().zip(&asked).all(|(known, a)| is_open(known) || known == a)
    };
    let paths = DOCUMENT["paths"].as_object().expect("the document has paths");
    let found = paths.iter().filter(|(known, _)| matches(&parts(known)));
    // `my_orders` is not the order of that id.
    let found = found.min_by_key(|(known, _)| parts(known).into_iter().filter(|part| is_open(part)).count());
    let method = if method == Method::HEAD { "get".to_owned() } else { method.as_str().to_ascii_lowercase() };
    let operation = found.and_then(|(_, methods)| methods.get(&method));
    operation.is_none_or(|operation| operation["responses"].get(status.to_string()).is_some())
}

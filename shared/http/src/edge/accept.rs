//! The version that `Accept` asks for, and the content type that it gets.

use super::path::VERSION;
use crate::ApiError;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const VENDOR: HeaderValue = HeaderValue::from_static("application/vnd.api+json");
const VENDOR_VERSION: HeaderValue = HeaderValue::from_static("application/vnd.api+json;version=1");

/// The content type of JSON answers: the first of ours that is named, and plain JSON for everyone
/// who names none. A client that accepts other types only gets JSON as well; there is nothing else.
///
/// # Errors
/// `NotAcceptable` where a JSON type is asked for in a version that does not exist.
pub(super) fn negotiate(headers: &HeaderMap) -> Result<HeaderValue, ApiError> {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut chosen = None;
    for range in values.flat_map(|value| value.split(',')) {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        let answer = match essence.as_str() {
            "application/vnd.api+json" => VENDOR,
            "application/json" | "application/*" | "*/*" => JSON,
            _ => continue,
        };
        let version = parts.filter_map(|part| part.split_once('=')).find_map(|(name, value)| {
            name.trim().eq_ignore_ascii_case("version").then(|| value.trim().trim_matches('"'))
        });
        if version.is_some_and(|version| version != VERSION) {
            return Err(ApiError::NotAcceptable);
        }
        let answer = if answer == VENDOR && version.is_some() { VENDOR_VERSION } else { answer };
        chosen.get_or_insert(answer);
    }
    Ok(chosen.unwrap_or(JSON))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(accept: &str) -> Result<HeaderValue, ApiError> {
        negotiate(&HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]))
    }

    #[test]
    fn the_type_that_was_asked_for_is_echoed() {
        assert_eq!(answer("application/vnd.api+json;version=1").unwrap(), VENDOR_VERSION);
        assert_eq!(answer("application/vnd.api+json; Version=\"1\"; q=0.9, */*").unwrap(), VENDOR_VERSION);
        assert_eq!(answer("application/vnd.api+json").unwrap(), VENDOR);
        for accept in ["*/*", "application/json", "application/json;version=1", "text/html,*/*;q=0.8", ""] {
            assert_eq!(answer(accept).unwrap(), JSON, "{accept}");
        }
        assert_eq!(negotiate(&HeaderMap::new()).unwrap(), JSON);
    }

    #[test]
    fn an_unknown_version_is_not_acceptable() {
        for accept in ["application/vnd.api+json;version=2", "application/json; version=x", "*/*;version="] {
            assert!(matches!(answer(accept), Err(ApiError::NotAcceptable)), "{accept}");
        }
    }
}

//! The one form of a path, in which routes are declared.

use crate::ApiError;
use http::Uri;
use http::uri::PathAndQuery;
use oms_domain::card;

const PREFIX: &str = "/api";
/// The only version that there is.
pub(super) const VERSION: &str = "1";

/// `/api/orders/` for `/api/orders`, `/api/v1/orders` and `/api/v1/orders/`.
///
/// # Errors
/// `InvalidUrlVersion` where the path names a version that does not exist.
pub(super) fn normal(asked: &str) -> Result<String, ApiError> {
    let path = asked.trim_end_matches('/');
    let Some(rest) = path.strip_prefix(PREFIX).filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
        return Ok(format!("{path}/"));
    };
    let (first, after) = match rest.strip_prefix('/') {
        Some(rest) => rest.split_once('/').map_or((rest, None), |(first, after)| (first, Some(after))),
        None => ("", None),
    };
    let Some(version) = first.strip_prefix('v').filter(|version| is_number(version)) else {
        return Ok(format!("{path}/"));
    };
    if version != VERSION {
        return Err(ApiError::InvalidUrlVersion);
    }
    Ok(after.map_or_else(|| format!("{PREFIX}/"), |after| format!("{PREFIX}/{after}/")))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// A path as it may stand in the log: without what looks like a card number.
pub(super) fn to_log(path: &str) -> String {
    let decoded = form_urlencoded::parse(path.as_bytes());
    let is_clean =
        !decoded.into_iter().any(|(name, value)| card::is_in_text(&name) || card::is_in_text(&value));
    if is_clean && !card::is_in_text(path) { path.to_owned() } else { "(a card number)".to_owned() }
}

/// The same URI with another path.
pub(super) fn with_path(uri: &Uri, path: &str) -> Option<Uri> {
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}").parse::<PathAndQuery>(),
        None => path.parse(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path_and_query.ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_path_is_one() {
        for asked in ["/api/orders/", "/api/orders", "/api/orders//", "/api/v1/orders", "/api/v1/orders/"] {
            assert_eq!(normal(asked).unwrap(), "/api/orders/", "{asked}");
        }
        for (asked, path) in [
            ("/", "/"),
            ("", "/"),
            ("/api", "/api/"),
            ("/api/v1", "/api/"),
            ("/apiary/v9", "/apiary/v9/"),
            ("/api/vendors", "/api/vendors/"),
            ("/api/v", "/api/v/"),
            ("/api/orders/v9", "/api/orders/v9/"),
            ("/api/v1/v9", "/api/v9/"),
        ] {
            assert_eq!(normal(asked).unwrap(), path, "{asked}");
        }
        for asked in ["/api/v9/orders/", "/api/v2", "/api/v01/orders", "/api/v1.0/orders"] {
            assert!(matches!(normal(asked), Err(ApiError::InvalidUrlVersion)), "{asked}");
        }
    }

    #[test]
    fn a_card_number_in_a_path_is_not_logged() {
        let id = "/api/orders/0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000/";
        assert_eq!(to_log(id), id);
        for path in
            ["/api/orders/4242424242424242/", "/api/4242%204242%204242%204242", "/4242/4242/4242/4242/"]
        {
            assert_eq!(to_log(path), "(a card number)");
        }
    }

    #[test]
    fn a_new_path_keeps_host_and_query() {
        let uri = "https://shop.example/api/v1/orders?page=2&a=%20".parse().unwrap();
        let moved = with_path(&uri, "/api/orders/").unwrap();
        assert_eq!(moved, "https://shop.example/api/orders/?page=2&a=%20");
        assert_eq!(with_path(&"/x?y".parse().unwrap(), "/x/").unwrap(), "/x/?y");
    }
}

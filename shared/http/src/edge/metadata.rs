//! What `OPTIONS` tells of a path: the metadata of Django REST Framework.

use crate::body::JSON_TYPES;
use crate::groups;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::ALLOW;
use serde_json::json;

/// The answer to `OPTIONS` for the route that a path has matched.
pub(super) fn describe(route: Option<&str>, allow: &str) -> Response {
    let route = route.unwrap_or_default();
    let group = route.trim_matches('/').split('/').nth(1).unwrap_or_default();
    let metadata = json!({
        "name": name(route),
        "description": groups::description(group),
        "renders": JSON_TYPES,
        "parses": JSON_TYPES,
    });
    ([(ALLOW, allow)], Json(metadata)).into_response()
}

/// `Order List` for `/api/orders/`, `Order Instance` for `/api/orders/{id}/`, `Ship order` for
/// `/api/orders/{id}/ship_order/`.
fn name(route: &str) -> String {
    let parts: Vec<&str> = route.trim_matches('/').split('/').skip(1).collect();
    match parts.as_slice() {
        [] => "Api Root".to_owned(),
        [lone @ ("schema" | "docs" | "console" | "health" | "system")] => capitalized(lone),
        [collection] => format!("{} List", singular(collection)),
        [.., owner, last] if last.starts_with('{') => format!("{} Instance", singular(owner)),
        [.., action] => capitalized(&action.replace('_', " ")),
    }
}

fn singular(collection: &str) -> String {
    let stem = match collection.strip_suffix("sses") {
        Some(stem) => format!("{stem}ss"),
        None => collection.strip_suffix('s').unwrap_or(collection).to_owned(),
    };
    stem.split(['-', '_']).map(capitalized).collect::<Vec<_>>().join(" ")
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn names_are_those_of_the_original_views() {
        for (route, expected) in [
            ("/api/orders/", "Order List"),
            ("/api/orders/{id}/", "Order Instance"),
            ("/api/order-items/{id}/", "Order Item Instance"),
            ("/api/addresses/", "Address List"),
            ("/api/health/", "Health"),
            ("/api/orders/my_orders/", "My orders"),
            ("/api/orders/{id}/ship_order/", "Ship order"),
        ] {
            assert_eq!(name(route), expected);
        }
    }
}

//! The HTTP function of the catalogue endpoints: stores, products with their variants and stock,
//! and customers' addresses; the API contract's "Catalogue".

mod access;
mod addresses;
mod deleted;
mod listing;
mod money;
mod partial;
mod products;
mod races;
mod slug;
mod stores;

use oms_core::app::App;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The endpoints, and their description.
#[must_use]
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(stores::list::list, stores::create::create))
        .routes(routes!(
            stores::retrieve::retrieve,
            stores::update::put,
            stores::update::patch,
            stores::delete::delete
        ))
        .routes(routes!(products::list::list, products::create::create))
        .routes(routes!(
            products::retrieve::retrieve,
            products::update::put,
            products::update::patch,
            products::delete::delete
        ))
        .routes(routes!(products::adjust_stock::adjust_stock))
        .routes(routes!(addresses::list::list, addresses::create::create))
        .routes(routes!(
            addresses::retrieve::retrieve,
            addresses::update::put,
            addresses::update::patch,
            addresses::delete::delete
        ))
}

/// The endpoints.
pub fn router() -> axum::Router<App> {
    api().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_names_every_schema_and_what_a_patch_needs() {
        let document = api().into_openapi();
        let document = serde_json::to_value(&document).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let text = document.to_string();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name} is not described");
        }
        assert_eq!(schemas["StoreFields"]["required"], serde_json::json!(["name"]));
        let required = ["store", "name", "base_price"];
        assert_eq!(schemas["ProductFields"]["required"], serde_json::json!(required));
        for patch in ["PartialStoreFields", "PartialProductFields", "PartialAddressFields"] {
            assert!(schemas[patch].get("required").is_none(), "{patch}");
            assert!(!schemas[patch]["properties"].as_object().unwrap().is_empty());
        }
    }
}

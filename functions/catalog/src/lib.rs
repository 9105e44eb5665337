//! The HTTP function of the catalogue endpoints: stores, products with their variants and stock,
//! and customers' addresses.

mod access;
mod addresses;
mod listing;
mod money;
mod partial;
mod products;
mod slug;
mod stores;

oms_core::endpoints!(
    list in stores::list,
    create in stores::create,
    retrieve in stores::retrieve,
    put in stores::update,
    patch in stores::update,
    delete in stores::delete,
    list in products::list,
    create in products::create,
    retrieve in products::retrieve,
    put in products::update,
    patch in products::update,
    delete in products::delete,
    adjust_stock in products::adjust_stock,
    list in addresses::list,
    create in addresses::create,
    retrieve in addresses::retrieve,
    put in addresses::update,
    patch in addresses::update,
    delete in addresses::delete,
);

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

//! A product, as clients see it.

use oms_domain::Currency;
use oms_http::views::{money, time};
use oms_table::catalog::products::StockedProduct;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A kind of a product.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Variant)]
pub(crate) struct VariantView {
    /// Its id.
    id: Uuid,
    /// Its name.
    #[schema(example = "Blue")]
    name: String,
    /// Its stock keeping unit.
    #[schema(example = "MUG-1-BLUE")]
    sku: String,
    /// What one costs, in the store's currency.
    #[schema(example = "29.99")]
    current_price: String,
    /// How many pieces lie on its own shelf.
    #[schema(example = 20)]
    stock: u64,
}

/// A product.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Product)]
pub(crate) struct ProductView {
    /// Its id.
    id: Uuid,
    /// The store that sells it.
    store: Uuid,
    /// Its name.
    #[schema(example = "Mug")]
    name: String,
    /// Its name in links.
    #[schema(example = "mug")]
    slug: String,
    /// Its stock keeping unit.
    #[schema(example = "MUG-1")]
    sku: String,
    /// What it is.
    #[schema(example = "A mug for tea or coffee")]
    description: String,
    /// The price on its label, in the store's currency.
    #[schema(example = "34.99")]
    base_price: String,
    /// What one costs, in the store's currency.
    #[schema(example = "29.99")]
    current_price: String,
    /// `draft`, `active` or `archived`; customers see active ones.
    #[schema(example = "active")]
    status: &'static str,
    /// How many pieces lie on the product's own shelf, beside those of its variants.
    #[schema(example = 50)]
    stock: u64,
    /// Its kinds.
    variants: Vec<VariantView>,
    /// When it was made.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    created_at: String,
    /// When it last changed, apart from its stock.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    updated_at: String,
}

impl ProductView {
    /// A product, whose prices are in its store's currency.
    pub(crate) fn new(stocked: &StockedProduct, currency: Currency) -> Self {
        let product = &stocked.product;
        let variants = product.variants.iter().map(|variant| VariantView {
            id: variant.id.0,
            name: variant.name.clone(),
            sku: variant.sku.clone(),
            current_price: money(variant.current_price, currency),
            stock: stocked.available(Some(variant.id)),
        });
        Self {
            id: product.id.0,
            store: product.store.0,
            name: product.name.clone(),
            slug: product.slug.clone(),
            sku: product.sku.clone(),
            description: product.description.clone(),
            base_price: money(product.base_price, currency),
            current_price: money(product.current_price, currency),
            status: product.status.as_str(),
            stock: stocked.available(None),
            variants: variants.collect(),
            created_at: time(product.created_at),
            updated_at: time(product.updated_at),
        }
    }
}

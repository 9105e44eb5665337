//! What clients write of a product.

use super::variants::{VariantFields, reader};
use super::{MAX_NAME_CHARS, MAX_SKU_CHARS};
use crate::money::price;
use crate::partial::Partial;
use crate::slug::Slug;
use oms_domain::catalog::{MAX_STOCK, MAX_VARIANTS, Product, ProductStatus, Variant};
use oms_domain::{Currency, Decimal};
use oms_http::validation::{BlankText, Fields, Lines, Text, Whole};
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest description, in characters.
const MAX_DESCRIPTION_CHARS: usize = 10_000;

/// A product to make, or to put in place of another. What an update leaves out stays as it is.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = ProductFields)]
pub(crate) struct ProductFields {
    /// The store that sells it.
    #[expect(dead_code, reason = "it is read before the rest, whose prices are in its currency")]
    #[schema(value_type = Uuid)]
    store: Option<Uuid>,
    /// Its name.
    #[schema(value_type = String, max_length = 255, example = "Mug")]
    pub(crate) name: Option<String>,
    /// Its name in links; made from the name where it is left out.
    #[schema(max_length = 255, example = "mug")]
    pub(crate) slug: Option<String>,
    /// Its stock keeping unit.
    #[schema(max_length = 64, example = "MUG-1")]
    pub(crate) sku: Option<String>,
    /// What it is.
    #[schema(max_length = 10_000, example = "A mug for tea or coffee")]
    pub(crate) description: Option<String>,
    /// The price on its label, in the store's currency.
    #[schema(value_type = String, example = "34.99")]
    pub(crate) base_price: Option<Decimal>,
    /// What one costs; in a new product, the price on its label where it is left out.
    #[schema(value_type = Option<String>, example = "29.99")]
    pub(crate) current_price: Option<Decimal>,
    /// `draft`, `active` or `archived`; a new product is active where it is left out.
    #[schema(value_type = Option<String>, example = "active")]
    pub(crate) status: Option<ProductStatus>,
    /// In a new product: how many pieces lie on its own shelf. Later, `adjust_stock` changes that.
    #[schema(example = 50)]
    pub(crate) stock: Option<u64>,
    /// All its kinds, at most 48. In an update, an entry with an `id` changes that variant, one
    /// without is new, and one left out is removed.
    #[schema(max_items = 48)]
    pub(crate) variants: Option<Vec<VariantFields>>,
}

/// Any part of a product.
pub(crate) type ProductPatch = Partial<ProductFields>;

impl ProductFields {
    /// Reads everything but the store, whose currency the prices are in. `existing` are the
    /// variants of the product that is changed; none where it is new.
    pub(crate) fn read(f: &mut Fields, existing: Option<&[Variant]>, currency: Currency) -> Self {
        let name = f.required::<Text<MAX_NAME_CHARS>>("name");
        let slug = f.optional::<Slug>("slug");
        let sku = f.optional::<BlankText<MAX_SKU_CHARS>>("sku");
        let description = f.optional::<Lines<MAX_DESCRIPTION_CHARS>>("description");
        let base_price = f.required_as("base_price", price(currency));
        let current_price = f.optional_as("current_price", price(currency));
        let status = f.optional::<ProductStatus>("status");
        let stock = match existing {
            None => f.optional::<Whole<0, MAX_STOCK>>("stock"),
            Some(_) => None,
        };
        let variants = f.optional_list("variants", 0..=MAX_VARIANTS, reader(existing, currency));
        Self {
            store: None,
            name: name.map(String::from),
            slug: slug.map(|slug| slug.0),
            sku: sku.map(String::from),
            description: description.map(String::from),
            base_price,
            current_price,
            status,
            stock: stock.and_then(|stock| u64::try_from(stock.0).ok()),
            variants,
        }
    }

    /// Changes a product, apart from its store and its variants.
    pub(crate) fn change(self, product: &mut Product) {
        product.name = self.name.unwrap_or_else(|| std::mem::take(&mut product.name));
        product.slug = self.slug.unwrap_or_else(|| std::mem::take(&mut product.slug));
        product.sku = self.sku.unwrap_or_else(|| std::mem::take(&mut product.sku));
        if let Some(description) = self.description {
            product.description = description;
        }
        product.base_price = self.base_price.unwrap_or(product.base_price);
        product.current_price = self.current_price.unwrap_or(product.current_price);
        product.status = self.status.unwrap_or(product.status);
    }
}

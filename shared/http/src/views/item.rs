//! A line of an order, as clients see it.

use super::details::{ProductDetails, VariantDetails, product_details, variant_details};
use super::{money, or_null, time};
use oms_domain::{Line, Order};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// A line of an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemView {
    /// What paths name the line by.
    pub id: Uuid,
    /// The order that it belongs to.
    pub order: Uuid,
    /// What was bought.
    pub product: Uuid,
    /// Its name then.
    #[schema(example = "Mug")]
    pub product_name: String,
    /// Its name in links then.
    #[schema(example = "mug")]
    pub product_slug: String,
    /// The product as it was then.
    pub product_details: ProductDetails,
    /// Which kind of it.
    pub variant: Option<Uuid>,
    /// Its name then.
    #[schema(example = "Blue")]
    pub variant_name: Option<String>,
    /// Its stock keeping unit then.
    #[schema(example = "MUG-1-BLUE")]
    pub variant_sku: Option<String>,
    /// The variant as it was then.
    pub variant_details: Option<VariantDetails>,
    /// How many.
    #[schema(example = 2)]
    pub quantity: u32,
    /// What one cost, in the order's currency.
    #[schema(example = "29.99")]
    pub unit_price: String,
    /// What all of them cost: `unit_price` times `quantity`, in the order's currency.
    #[schema(example = "59.98")]
    pub total_price: String,
    /// The customer's wishes.
    pub notes: String,
    /// What the client keeps with it.
    #[schema(value_type = Object)]
    pub extra_data: Map<String, Value>,
    /// When it was added.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub created_at: String,
    /// When it last changed.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    pub updated_at: String,
}

impl ItemView {
    /// A line of an order.
    #[must_use]
    pub fn new(order: &Order, line: &Line) -> Self {
        let currency = order.currency;
        let variant = line.variant.as_ref();
        Self {
            id: line.id.0,
            order: order.id.0,
            product: line.product.id.0,
            product_name: line.product.name.clone(),
            product_slug: line.product.slug.clone(),
            product_details: product_details(&line.product, currency),
            variant: variant.map(|variant| variant.id.0),
            variant_name: variant.map(|variant| variant.name.clone()),
            variant_sku: variant.and_then(|variant| or_null(&variant.sku)),
            variant_details: variant.map(|variant| variant_details(variant, currency)),
            quantity: line.quantity,
            unit_price: money(line.unit_price, currency),
            total_price: money(line.total_price, currency),
            notes: line.notes.clone(),
            extra_data: line.extra_data.clone(),
            created_at: time(line.created_at),
            updated_at: time(line.updated_at),
        }
    }
}

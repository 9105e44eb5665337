//! What orders refer to: stores, products and their variants.

use crate::choices::choices;
use crate::order::{ProductSnapshot, StoreSnapshot, VariantSnapshot};
use crate::unpaid::UnpaidLimits;
use crate::{Currency, Decimal, ProductId, ShippingMethod, StoreId, UserId, VariantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many variants a product may have. DynamoDB writes 100 items in one transaction at most: 48
/// new variants in place of 48 others fit, with the product and what must be written beside it.
pub const MAX_VARIANTS: usize = 48;
/// The most pieces that a shelf is stocked to, and that one request moves.
pub const MAX_STOCK: i64 = 1_000_000_000;

choices! {
    /// Whether a store sells.
    StoreStatus {
        /// It does.
        Active = "active", "Active";
        /// It takes no new orders.
        Inactive = "inactive", "Inactive";
    }
}

choices! {
    /// Whether a product is on sale.
    ProductStatus {
        /// Being written; customers do not see it.
        Draft = "draft", "Draft";
        /// On sale.
        Active = "active", "Active";
        /// No longer on sale; customers do not see it.
        Archived = "archived", "Archived";
    }
}

/// A vendor's store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Store {
    /// What paths and orders name the store by.
    pub id: StoreId,
    /// What customers know it as.
    pub name: String,
    /// Its name in links.
    pub slug: String,
    /// What it says about itself.
    #[serde(default)]
    pub description: String,
    /// The vendor whose it is.
    #[serde(default)]
    pub owner: Option<UserId>,
    /// The currency of all its prices.
    pub currency: Currency,
    /// Its tax, a fraction from 0 to 1: 0.1 is ten per cent.
    pub tax_rate: Decimal,
    /// What it asks for shipping in its currency, where that differs from the usual price.
    #[serde(default)]
    pub shipping_costs: BTreeMap<ShippingMethod, Decimal>,
    /// How long its orders may stay unpaid.
    #[serde(default)]
    pub unpaid_limits: UnpaidLimits,
    /// Whether it sells.
    pub status: StoreStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Store {
    /// What it asks for a shipping method.
    #[must_use]
    pub fn shipping_cost(&self, method: ShippingMethod) -> Decimal {
        self.shipping_costs.get(&method).copied().unwrap_or_else(|| usual_shipping_cost(method))
    }

    /// What an order keeps of it.
    #[must_use]
    pub fn snapshot(&self) -> StoreSnapshot {
        StoreSnapshot {
            id: self.id,
            name: self.name.clone(),
            slug: self.slug.clone(),
            description: self.description.clone(),
        }
    }
}

/// What shipping costs where the store sets no price, in the store's currency.
#[must_use]
pub fn usual_shipping_cost(method: ShippingMethod) -> Decimal {
    Decimal::from(match method {
        ShippingMethod::Standard => 10,
        ShippingMethod::Express => 25,
        ShippingMethod::Overnight => 50,
        ShippingMethod::Pickup => 0,
        ShippingMethod::International => 75,
    })
}

/// A kind of a product: a size, a colour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    /// What orders and stock name the variant by.
    pub id: VariantId,
    /// What tells it from the product's other variants, such as `Blue`.
    pub name: String,
    /// Its stock keeping unit.
    #[serde(default)]
    pub sku: String,
    /// What one costs, in the store's currency and exactly in its digits.
    pub current_price: Decimal,
}

/// A product of a store. How many there are is counted beside it, not in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Product {
    /// What paths and orders name the product by.
    pub id: ProductId,
    /// The store that sells it.
    pub store: StoreId,
    /// What customers know it as.
    pub name: String,
    /// Its name in links.
    pub slug: String,
    /// Its stock keeping unit.
    #[serde(default)]
    pub sku: String,
    /// What it is.
    #[serde(default)]
    pub description: String,
    /// The price on its label, in the store's currency and exactly in its digits.
    pub base_price: Decimal,
    /// What one costs, in the store's currency and exactly in its digits.
    pub current_price: Decimal,
    /// Whether it is on sale.
    pub status: ProductStatus,
    /// Its variants, at most 48; without any, the product itself is sold.
    #[serde(default)]
    pub variants: Vec<Variant>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Product {
    /// The variant with this id.
    #[must_use]
    pub fn variant(&self, id: VariantId) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }

    /// What an order line keeps of it.
    #[must_use]
    pub fn snapshot(&self) -> ProductSnapshot {
        ProductSnapshot {
            id: self.id,
            name: self.name.clone(),
            slug: self.slug.clone(),
            sku: self.sku.clone(),
            base_price: self.base_price,
            current_price: self.current_price,
            status: self.status,
        }
    }
}

impl Variant {
    /// What an order line keeps of it.
    #[must_use]
    pub fn snapshot(&self) -> VariantSnapshot {
        VariantSnapshot {
            id: self.id,
            name: self.name.clone(),
            sku: self.sku.clone(),
            current_price: self.current_price,
        }
    }
}

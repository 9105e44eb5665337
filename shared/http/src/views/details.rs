//! What an order keeps of whom and what it refers to, as it was when the order was placed.

use super::money;
use oms_domain::order::{ProductSnapshot, StoreSnapshot, VariantSnapshot};
use oms_domain::{Address, Currency, User};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The order's user as they were when it was placed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UserDetails {
    /// The subject of their token.
    #[schema(example = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11")]
    pub id: String,
    /// What they are called in the system.
    #[schema(example = "ada")]
    pub username: String,
    /// Where mail reaches them.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// Their given name.
    #[schema(example = "Ada")]
    pub first_name: String,
    /// Their family name.
    #[schema(example = "Lovelace")]
    pub last_name: String,
}

/// The order's store as it was when it was placed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StoreDetails {
    /// The store that the order was placed with.
    pub id: Uuid,
    /// The name that the store had when the order was placed.
    #[schema(example = "Mugs & More")]
    pub name: String,
    /// Its name in links.
    #[schema(example = "mugs-more")]
    pub slug: String,
    /// What it says about itself.
    pub description: String,
}

/// An address as it was when the order was placed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AddressDetails {
    /// The address in the address book that this is a copy of.
    pub id: Uuid,
    /// Who lives there.
    #[schema(example = "Ada Lovelace")]
    pub full_name: String,
    /// Street and number.
    #[schema(example = "12 St James's Square")]
    pub address_line1: String,
    /// Flat, floor.
    pub address_line2: String,
    /// Town.
    #[schema(example = "London")]
    pub city: String,
    /// State or province.
    pub state: String,
    /// Postal code.
    #[schema(example = "SW1Y 4JH")]
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "GB")]
    pub country: String,
    /// For the courier.
    pub phone_number: String,
}

/// A product as it was when it was bought.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProductDetails {
    /// The product that this is a copy of.
    pub id: Uuid,
    /// The name that it was sold under.
    #[schema(example = "Mug")]
    pub name: String,
    /// Its name in links.
    #[schema(example = "mug")]
    pub slug: String,
    /// The price on its label, in the order's currency.
    #[schema(example = "29.99")]
    pub base_price: String,
    /// The price it was sold at, in the order's currency.
    #[schema(example = "29.99")]
    pub current_price: String,
    /// Its stock keeping unit.
    #[schema(example = "MUG-1")]
    pub sku: String,
    /// Whether it was on sale.
    #[schema(example = "active")]
    pub status: &'static str,
}

/// A variant as it was when it was bought.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VariantDetails {
    /// The variant that this is a copy of.
    pub id: Uuid,
    /// The name that it was sold under.
    #[schema(example = "Blue")]
    pub name: String,
    /// Its stock keeping unit.
    #[schema(example = "MUG-1-BLUE")]
    pub sku: String,
    /// The price it was sold at, in the order's currency.
    #[schema(example = "29.99")]
    pub current_price: String,
}

impl From<&User> for UserDetails {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.0.clone(),
            username: user.username.clone(),
            email: user.email.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
        }
    }
}

impl From<&StoreSnapshot> for StoreDetails {
    fn from(store: &StoreSnapshot) -> Self {
        Self {
            id: store.id.0,
            name: store.name.clone(),
            slug: store.slug.clone(),
            description: store.description.clone(),
        }
    }
}

impl From<&Address> for AddressDetails {
    fn from(address: &Address) -> Self {
        Self {
            id: address.id.0,
            full_name: address.full_name.clone(),
            address_line1: address.address_line1.clone(),
            address_line2: address.address_line2.clone(),
            city: address.city.clone(),
            state: address.state.clone(),
            postal_code: address.postal_code.clone(),
            country: address.country.clone(),
            phone_number: address.phone_number.clone(),
        }
    }
}

pub(super) fn product_details(product: &ProductSnapshot, currency: Currency) -> ProductDetails {
    ProductDetails {
        id: product.id.0,
        name: product.name.clone(),
        slug: product.slug.clone(),
        base_price: money(product.base_price, currency),
        current_price: money(product.current_price, currency),
        sku: product.sku.clone(),
        status: product.status.as_str(),
    }
}

pub(super) fn variant_details(variant: &VariantSnapshot, currency: Currency) -> VariantDetails {
    VariantDetails {
        id: variant.id.0,
        name: variant.name.clone(),
        sku: variant.sku.clone(),
        current_price: money(variant.current_price, currency),
    }
}

//! An address, as clients see it.

use oms_http::views::time;
use oms_table::catalog::addresses::BookEntry;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An address of a user.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Address)]
pub(crate) struct AddressView {
    /// Its id.
    id: Uuid,
    /// Whose it is.
    #[schema(example = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11")]
    user: String,
    /// Who lives there.
    #[schema(example = "Ada Lovelace")]
    full_name: String,
    /// Street and number.
    #[schema(example = "12 St James's Square")]
    address_line1: String,
    /// Flat, floor.
    #[schema(example = "Flat 2")]
    address_line2: String,
    /// Town.
    #[schema(example = "London")]
    city: String,
    /// State or province.
    #[schema(example = "")]
    state: String,
    /// Postal code.
    #[schema(example = "SW1Y 4JH")]
    postal_code: String,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "GB")]
    country: String,
    /// For the courier.
    #[schema(example = "+44 20 7946 0958")]
    phone_number: String,
    /// Whether it is the one to offer first; one of a user's addresses at most.
    is_default: bool,
    /// When it was made.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    created_at: String,
    /// When it last changed.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    updated_at: String,
}

impl From<&BookEntry> for AddressView {
    fn from(entry: &BookEntry) -> Self {
        let record = &entry.record.entity;
        let address = &record.address;
        Self {
            id: address.id.0,
            user: record.user.0.clone(),
            full_name: address.full_name.clone(),
            address_line1: address.address_line1.clone(),
            address_line2: address.address_line2.clone(),
            city: address.city.clone(),
            state: address.state.clone(),
            postal_code: address.postal_code.clone(),
            country: address.country.clone(),
            phone_number: address.phone_number.clone(),
            is_default: entry.is_default,
            created_at: time(record.created_at),
            updated_at: time(record.updated_at),
        }
    }
}

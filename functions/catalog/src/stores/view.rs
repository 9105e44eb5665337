//! A store, as clients see it.

use oms_domain::catalog::Store;
use oms_http::views::{money, time};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// How many digits after the point a tax rate is shown with.
const TAX_RATE_PLACES: u32 = 4;

/// A store.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Store)]
pub(crate) struct StoreView {
    /// Its id.
    id: Uuid,
    /// Its name.
    #[schema(example = "Mugs & More")]
    name: String,
    /// Its name in links.
    #[schema(example = "mugs-more")]
    slug: String,
    /// What it says about itself.
    #[schema(example = "Hand-made mugs")]
    description: String,
    /// The vendor whose it is.
    #[schema(example = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11")]
    owner: Option<String>,
    /// The currency of all its prices, ISO 4217.
    #[schema(example = "USD")]
    currency: &'static str,
    /// Its tax, a fraction.
    #[schema(example = "0.1000")]
    tax_rate: String,
    /// What it asks for shipping, by method, where that differs from the usual price.
    #[schema(example = json!({"standard": "5.00"}))]
    shipping_costs: BTreeMap<&'static str, String>,
    /// After how many minutes an order is cancelled that nobody has paid; null for never.
    #[schema(example = 60)]
    expire_unpaid_minutes: Option<u32>,
    /// The same for orders whose money people hand over: cash on delivery and bank transfers.
    #[schema(example = 10_080)]
    expire_unpaid_manual_minutes: Option<u32>,
    /// `active` or `inactive`: whether it sells.
    #[schema(example = "active")]
    status: &'static str,
    /// When it was made.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    created_at: String,
    /// When it last changed.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    updated_at: String,
}

impl From<&Store> for StoreView {
    fn from(store: &Store) -> Self {
        let costs = store.shipping_costs.iter();
        let mut tax_rate = store.tax_rate;
        tax_rate.rescale(TAX_RATE_PLACES);
        Self {
            id: store.id.0,
            name: store.name.clone(),
            slug: store.slug.clone(),
            description: store.description.clone(),
            owner: store.owner.as_ref().map(|owner| owner.0.clone()),
            currency: store.currency.code(),
            tax_rate: tax_rate.to_string(),
            shipping_costs: costs
                .map(|(method, cost)| (method.as_str(), money(*cost, store.currency)))
                .collect(),
            expire_unpaid_minutes: store.unpaid_limits.minutes,
            expire_unpaid_manual_minutes: store.unpaid_limits.manual_minutes,
            status: store.status.as_str(),
            created_at: time(store.created_at),
            updated_at: time(store.updated_at),
        }
    }
}

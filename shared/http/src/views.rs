//! What clients see. Field names and forms are what they rely on: money as text with the
//! currency's digits, time in UTC with microseconds, ids as UUIDs.

pub mod details;
pub mod history;
pub mod item;
pub mod order;
pub mod payment;
pub mod statistics;
pub mod verification;

use jiff::Timestamp;
use oms_domain::{Currency, Decimal, Money};
use serde::Serialize;
use utoipa::ToSchema;

/// Something is gone. Orders that refer to it keep what they know of it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Deleted {
    /// For people.
    #[schema(example = "Order deleted successfully")]
    pub message: &'static str,
}

/// An amount as clients see it: `"29.99"`, `"1500"` for a currency without digits.
#[must_use]
pub fn money(amount: Decimal, currency: Currency) -> String {
    Money::rounded(amount, currency).to_string()
}

/// A time as clients see it: RFC 3339 in UTC with microseconds.
#[must_use]
pub fn time(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// A time that may not have come.
#[must_use]
pub fn optional_time(at: Option<Timestamp>) -> Option<String> {
    at.map(time)
}

/// Text that is absent rather than empty.
pub(crate) fn or_null(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

//! What callers may do.

use serde::{Deserialize, Serialize};

/// What a caller may do, from the groups of their token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Buys, and sees their own.
    Customer,
    /// Has staff rights within the stores that they own, and a customer's elsewhere.
    Vendor,
    /// Sees and manages the orders of every store.
    Staff,
    /// Staff, and may delete orders.
    Admin,
}

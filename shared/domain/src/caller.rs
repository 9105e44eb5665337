//! Who calls, and what they may do.

use crate::User;
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

/// A verified caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who they are, as their token says now.
    pub user: User,
    /// The highest of their groups.
    pub role: Role,
}

impl Caller {
    /// Staff or admin.
    #[must_use]
    pub const fn is_staff(&self) -> bool {
        matches!(self.role, Role::Staff | Role::Admin)
    }

    /// Admin.
    #[must_use]
    pub const fn is_admin(&self) -> bool {
        matches!(self.role, Role::Admin)
    }

    /// A vendor who is not staff as well.
    #[must_use]
    pub const fn is_vendor(&self) -> bool {
        matches!(self.role, Role::Vendor)
    }
}

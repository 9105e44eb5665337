//! The indexes of the table.

use super::LIST_AT;

/// An index of the table and its hash key's attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Index {
    /// The orders of a user, by time.
    User,
    /// The orders and products of a store, by time.
    Store,
    /// All orders, stores and products, by time.
    All,
    /// The orders of a status, of all or of a store, by time.
    Status,
    /// Orders by all that lists filter by, by time.
    Facets,
    /// Orders by payment and shipping method, by time.
    Methods,
    /// Payments by method and status, by time.
    Payment,
    /// Orders by their total.
    Total,
}

impl Index {
    /// All of them.
    pub(crate) const EVERY: [Self; 8] = [
        Self::User,
        Self::Store,
        Self::All,
        Self::Status,
        Self::Facets,
        Self::Methods,
        Self::Payment,
        Self::Total,
    ];

    /// Its name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Index::User => "by-user",
            Index::Store => "by-store",
            Index::All => "by-all",
            Index::Status => "by-status",
            Index::Facets => "by-facets",
            Index::Methods => "by-methods",
            Index::Payment => "by-payment",
            Index::Total => "by-total",
        }
    }

    pub(crate) const fn hash_key(self) -> &'static str {
        match self {
            Index::User => "list_user",
            Index::Store => "list_store",
            Index::All => "list_all",
            Index::Status => "list_status",
            Index::Facets => "facets",
            Index::Methods => "methods",
            Index::Payment => "paying",
            Index::Total => "list_scope",
        }
    }

    pub(crate) const fn range_key(self) -> &'static str {
        match self {
            Index::User
            | Index::Store
            | Index::All
            | Index::Status
            | Index::Facets
            | Index::Methods
            | Index::Payment => LIST_AT,
            Index::Total => "list_total",
        }
    }
}

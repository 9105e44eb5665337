//! What each group of endpoints is for, as `OPTIONS` and the OpenAPI document tell.

/// The groups by the first part of their paths after `/api/`, in the order in which they are
/// documented.
pub const GROUPS: [(&str, &str); 13] = [
    (
        "orders",
        "Orders: place, read and edit them, move them from status to status, see how they stand as a whole.",
    ),
    (
        "order-items",
        "The lines of orders, which can be changed while the order is pending; stock and totals follow.",
    ),
    ("payments", "Payments of orders: make one, take the money, give it back."),
    ("notifications", "What happened to a user's orders and payments, and who else is told."),
    ("stores", "The stores, each with its currency, tax and shipping costs."),
    ("products", "What stores sell, with variants, prices and stock."),
    ("addresses", "Where a user's orders and bills go."),
    ("users", "What is kept of a person: hand it to them, and erase it."),
    ("system", "How the parts of the service do, for those who run it."),
    ("schema", "The description of this API in OpenAPI."),
    ("docs", "A page to read the description of this API and to try it."),
    ("console", "A page to run orders, payments, catalogue and subscriptions from."),
    ("health", "Whether the service is up, and what it can reach."),
];

/// What the group is for; empty for one that does not exist.
#[must_use]
pub fn description(group: &str) -> &'static str {
    GROUPS.iter().find(|(name, _)| *name == group).map_or("", |(_, description)| description)
}

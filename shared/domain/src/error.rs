//! What work for a caller can end in besides success, free of any transport.
//!
//! The texts are for operators, and name the cause; what a client may read is decided where errors
//! become HTTP, and only there.

use crate::place::{LineProblem, PlaceError};
use crate::{OrderId, RuleViolation};
use serde_json::{Map, Value, json};
use std::fmt;

/// What work for a caller comes to.
pub type Outcome<T> = Result<T, Error>;

/// A cause that is for operators alone.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Everything that work for a caller can end in besides success.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields that are missing or wrong, as `{"field": ["message"]}`, all at once.
    #[error("invalid fields: {0}")]
    Invalid(Value),
    /// A business rule forbids it.
    #[error(transparent)]
    Refused(#[from] RuleViolation),
    /// A rule forbids it that is none of an order's: how things are used together.
    #[error("{message}")]
    Rule {
        /// Stable and machine-readable, such as `store_has_orders`.
        code: &'static str,
        /// For people. Clients rely on the wording.
        message: String,
    },
    /// There is more to look through than one request may.
    #[error("{message}")]
    TooMuch {
        /// Stable and machine-readable, such as `too_many_orders`.
        code: &'static str,
        /// For people. Clients rely on the wording.
        message: String,
    },
    /// The gateway refused to move money. Holds what the caller may know of it.
    #[error("the gateway refused: {0}")]
    Declined(Value),
    /// The caller sees it but may not do this.
    #[error("the caller may not do this")]
    Forbidden,
    /// Likewise, and it says who may.
    #[error("the caller may not do this: {0}")]
    ForbiddenBecause(&'static str),
    /// There is no such thing, or the caller may not see it.
    #[error("there is no such {0}")]
    NotFound(Kind),
    /// The list has no such page.
    #[error("the list has no such page")]
    NoSuchPage,
    /// Others changed it meanwhile, more often than it is tried again.
    #[error("others were faster, again and again")]
    LostRace,
    /// Something else that is under way stands against it.
    #[error("{message}")]
    Conflict {
        /// Stable and machine-readable, such as `refund_pending`.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// Orders whose goods or money still move stand against it.
    #[error("orders are unfinished: {0:?}")]
    Unfinished(Vec<OrderId>),
    /// The caller has seen a version that is no longer the current one.
    #[error("it has changed since the caller read it")]
    VersionMismatch,
    /// The caller has so many orders that nobody has paid that they may not place another.
    #[error("the caller has {limit} unpaid orders")]
    TooManyUnpaid {
        /// How many they may have.
        limit: u32,
    },
    /// What it depends on is overloaded or out of reach, after retries.
    #[error("what this depends on is out of reach")]
    Unavailable(#[source] Cause),
    /// A newer version of the service has written what this one must not write over: it is being
    /// rolled out, or was rolled back.
    #[error("a newer version has written this")]
    NewerData(#[source] Cause),
    /// A fault of ours, or a deployment's: a missing permission, an item that cannot be read.
    #[error("it failed")]
    Internal(#[source] Cause),
}

/// What is not found, where something is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user's address.
    Address,
    /// A bulk update.
    Job,
    /// An entry of a user's inbox.
    Notification,
    /// An order.
    Order,
    /// A line of an order.
    OrderItem,
    /// A payment of an order.
    Payment,
    /// A product of a store.
    Product,
    /// A refund of a payment.
    Refund,
    /// A store.
    Store,
    /// A subscription to notifications.
    Subscription,
    /// A person of whom anything is kept.
    User,
}

impl fmt::Display for Kind {
    /// As clients read it, in "Order not found".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Address => "Address",
            Kind::Job => "Job",
            Kind::Notification => "Notification",
            Kind::Order => "Order",
            Kind::OrderItem => "Order item",
            Kind::Payment => "Payment",
            Kind::Product => "Product",
            Kind::Refund => "Refund",
            Kind::Store => "Store",
            Kind::Subscription => "Subscription",
            Kind::User => "User",
        })
    }
}

impl Error {
    /// What is wrong with a single field.
    pub fn field(name: &str, message: impl Into<String>) -> Self {
        Self::Invalid(json!({ name: [message.into()] }))
    }

    /// A fault of ours.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// Speaks of something else where this says that a thing was not found: of the child that was
    /// asked for rather than of its order, or of the field that named the order.
    #[must_use]
    pub fn not_found_as(self, other: impl FnOnce() -> Self) -> Self {
        if matches!(self, Self::NotFound(_)) { other() } else { self }
    }

    /// Whether another try may succeed where this one did not.
    #[must_use]
    pub const fn passes(&self) -> bool {
        match self {
            Self::LostRace
            | Self::Conflict { .. }
            | Self::Unavailable(_)
            | Self::NewerData(_)
            | Self::Internal(_) => true,
            Self::Invalid(_)
            | Self::Refused(_)
            | Self::Rule { .. }
            | Self::TooMuch { .. }
            | Self::Declined(_)
            | Self::Forbidden
            | Self::ForbiddenBecause(_)
            | Self::NotFound(_)
            | Self::NoSuchPage
            | Self::VersionMismatch
            | Self::Unfinished(_)
            | Self::TooManyUnpaid { .. } => false,
        }
    }

    /// The stable, machine-readable name of what happened.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) | Self::Refused(RuleViolation::Field { .. }) => "validation_failed",
            Self::Refused(refusal) => refusal.code(),
            Self::Rule { code, .. } | Self::TooMuch { code, .. } | Self::Conflict { code, .. } => code,
            Self::Declined(_) => "payment_declined",
            Self::Forbidden | Self::ForbiddenBecause(_) => "permission_denied",
            Self::NotFound(_) => "not_found",
            Self::NoSuchPage => "invalid_page",
            Self::LostRace => "conflict",
            Self::Unfinished(_) => "orders_unfinished",
            Self::VersionMismatch => "precondition_failed",
            Self::TooManyUnpaid { .. } => "too_many_unpaid_orders",
            Self::Unavailable(_) => "unavailable",
            Self::NewerData(_) => "newer_data",
            Self::Internal(_) => "internal_error",
        }
    }
}

impl From<PlaceError> for Error {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Refused(refusal) => refusal.into(),
            PlaceError::Lines { wanted, problems } => {
                Self::Invalid(json!({ "items": by_line(wanted, &problems) }))
            }
        }
    }
}

/// DRF's shape: an object for each wanted line, empty where nothing is wrong.
fn by_line(wanted: usize, problems: &[LineProblem]) -> Vec<Value> {
    let mut lines = vec![Map::new(); wanted];
    for problem in problems {
        debug_assert!(problem.index < wanted, "a problem is one of a wanted line");
        if let Some(line) = lines.get_mut(problem.index) {
            line.insert(problem.field.to_owned(), json!([problem.message]));
        }
    }
    lines.into_iter().map(Value::Object).collect()
}

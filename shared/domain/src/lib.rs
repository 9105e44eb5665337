//! The rules of orders, payments and statistics, as pure functions of values.
//!
//! Nothing here knows AWS, HTTP, the clock or the environment: time, ids and prices come in as
//! arguments, and a decision comes out as a new value or a [`RuleViolation`]. Start at
//! [`order::Order`].

pub mod attention;
pub mod business_metrics;
pub mod calendar;
mod caller;
pub mod card;
pub mod catalog;
pub mod change;
mod choices;
pub mod edit;
pub mod error;
mod history;
pub mod ids;
pub mod lifecycle;
pub mod lines;
pub mod money;
pub mod number;
pub mod order;
pub mod order_events;
pub mod paying;
pub mod payment;
pub mod personal_data;
pub mod place;
pub mod pricing;
pub mod quarter_hour;
mod rating;
pub mod reconciliation;
mod refunds;
pub mod rule_violation;
pub mod size;
pub mod statistics;
pub mod status;
mod stored;
pub mod subscription;
pub mod summary;
pub mod tally;
pub mod text;
pub mod token_bucket;
pub mod totals;
pub mod unpaid;

pub use caller::{Caller, Role};
pub use change::{Actor, Change, ChangeKind, FieldChange};
pub use error::{Error, Kind, Outcome};
pub use ids::{
    AddressId, JobId, LineId, NotificationId, OrderId, PaymentId, ProductId, RefundId, StoreId,
    SubscriptionId, UserId, VariantId,
};
pub use iso_currency::Currency;
pub use money::Money;
pub use order::{Address, Line, Order, User};
pub use payment::{Payment, PaymentState, Refund, RefundState};
pub use rule_violation::RuleViolation;
pub use rust_decimal::Decimal;
pub use status::{Action, PaymentMethod, PaymentStatus, ShippingMethod, Status};
pub use stored::Stored;
pub use summary::{OrderSummary, PaymentEntry, PaymentSummary};

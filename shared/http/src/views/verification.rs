//! What a comparison of counters with their orders found, as clients see it.

use oms_domain::reconciliation::{Difference, Verified};
use oms_domain::tally::Scope;
use serde::Serialize;
use utoipa::ToSchema;

/// Whether the counters are what the orders' logs add up to.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VerificationView {
    /// How many counters are wrong: 0.
    #[schema(example = 0)]
    pub drift: u64,
    /// How many orders were looked at.
    #[schema(example = 150)]
    pub orders_verified: u64,
    /// How many of them have changes that are still to be counted: no fault.
    #[schema(example = 0)]
    pub orders_behind: u64,
    /// The wrong counters, at most 100.
    pub differences: Vec<DifferenceView>,
}

/// A counter that is wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DifferenceView {
    /// Whose counter: `all`, `store <id>`, `user <id>`.
    #[schema(example = "all")]
    pub scope: String,
    /// Which one.
    #[schema(example = "orders pending/paid/credit_card/standard/USD")]
    pub counter: String,
    /// What it holds.
    #[schema(example = "24")]
    pub counted: String,
    /// What it should hold.
    #[schema(example = "25")]
    pub expected: String,
}

/// How many wrong counters are shown.
const SHOWN_DIFFERENCES: usize = 100;

impl From<&Verified> for VerificationView {
    fn from(verified: &Verified) -> Self {
        let shown = verified.differences.iter().take(SHOWN_DIFFERENCES);
        Self {
            drift: verified.differences.len() as u64,
            orders_verified: verified.orders,
            orders_behind: verified.behind,
            differences: shown
                .map(|(scope, Difference { cell, counted, expected })| DifferenceView {
                    scope: match scope {
                        Scope::All => "all".to_owned(),
                        Scope::Store(id) => format!("store {id}"),
                        Scope::User(id) => format!("user {id}"),
                    },
                    counter: cell.to_string(),
                    counted: counted.to_string(),
                    expected: expected.to_string(),
                })
                .collect(),
        }
    }
}

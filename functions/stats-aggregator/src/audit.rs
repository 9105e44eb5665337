//! Proof while it runs: now and then the counters of a user whose order has just been counted are compared with
//! what all orders of that user add up to. `orderctl verify` compares all there are.

use jiff::{SignedDuration, Timestamp};
use oms_core::app::App;
use oms_core::http::error::ApiError;
use oms_core::http::logging::chain;
use oms_domain::UserId;
use oms_domain::tally::Scope;
use std::sync::{Mutex, PoisonError};

/// How long a process waits after an audit before its next.
const EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Of how many orders a user may have, to be audited: about 75 read units.
const MAX_ORDERS: u64 = 50;

/// The audits of one process.
#[derive(Debug, Default)]
pub struct Audits(Mutex<Option<Timestamp>>);

impl Audits {
    /// How many counters of a user differ from what their orders add up to: 0 unless something is
    /// wrong. None where no audit is due, and where it cannot tell: the user has too many orders, or
    /// is being counted at that very moment.
    pub async fn of(&self, app: &App, user: UserId) -> Option<usize> {
        if !self.is_due(app.now()) {
            return None;
        }
        let verified = match app.verify_scope(&Scope::User(user), MAX_ORDERS).await {
            Ok(verified) => verified,
            Err(ApiError::Rule { .. }) => return None,
            Err(error) => {
                tracing::warn!(error = chain(&error), "could not audit a user's counters");
                return None;
            }
        };
        let drift = verified.differences.len();
        if drift > 0 && verified.moving {
            return None;
        }
        if let Some((_, first)) = verified.differences.first() {
            tracing::error!(
                counters = drift,
                first = %first.cell,
                counted = %first.counted,
                expected = %first.expected,
                "a user's counters have drifted; orderctl verify tells whose"
            );
        }
        Some(drift)
    }

    fn is_due(&self, now: Timestamp) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| now.duration_since(last) >= EVERY);
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

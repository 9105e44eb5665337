//! Proof while it runs: now and then the counters of a user whose order has just been counted are
//! compared with what all orders of that user add up to. `orderctl verify` compares all there are.

use jiff::{SignedDuration, Timestamp};
use oms_core::app::App;
use oms_domain::tally::Scope;
use oms_domain::{Error, UserId};
use oms_runtime::logging::chain;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a process waits after an audit before its next.
const EVERY: SignedDuration = SignedDuration::from_secs(60);
/// Of how many orders a user may have, to be audited: about 75 read units.
const MAX_ORDERS: u64 = 50;

/// The audits of one process.
#[derive(Debug)]
pub struct Audits {
    every: SignedDuration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Timestamp>,
    suspect: Option<UserId>,
}

impl Default for Audits {
    fn default() -> Self {
        Self::every(EVERY)
    }
}

impl Audits {
    /// Audits with so much time between them.
    #[must_use]
    pub fn every(every: SignedDuration) -> Self {
        Self { every, state: Mutex::default() }
    }

    /// How many counters of a user differ from what their orders add up to: 0 unless something is
    /// wrong. Who is found to differ is looked at again at the next audit before it is said: an
    /// order that has just been deleted is in no list, and may not have been taken out of the
    /// counters yet. None where no audit is due, and where it cannot tell: the user has too many
    /// orders, is being counted at that very moment, or differs for the first time.
    pub async fn of(&self, app: &App, user: UserId) -> Option<usize> {
        let suspect = self.begin(app.now())?;
        let user = suspect.clone().unwrap_or(user);
        let verified = match app.verify_scope(&Scope::User(user.clone()), MAX_ORDERS).await {
            Ok(verified) => verified,
            Err(Error::TooMuch { .. }) => return None,
            Err(error) => {
                tracing::warn!(error = chain(&error), "could not audit a user's counters");
                return None;
            }
        };
        let drift = verified.differences.len();
        let is_new = suspect.is_none();
        if drift > 0 && (verified.moving || is_new) {
            self.state().suspect = Some(user);
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

    /// Begins an audit where one is due: of a suspect, if there is one. A new process counts first:
    /// the one before may have died of an audit, whose batch came again.
    fn begin(&self, now: Timestamp) -> Option<Option<UserId>> {
        let mut state = self.state();
        let last = *state.last.get_or_insert(now);
        let is_due = now.duration_since(last) >= self.every;
        is_due.then(|| {
            state.last = Some(now);
            state.suspect.take()
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

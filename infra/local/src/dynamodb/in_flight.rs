//! Transactions in flight, and what may not happen to their items meanwhile.
//!
//! A write, or a transaction of reads or writes, on an item of a transaction that has not ended is
//! refused, not queued; plain reads, batches of reads and queries see what was there before.
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>,
//! "Transaction conflict handling in DynamoDB")

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::api::{Answer, CONFLICT};
use super::call::ItemKey;

/// The transactions that have begun and not ended.
#[derive(Clone, Debug, Default)]
pub(super) struct InFlight(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    items: BTreeSet<ItemKey>,
    tokens: BTreeSet<String>,
}

/// A transaction that is in flight until this is dropped.
#[derive(Debug)]
pub(super) struct Transaction {
    in_flight: InFlight,
    items: Vec<ItemKey>,
    token: String,
}

impl InFlight {
    /// Begins a transaction of writes.
    ///
    /// # Errors
    /// What the caller is answered where it may not begin.
    pub(super) fn begin(&self, items: Vec<ItemKey>, token: &str) -> Result<Transaction, Answer> {
        let mut state = self.state();
        if !token.is_empty() && state.tokens.contains(token) {
            let message = "The transaction with the given request token is already in progress.";
            return Err(Answer::error(400, "TransactionInProgressException", message));
        }
        refusal(&state, &items)?;
        state.items.extend(items.iter().cloned());
        if !token.is_empty() {
            state.tokens.insert(token.to_owned());
        }
        Ok(Transaction { in_flight: self.clone(), items, token: token.to_owned() })
    }

    /// Whether a transaction of reads may run.
    ///
    /// # Errors
    /// What the caller is answered where it may not.
    pub(super) fn may_read(&self, items: &[ItemKey]) -> Result<(), Answer> {
        refusal(&self.state(), items)
    }

    /// Whether single writes of some items may run.
    ///
    /// # Errors
    /// What the caller is answered where they may not.
    pub(super) fn may_write(&self, items: &[ItemKey]) -> Result<(), Answer> {
        if items.iter().any(|item| self.holds(item)) { Err(Answer::conflict()) } else { Ok(()) }
    }

    /// Whether a transaction is at an item.
    pub(super) fn holds(&self, item: &ItemKey) -> bool {
        self.state().items.contains(item)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refusal(state: &State, items: &[ItemKey]) -> Result<(), Answer> {
    let reasons: Vec<_> = items.iter().map(|item| state.items.contains(item).then_some(CONFLICT)).collect();
    if reasons.iter().all(Option::is_none) { Ok(()) } else { Err(Answer::cancelled(&reasons)) }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let mut state = self.in_flight.state();
        for item in &self.items {
            state.items.remove(item);
        }
        state.tokens.remove(&self.token);
    }
}

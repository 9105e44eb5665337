//! Work under the lock of the counters: whoever counts keeps a journal of it meanwhile.

use jiff::SignedDuration;
use oms_core::app::App;
use oms_table::TableError;
use oms_table::counters::lock::{CounterLock, Journal};
use oms_workspace::report::Fault;
use std::time::Duration;

/// How long a lock stands that nobody renews.
const TERM: SignedDuration = SignedDuration::from_mins(3);
/// How often it is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(60);

/// Does something with the journal of what is counted meanwhile.
///
/// # Errors
/// Those of the work; where somebody else has the lock, and where it is lost over the work.
pub async fn with_journal<T>(
    app: &App,
    work: impl AsyncFnOnce(&mut Journal) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let (mut lock, mut journal) = match app.table().lock_counters(app.now(), TERM).await {
        Ok(locked) => locked,
        Err(TableError::Conflict) => {
            return Err(
                "another orderctl looks at the counters; its lock ends after three minutes at most".into()
            );
        }
        Err(error) => return Err(error.into()),
    };
    let done = tokio::select! {
        done = work(&mut journal) => done,
        lost = renewed(app, &mut lock) => Err(lost.into()),
    };
    let released = app.table().release_counter_lock(lock).await;
    let done = done?;
    released?;
    Ok(done)
}

/// Renews a lock until that fails.
async fn renewed(app: &App, lock: &mut CounterLock) -> TableError {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        if let Err(error) = app.table().renew_counter_lock(lock, app.now(), TERM).await {
            return error;
        }
    }
}

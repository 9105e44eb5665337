//! Work that is done while nothing is counted. Orders are placed, paid and moved meanwhile; the
//! consumer of the stream waits, and counts what has come together afterwards.

use jiff::SignedDuration;
use oms_core::app::App;
use oms_table::TableError;
use oms_table::hold::Hold;
use oms_workspace::report::Fault;
use std::time::Duration;

/// How long a hold stands that nobody renews.
const STANDS: SignedDuration = SignedDuration::from_mins(3);
/// How often it is renewed.
const RENEW_EVERY: Duration = Duration::from_secs(60);

/// Does something while nothing is counted.
///
/// # Errors
/// Those of the work; where somebody else holds the counters, and where the hold is lost over it.
pub async fn while_held<T>(app: &App, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let mut hold = match app.table().hold_counters(app.now(), STANDS).await {
        Ok(hold) => hold,
        Err(TableError::Conflict) => {
            return Err(
                "another orderctl keeps the counters from moving; it lets go after three minutes at most"
                    .into(),
            );
        }
        Err(error) => return Err(error.into()),
    };
    let done = tokio::select! {
        done = work => done,
        lost = renewed(app, &mut hold) => Err(lost.into()),
    };
    let released = app.table().release_hold(hold).await;
    let done = done?;
    released?;
    Ok(done)
}

/// Renews a hold until that fails.
async fn renewed(app: &App, hold: &mut Hold) -> TableError {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        if let Err(error) = app.table().renew_hold(hold, app.now(), STANDS).await {
            return error;
        }
    }
}

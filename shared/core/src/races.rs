//! Writes that were overtaken by another.

use oms_domain::{Error, Outcome};
use oms_runtime::retry;

/// Reads, decides and writes again where another write came between reading and writing.
///
/// # Errors
/// Those of `attempt`; 409 where others came first each time.
pub async fn retried<T, F: Future<Output = Outcome<T>>>(attempt: impl Fn() -> F) -> Outcome<T> {
    let mut tries = 1;
    loop {
        match attempt().await {
            Err(Error::LostRace) if tries < retry::LOST_RACES => tries += 1,
            answer => return answer,
        }
    }
}

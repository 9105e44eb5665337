//! Writes that were overtaken by another.

use oms_core::http::{ApiError, Reply};

/// How often a write is decided on what another has left before it is given up.
const TRIES: u32 = 8;

/// Reads, decides and writes again where another write came between reading and writing.
///
/// # Errors
/// Those of `attempt`; 409 where others came first each time.
pub(crate) async fn retried<T, F: Future<Output = Reply<T>>>(attempt: impl Fn() -> F) -> Reply<T> {
    let mut tries = 1;
    loop {
        match attempt().await {
            Err(ApiError::Conflict { code: "conflict", .. }) if tries < TRIES => tries += 1,
            answer => return answer,
        }
    }
}

//! Waiting for what the stream brings.

use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the consumers may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again until the answer is the wanted one; that answer.
///
/// # Panics
/// Where it does not become so, with the last answer.
pub async fn eventually<T, F>(ask: impl FnMut() -> F, is_so: impl Fn(&T) -> bool) -> T
where
    T: std::fmt::Debug,
    F: Future<Output = T>,
{
    eventually_within(PATIENCE, ask, is_so).await
}

/// The same, with more patience or less.
///
/// # Panics
/// Where it does not become so in time, with the last answer.
pub async fn eventually_within<T, F>(
    patience: Duration,
    mut ask: impl FnMut() -> F,
    is_so: impl Fn(&T) -> bool,
) -> T
where
    T: std::fmt::Debug,
    F: Future<Output = T>,
{
    let began = Instant::now();
    loop {
        let answer = ask().await;
        if is_so(&answer) {
            return answer;
        }
        assert!(began.elapsed() < patience, "it did not become so: {answer:#?}");
        sleep(Duration::from_millis(100)).await;
    }
}

//! Waiting for what the stream brings.

use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the consumers may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks again until the answer is the wanted one; that answer.
///
/// # Panics
/// Where it does not become so, with the last answer.
pub async fn eventually<T, F>(mut ask: impl FnMut() -> F, is_so: impl Fn(&T) -> bool) -> T
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
        assert!(began.elapsed() < PATIENCE, "it did not become so: {answer:#?}");
        sleep(Duration::from_millis(100)).await;
    }
}

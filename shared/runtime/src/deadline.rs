//! The time that an invocation has, handed down to whatever it waits for.
//!
//! Lambda ends a function that is late, without an answer, and what it was doing is neither done
//! nor undone. So nothing waits past the end of its invocation: calls of AWS (the SDK's clients
//! look here), of the payment gateway and of others, and the pauses between tries. What does not
//! fit fails like a call that timed out, is left where somebody finds it (a payment in
//! `processing`, a stream's record, a message), and the function answers. Outside an invocation, as
//! in the operator's command line, there is no end.

use crate::invocation;
use jiff::Timestamp;
use lambda_runtime::Context;
use std::time::Duration;
use tokio::time::Instant;

/// What is kept of the time to make and send the answer.
const TO_ANSWER: Duration = Duration::from_millis(1_500);
/// What is kept, besides, by calls whose outcome is to be saved.
const TO_SAVE: Duration = Duration::from_millis(2_500);

/// How long an invocation takes at most where its end is not known.
const USUAL: Duration = Duration::from_secs(30);

/// Until when an invocation may wait for others; without an end outside one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// The end of an invocation, less the time to answer.
    #[must_use]
    pub fn of(context: &Context, now: Timestamp) -> Self {
        let waits = wait(context.deadline, now);
        Self(waits.and_then(|waits| Instant::now().checked_add(waits)))
    }

    /// How long may still be waited.
    #[must_use]
    pub fn left(self) -> Duration {
        self.0.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
    }

    /// When the function will have been ended.
    fn end(self, now: Timestamp) -> Timestamp {
        let left = self.0.map_or(USUAL, |_| self.left().saturating_add(TO_ANSWER));
        now.checked_add(left).unwrap_or(Timestamp::MAX)
    }
}

/// When the invocation in progress will have been ended, whatever has become of it.
#[must_use]
pub fn end(now: Timestamp) -> Timestamp {
    invocation::current().map(|invocation| invocation.deadline()).unwrap_or_default().end(now)
}

/// How long may be waited until a moment in milliseconds since 1970. One that is over is none: no
/// invocation begins after its end.
fn wait(end_ms: u64, now: Timestamp) -> Option<Duration> {
    let left_ms = i64::try_from(end_ms).ok()?.checked_sub(now.as_millisecond())?;
    let left = Duration::from_millis(u64::try_from(left_ms).ok()?);
    (!left.is_zero()).then(|| left.saturating_sub(TO_ANSWER))
}

/// How long the invocation in progress may still wait for others.
#[must_use]
pub fn left() -> Duration {
    invocation::current().map_or(Duration::MAX, |invocation| invocation.deadline().left())
}

/// The same for calls whose outcome is to be saved.
#[must_use]
pub fn left_before_saving() -> Duration {
    left().saturating_sub(TO_SAVE)
}

/// Whether there is no time to begin anything whose outcome is to be saved.
#[must_use]
pub fn is_near() -> bool {
    left_before_saving().is_zero()
}

/// The invocation has no time for it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the invocation has no time left for it")]
pub struct OutOfTime;

/// Waits for something whose outcome is to be saved, as long as the invocation has time.
///
/// # Errors
/// [`OutOfTime`]; it may be under way even so.
pub async fn in_time<F: Future>(work: F) -> Result<F::Output, OutOfTime> {
    let left = left_before_saving();
    if left.is_zero() {
        return Err(OutOfTime);
    }
    tokio::time::timeout(left, work).await.map_err(|_| OutOfTime)
}

/// Pauses, but not past the end.
pub async fn pause(time: Duration) {
    tokio::time::sleep(time.min(left())).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invocation::Invocation;
    use std::sync::Arc;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn ending_in(ms: u64) -> Deadline {
        let now = crate::clock::now();
        let mut context = Context::default();
        context.deadline = u64::try_from(now.as_millisecond()).unwrap() + ms;
        Deadline::of(&context, now)
    }

    async fn within<F: Future>(ms: u64, future: F) -> F::Output {
        let invocation = Invocation::new("r".to_owned(), ending_in(ms));
        invocation::within(Arc::new(invocation), future).await
    }

    #[test]
    fn what_is_left_is_less_the_time_to_answer() {
        for (end_ms, now_ms, wait_ms) in [
            (31_000, 1_000, Some(28_500)),
            (3_000, 1_000, Some(500)),
            (2_000, 1_000, Some(0)),
            (1_000, 1_000, None),
            // What cargo-lambda says where nothing stands in between.
            (600_000, 1_790_000_000_000, None),
            (0, 1_790_000_000_000, None),
            (u64::MAX, 0, None),
        ] {
            let expected = wait_ms.map(Duration::from_millis);
            assert_eq!(wait(end_ms, at(now_ms)), expected, "{end_ms} {now_ms}");
        }
    }

    #[test]
    fn without_an_invocation_there_is_no_end() {
        assert_eq!(left(), Duration::MAX);
        assert!(!is_near());
        assert_eq!(end(at(0)), at(30_000), "but nothing takes for ever");
    }

    #[test]
    fn the_end_is_that_of_the_function() {
        let left = ending_in(30_000).end(at(1_000_000)).as_millisecond() - 1_000_000;
        assert!((29_000..=30_000).contains(&left), "{left}");
    }

    #[tokio::test]
    async fn nothing_is_waited_for_past_the_end() {
        within(4_200, async {
            assert!(!is_near());
            let began = Instant::now();
            assert!(in_time(std::future::pending::<()>()).await.is_err());
            assert!(began.elapsed() < Duration::from_secs(1));
            assert!(is_near());
            assert!(in_time(std::future::ready(())).await.is_err(), "nothing is begun any more");
            assert!(left() > Duration::from_secs(1), "but there is time to save");
        })
        .await;
        within(1_600, async {
            let began = Instant::now();
            pause(Duration::from_secs(60)).await;
            assert!(began.elapsed() < Duration::from_secs(1));
        })
        .await;
    }
}

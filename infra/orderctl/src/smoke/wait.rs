//! Waiting, with an end, for what others bring about.

use super::journal::Done;
use std::time::{Duration, Instant};

/// The first pause between two looks; the next ones are longer, up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(100);
/// The longest pause between two looks.
const LONGEST: Duration = Duration::from_secs(2);

/// What a look showed.
pub(super) enum VisibleOrder {
    /// What was waited for, in words.
    So(String),
    /// Something else, in words.
    NotYet(String),
}

/// Looks again until it is so.
///
/// # Errors
/// It is not so in time, or a look failed.
pub(super) async fn until(
    patience: Duration,
    mut look: impl AsyncFnMut() -> Result<VisibleOrder, String>,
) -> Done<()> {
    let began = Instant::now();
    let mut pause = FIRST;
    loop {
        match look().await? {
            VisibleOrder::So(told) => return Ok(((), told)),
            VisibleOrder::NotYet(told) if began.elapsed() >= patience => {
                return Err(format!("not within {} s: {told}", patience.as_secs()));
            }
            VisibleOrder::NotYet(_) => tokio::time::sleep(pause).await,
        }
        pause = (pause * 2).min(LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_looked_at_until_it_is_so() {
        let mut looks = 0;
        let done = until(Duration::from_secs(10), async || {
            looks += 1;
            Ok(if looks == 3 {
                VisibleOrder::So("counted".to_owned())
            } else {
                VisibleOrder::NotYet(String::new())
            })
        });
        assert_eq!(done.await, Ok(((), "counted".to_owned())));
        assert_eq!(looks, 3);
    }

    #[tokio::test]
    async fn it_ends_when_the_time_is_over_or_a_look_fails() {
        let never = until(Duration::ZERO, async || Ok(VisibleOrder::NotYet("0 of 1".to_owned()))).await;
        assert_eq!(never, Err("not within 0 s: 0 of 1".to_owned()));
        let failed = until(Duration::from_secs(10), async || Err("no answer".to_owned())).await;
        assert_eq!(failed, Err("no answer".to_owned()));
    }
}

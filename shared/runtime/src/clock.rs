//! The only source of the time.

use crate::simulated;

/// The time, to the microsecond, which is what the API shows and the table keeps.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
pub fn now() -> jiff::Timestamp {
    let now = simulated::ask(|world| world.now()).unwrap_or_else(jiff::Timestamp::now);
    // Every microsecond that a timestamp can tell is a timestamp.
    jiff::Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_has_whole_microseconds() {
        assert_eq!(now().as_nanosecond() % 1000, 0);
    }
}

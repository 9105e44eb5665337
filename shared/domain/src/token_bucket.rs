//! A token bucket: so many requests in a window of time, in whole numbers.

use std::num::NonZeroU32;

/// The time that a quota is for, in seconds.
pub const WINDOW_SECONDS: u64 = 60;

/// A request, in the unit of a bucket: as many microseconds as the window has. What a bucket gains
/// in a microsecond is then a whole number, its quota.
const REQUEST: u64 = WINDOW_SECONDS * 1_000_000;

/// What a caller may still do. It gains steadily, a whole quota in a window, and holds no more than
/// that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenBucket {
    level: u64,
    /// When it had that level, in microseconds since 1970.
    at: u64,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether there was one to take.
    pub is_allowed: bool,
    /// How many requests the caller may make in a window.
    pub quota: NonZeroU32,
    /// How many more requests the caller may make now.
    pub remaining: u64,
    /// After how many seconds they may make one more than that; 0 where that is never.
    pub more_in_s: u64,
}

impl TokenBucket {
    /// One that nothing has been taken out of.
    #[must_use]
    pub const fn full(quota: NonZeroU32, now: u64) -> Self {
        Self { level: capacity(quota), at: now }
    }

    /// Whether it holds all that it can, as a new one does.
    #[must_use]
    pub fn is_full(self, quota: NonZeroU32, now: u64) -> bool {
        self.later(quota, now).level == capacity(quota)
    }

    /// When something was last taken out of it, in microseconds since 1970.
    #[must_use]
    pub const fn used_at(self) -> u64 {
        self.at
    }

    /// The same later. A clock that goes back brings nothing.
    fn later(self, quota: NonZeroU32, now: u64) -> Self {
        let gained = now.saturating_sub(self.at).saturating_mul(u64::from(quota.get()));
        let level = self.level.saturating_add(gained).min(capacity(quota));
        Self { level, at: now.max(self.at) }
    }

    /// Takes a request out, if there is one.
    pub fn take(&mut self, quota: NonZeroU32, now: u64) -> Taken {
        *self = self.later(quota, now);
        let is_allowed = self.level >= REQUEST;
        if is_allowed {
            self.level -= REQUEST;
        }
        let missing = if self.level < capacity(quota) { REQUEST - self.level % REQUEST } else { 0 };
        let wait = missing.div_ceil(u64::from(quota.get()));
        Taken { is_allowed, quota, remaining: self.level / REQUEST, more_in_s: wait.div_ceil(1_000_000) }
    }
}

const fn capacity(quota: NonZeroU32) -> u64 {
    // `From` is not const; a quota is no larger than a u64.
    quota.get() as u64 * REQUEST
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: u64 = 60_000_000;
    const START: u64 = 1_795_344_141_000_000;

    fn quota(requests: u32) -> NonZeroU32 {
        NonZeroU32::new(requests).unwrap()
    }

    proptest! {
        /// In any time, no more than the quota and what the time brings; and whoever waits as long
        /// as they are told is let in.
        #[test]
        fn nobody_gets_more_than_their_quota_and_who_waits_as_told_gets_one(
            requests in 1_u32..10_000,
            pauses in prop::collection::vec(0_u64..3 * MINUTE, 1..40),
            bursts in prop::collection::vec(1_usize..20, 1..40),
        ) {
            let quota = quota(requests);
            let mut bucket = TokenBucket::full(quota, START);
            let (mut now, mut allowed) = (START, 0_u64);
            for (pause, burst) in pauses.into_iter().zip(bursts) {
                now += pause;
                for _ in 0..burst {
                    let before = bucket;
                    let taken = bucket.take(quota, now);
                    allowed += u64::from(taken.is_allowed);
                    let brought = u128::from(now - START) * u128::from(requests) / u128::from(MINUTE);
                    prop_assert!(u128::from(allowed) <= u128::from(requests) + brought);
                    prop_assert!(taken.remaining < u64::from(requests));
                    prop_assert_eq!(taken.is_allowed, before.later(quota, now).level >= REQUEST);
                    prop_assert!(taken.more_in_s <= 60 && taken.more_in_s > 0);
                    let mut then = bucket;
                    let waited = then.take(quota, now + taken.more_in_s * 1_000_000);
                    prop_assert!(waited.is_allowed && waited.remaining >= taken.remaining);
                    if !taken.is_allowed && taken.more_in_s > 1 {
                        let mut too_early = bucket;
                        prop_assert!(!too_early.take(quota, now + (taken.more_in_s - 1) * 1_000_000).is_allowed);
                    }
                }
            }
        }

        /// Whatever the numbers and the clock do, nothing overflows, and a bucket stays within its
        /// bounds.
        #[test]
        fn a_bucket_stays_within_its_bounds(level: u64, at: u64, now: u64, requests in 1_u32..=u32::MAX) {
            let quota = quota(requests);
            let mut bucket = TokenBucket { level, at };
            bucket.take(quota, now);
            prop_assert!(bucket.level <= capacity(quota) && bucket.at >= at);
        }
    }
}

//! What may go wrong between a source and its function on AWS and hardly ever does: a batch or a
//! message that comes again after it succeeded, a message that comes late. From a seed, so that a
//! run can be had again.

use std::time::Duration;

use oms_workspace::rng::SeededRng;

use super::hash;

/// Of how many batches and messages one meets a fault.
const ONE_IN: u64 = 8;
/// How late a message comes at most, in seconds.
const LATEST_S: u64 = 5;

/// What is to go wrong.
#[derive(Clone, Debug)]
pub struct Faults {
    seed: u64,
    rng: SeededRng,
}

impl Faults {
    /// The faults of a seed.
    pub const fn new(seed: u64) -> Self {
        Self { seed, rng: SeededRng::new(seed) }
    }

    /// The faults of one source among several of the same seed: which they are does not depend on
    /// what the others do meanwhile.
    pub(super) fn of(&self, source: &str) -> Self {
        Self::new(self.seed ^ hash(source))
    }

    /// Whether what succeeded is delivered again.
    pub(super) fn repeats(&mut self) -> bool {
        self.rng.below(ONE_IN) == 0
    }

    /// How long a message stays away before it is delivered; mostly not at all.
    pub(super) fn delay(&mut self) -> Option<Duration> {
        let is_late = self.rng.below(ONE_IN) == 0;
        is_late.then(|| Duration::from_secs(1 + self.rng.below(LATEST_S)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_has_the_same_faults_each_time_and_each_source_its_own() {
        let faults = |seed, source: &str| {
            let mut faults = Faults::new(seed).of(source);
            (0..800).map(|_| (faults.repeats(), faults.delay())).collect::<Vec<_>>()
        };
        assert_eq!(faults(1, "a"), faults(1, "a"));
        assert_ne!(faults(1, "a"), faults(1, "b"));
        assert_ne!(faults(1, "a"), faults(2, "a"));
        let repeats = faults(1, "a").iter().filter(|(repeats, _)| *repeats).count();
        let late: Vec<_> = faults(1, "a").into_iter().filter_map(|(_, delay)| delay).collect();
        assert!((60..140).contains(&repeats) && (60..140).contains(&late.len()), "{repeats}, {late:?}");
        assert!(late.iter().all(|delay| (1..=LATEST_S).contains(&delay.as_secs())));
    }
}

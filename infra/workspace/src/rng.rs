//! Numbers that look random and can be had again.

/// A sequence of numbers that look random (SplitMix64).
#[derive(Clone, Debug)]
pub struct SeededRng(u64);

impl SeededRng {
    /// The sequence of this number.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number below `end`; 0 where that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end.max(1)
    }

    /// One of several.
    pub fn of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let index = self.below(all.len() as u64);
        all.get(usize::try_from(index).unwrap_or_default())
    }

    /// One of several, the first ones far more often than the last.
    pub fn skewed<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let (a, b) = (self.below(all.len() as u64), self.below(all.len() as u64));
        let index = a * b / (all.len() as u64).max(1);
        all.get(usize::try_from(index).unwrap_or_default())
    }
}

//! The share of a processor that a function has by its memory: calculated, not emulated.
//!
//! Lambda gives a whole virtual processor at 1,769 MB, and less in proportion; while a function
//! starts, a whole one. What is computed takes as much longer, what is waited for does not. The
//! processor is this machine's.

use super::{Figures, Taken, ms};
use oms_domain::Decimal;
use std::fmt::Write as _;

/// The memory at which a function has one virtual processor, in MB.
pub(crate) const WHOLE_MB: u64 = 1_769;
/// The sizes that are shown, in MB: the smallest, the middle, and a whole processor.
const SIZES_MB: [u64; 3] = [128, 512, WHOLE_MB];

/// How long something takes at a size, in ms: the processor's time at its share, and the rest of
/// the time as it was, which is waiting for the table of this machine.
pub(crate) fn at(taken: Taken, memory_mb: u64) -> Decimal {
    let waits = taken.wall.saturating_sub(taken.cpu);
    ms(taken.cpu) * slower(memory_mb) + ms(waits)
}

/// How much slower a function computes with so much memory than with a whole processor.
pub(crate) fn slower(memory_mb: u64) -> Decimal {
    Decimal::from(WHOLE_MB).checked_div(Decimal::from(memory_mb.min(WHOLE_MB))).unwrap_or(Decimal::ONE)
}

/// Each request at each size, warm, and as the first one after a start.
pub(super) fn of_a_processor(measured: &[(&str, Figures)]) -> String {
    let mut text = format!("\n{:26}", "ms, calculated, at MB");
    for kind in ["", "1st "] {
        for size in SIZES_MB {
            let _ = write!(text, " {:>9}", format!("{kind}{size}"));
        }
    }
    for (name, figures) in measured {
        let _ = write!(text, "\n{name:26}");
        for size in SIZES_MB {
            let _ = write!(text, " {:>9}", at(figures.warm, size).round_dp(1));
        }
        for size in SIZES_MB {
            // It starts with a whole processor, whatever its size.
            let first = at(figures.init, WHOLE_MB) + at(figures.first, size);
            let _ = write!(text, " {:>9}", first.round_dp(1));
        }
    }
    text + "\n"
}

//! How often what did not work is tried again: every policy of ours, on one page.
//!
//! Below these are the SDK's own retries of a request (`sdk`), above them the consumers' of a
//! record or a message (`template.yaml`: `MaximumRecordAgeInSeconds`, `maxReceiveCount`). Each loop
//! ends, and none pauses past the end of its invocation.

use crate::{deadline, ids};
use std::time::Duration;

/// A change that lost a race is decided again on what the winner left. A request may do so this
/// often.
pub const LOST_RACES: u32 = 8;

/// Likewise, of what a gateway has said about money, which has to be saved: more, since nobody asks
/// again who would not be told.
pub const LOST_RACES_WITH_MONEY: u32 = 20;

/// A batch that met an operator's lock on the counters; the stream brings it again after that.
pub const LOST_RACES_OF_COUNTERS: u32 = 5;

/// A write that met a transaction on the same item, or was throttled in one, has been refused
/// nothing: it is tried until it is done or its invocation has no more time, this often at most.
pub const BUSY: u32 = 40;

/// Reads of items that belong together, until they are all of one moment.
pub const TORN_READS: u32 = 5;

/// A note beside a save, without which its maker sees the change late: its pauses take some three
/// seconds together.
pub const NOTES: u32 = 8;

/// What a batch of reads or writes left out, because it was too much at a time: so often without
/// any of it being done.
pub const UNPROCESSED: u32 = 5;

/// An answer made of orders and counters of which some were counted in between.
pub const MOVED_WHILE_READ: u32 = 4;

/// Counters of a user's unpaid orders that moved while it was looked what the user has just paid:
/// more often than so many of their orders are on their way to them at once.
pub const MOVED_BEFORE_PLACING: u32 = 8;

/// A comparison of counters with orders that were counted in between.
pub const MOVED_WHILE_VERIFIED: u32 = 5;

/// A secret that is read while a function starts, which its service throttled or gave no answer of.
pub const SECRETS: u32 = 4;

/// Whether to try once more what met a transaction on the same item, or was throttled; waits
/// before. Not where that would take what is left of the invocation, which has to answer.
pub async fn while_busy(tries: &mut u32) -> bool {
    *tries += 1;
    if *tries >= BUSY || deadline::left() < LONGEST_BACKOFF {
        return false;
    }
    backoff(*tries).await;
    true
}

/// The longest that [`backoff`] waits.
const LONGEST_BACKOFF: Duration = Duration::from_millis(20 << 6);

/// Waits before another try: 20 ms doubled each time, 1.3 s at most, of which a random part is left
/// out, so that those who met do not meet again.
pub async fn backoff(tries: u32) {
    let longest_ms = 20_u64 << tries.min(6);
    let random = ids::random_uuid_v7().as_u64_pair().1;
    deadline::pause(Duration::from_millis(longest_ms / 2 + random % (longest_ms / 2))).await;
}

//! The only source of random ids.

use crate::simulated;
use uuid::{Builder, Uuid};

/// A fresh id that sorts by the time of its making.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where ids come from")]
pub fn random_uuid_v7() -> Uuid {
    let simulated = simulated::ask(|world| (world.now().as_millisecond(), world.random(), world.random()));
    match simulated {
        Some((now_ms, a, b)) => {
            let [a, b] = [a, b].map(u64::to_be_bytes);
            let random = [a[0], a[1], a[2], a[3], a[4], a[5], b[0], b[1], b[2], b[3]];
            Builder::from_unix_timestamp_millis(now_ms.unsigned_abs(), &random).into_uuid()
        }
        None => Uuid::now_v7(),
    }
}

/// What tells one save of one version of one order from another.
#[must_use]
pub fn random_token() -> u32 {
    // The last 32 bits of such an id are random.
    let [.., a, b, c, d] = random_uuid_v7().into_bytes();
    u32::from_be_bytes([a, b, c, d])
}

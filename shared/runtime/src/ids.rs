//! The only source of random ids.

use uuid::Uuid;

/// A fresh id that sorts by the time of its making.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is where ids come from")]
pub fn random_uuid_v7() -> Uuid {
    Uuid::now_v7()
}

/// What tells one save of one version of one order from another.
#[must_use]
pub fn random_token() -> u32 {
    // The last 32 bits of such an id are random.
    let [.., a, b, c, d] = random_uuid_v7().into_bytes();
    u32::from_be_bytes([a, b, c, d])
}

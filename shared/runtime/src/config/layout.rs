//! How the table is written.

use super::lookup::Lookup;
use super::{MAX_LIST_SHARDS, SCHEMA};

/// Into how many parts a list is split: that of all orders, or those of each store.
pub(super) fn list_shards(env: &mut Lookup<'_>, name: &'static str) -> u32 {
    env.parsed(name, 1, "a number from 1 to 64", |text| {
        text.parse().ok().filter(|shards| (1..=MAX_LIST_SHARDS).contains(shards))
    })
}

/// The shape in which items are written.
pub(super) fn write_schema(env: &mut Lookup<'_>) -> u32 {
    let expected = format!("a number from 1 to {SCHEMA}");
    env.parsed("WRITE_SCHEMA", SCHEMA, &expected, |text| {
        text.parse().ok().filter(|schema| (1..=SCHEMA).contains(schema))
    })
}

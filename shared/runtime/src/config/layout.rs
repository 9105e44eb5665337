//! How the table is written.

use super::lookup::Lookup;
use super::{MAX_LIST_SHARDS, MAX_STOCK_SHARDS, SCHEMA};

/// How many parts a list may have.
const PARTS: &str = "a number from 1 to 64";

/// Into how many parts the list of all orders is split.
pub(super) fn list_shards(env: &mut Lookup<'_>) -> u32 {
    env.parsed("LIST_SHARDS", 1, PARTS, parts)
}

/// Into how many parts the lists of each store are split.
pub(super) fn store_list_shards(env: &mut Lookup<'_>) -> u32 {
    env.parsed("STORE_LIST_SHARDS", 1, PARTS, parts)
}

/// Into how many parts at most a shelf is split.
pub(super) fn stock_shards(env: &mut Lookup<'_>) -> u32 {
    let expected = format!("a number from 1 to {MAX_STOCK_SHARDS}");
    env.parsed("STOCK_SHARDS", 1, &expected, |text| {
        text.parse().ok().filter(|shards| (1..=MAX_STOCK_SHARDS).contains(shards))
    })
}

fn parts(text: &str) -> Option<u32> {
    text.parse().ok().filter(|shards| (1..=MAX_LIST_SHARDS).contains(shards))
}

/// The shape in which items are written.
pub(super) fn write_schema(env: &mut Lookup<'_>) -> u32 {
    let expected = format!("a number from 1 to {SCHEMA}");
    env.parsed("WRITE_SCHEMA", SCHEMA, &expected, |text| {
        text.parse().ok().filter(|schema| (1..=SCHEMA).contains(schema))
    })
}

//! How the table is written.

use super::lookup::Lookup;
use super::{MAX_LIST_SHARDS, MAX_STOCK_SHARDS, SCHEMA};

/// Into how many parts the list of all orders is split.
pub(super) fn list_shards(env: &mut Lookup<'_>) -> u32 {
    env.parsed("LIST_SHARDS", 1, &number_to(MAX_LIST_SHARDS), up_to(MAX_LIST_SHARDS))
}

/// Into how many parts the lists of each store are split.
pub(super) fn store_list_shards(env: &mut Lookup<'_>) -> u32 {
    env.parsed("STORE_LIST_SHARDS", 1, &number_to(MAX_LIST_SHARDS), up_to(MAX_LIST_SHARDS))
}

/// Into how many parts at most a shelf is split.
pub(super) fn stock_shards(env: &mut Lookup<'_>) -> u32 {
    env.parsed("STOCK_SHARDS", 1, &number_to(MAX_STOCK_SHARDS), up_to(MAX_STOCK_SHARDS))
}

fn number_to(most: u32) -> String {
    format!("a number from 1 to {most}")
}

fn up_to(most: u32) -> impl Fn(&str) -> Option<u32> {
    move |text| text.parse().ok().filter(|number| (1..=most).contains(number))
}

/// The shape in which items are written.
pub(super) fn write_schema(env: &mut Lookup<'_>) -> u32 {
    env.parsed("WRITE_SCHEMA", SCHEMA, &number_to(SCHEMA), up_to(SCHEMA))
}

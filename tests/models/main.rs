//! Lists and counters against brute force: what the API says of random orders is what a model of it
//! says that filters, sorts and adds up all of them in memory, as plainly as it can.

#![cfg(test)]

mod cases;
mod catalog;
mod catalog_limits;
mod exactly_once;
mod items;
mod list_shards;
mod notifications;
mod orders;
mod own_catalogue;
mod own_changes;
mod paging;
mod pair_stats;
mod payments;
mod repairs;
mod restore;

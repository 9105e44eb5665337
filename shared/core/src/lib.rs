//! What the functions share: the table, HTTP, the payment gateway, configuration.

pub mod app;
pub mod bulk_updates;
pub mod bus;
pub mod catalog_lists;
pub mod endpoints;
pub mod freshness;
pub mod gateway;
pub mod health;
pub mod idempotency;
pub mod item_lists;
pub mod items;
pub mod kept;
pub mod money_moves;
pub mod order_lists;
pub mod orders;
pub mod payment_lists;
pub mod queue;
pub mod races;
pub mod request;
pub mod sorted;
pub mod statistics;
pub mod stream;
pub mod subscriptions;
pub mod unpaid;
pub mod verify;

#[cfg(test)]
use oms_runtime::config;
#[cfg(test)]
#[path = "../../runtime/src/testing.rs"]
#[expect(dead_code, reason = "other crates need the rest of it")]
mod testing;

//! What the functions share: the table, HTTP, the payment gateway, configuration.

pub mod app;
pub mod endpoints;
pub mod events;
pub mod health;
pub mod idempotency;
pub mod lists;
pub mod orders;
pub mod payments;
pub mod personal_data;
pub mod races;
pub mod request;
pub mod response_cache;
pub mod serve;
pub mod statistics;
pub mod system;

#[cfg(test)]
use oms_runtime::config;
#[cfg(test)]
#[path = "../../runtime/src/testing.rs"]
#[expect(dead_code, reason = "other crates need the rest of it")]
mod testing;

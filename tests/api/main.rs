//! The API as its clients know it: HTTP in, HTTP and SNS out, on the local stack.

mod actions;
mod addresses;
mod capacity;
mod catalog;
mod edits;
mod errors;
mod events;
mod idempotency;
mod invocations;
mod items;
mod life;
mod payments;
mod races;
mod repeats;
mod requests;
mod statistics;
mod versions;

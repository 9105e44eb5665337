//! The API as its clients know it: HTTP in, HTTP and SNS out, on the local stack.

mod actions;
mod addresses;
mod bulk;
mod bulk_jobs;
mod capacity;
mod catalog;
mod documentation;
mod edits;
mod errors;
mod events;
mod idempotency;
mod invocations;
mod items;
mod life;
mod operations;
mod paying;
mod payment_records;
mod payments;
mod races;
mod refunds;
mod repeats;
mod requests;
mod routes;
mod statistics;
mod versions;

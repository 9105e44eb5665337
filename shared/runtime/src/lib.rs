//! What every function runs on, whatever it does: its settings, the clock and fresh ids, clients of
//! AWS, the log, metrics, and the invocation in progress with its id, its end and what it has cost.

pub mod clock;
pub mod config;
pub mod cursor;
pub mod deadline;
pub mod ids;
pub mod invocation;
pub mod logging;
pub mod meter;
pub mod metrics;
pub mod retry;
pub mod sdk;
mod secrets;
pub mod simulated;
#[cfg(test)]
mod testing;

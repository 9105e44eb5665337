//! The whole system on one machine: cargo dev.

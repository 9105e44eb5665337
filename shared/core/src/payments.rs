//! Payments: what the gateway is asked, and what becomes of its answers.

pub mod gateway;
pub mod settlement;

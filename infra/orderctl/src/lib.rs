//! The operator's command line: one module a command, and what they share.

pub mod api;
pub mod cli;
pub mod counter_lock;
pub mod deploy_check;
pub mod doctor;
pub mod environment;
pub mod erase;
pub mod export;
pub mod import;
pub mod migrate;
mod progress;
pub mod rebuild;
mod record;
pub mod redrive;
pub mod reinstate;
mod resume;
pub mod seed;
pub mod smoke;
pub mod verify;

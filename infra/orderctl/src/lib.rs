//! The operator's command line: one module a command, and what they share.

pub mod counter_lock;
pub mod deploy_check;
pub mod environment;
pub mod erase;
mod progress;
pub mod rebuild;
pub mod redrive;
mod resume;
pub mod smoke;
pub mod verify;

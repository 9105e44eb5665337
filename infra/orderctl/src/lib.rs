//! The operator's command line: one module a command, and what they share.

pub mod deploy_check;
pub mod environment;
pub mod hold;
pub mod rebuild;
pub mod redrive;
pub mod smoke;
pub mod verify;

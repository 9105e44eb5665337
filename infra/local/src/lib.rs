//! The whole system on one machine: `cargo dev`.
//!
//! | part | what it is | where |
//! |---|---|---|
//! | tables and their streams | dynoxide, in this process, on a file | [`dynamodb`] |
//! | SNS, SQS, SES | ministack, a child process | [`ministack`] |
//! | the functions | real Lambda processes under `cargo lambda watch`, a child process | [`functions`], [`runtime`] |
//! | event source mappings | a poller of streams and queues with Lambda's semantics | [`event_sources`] |
//! | tokens | signed with a key of this machine | [`tokens`] |
//! | demo data | made through the HTTP API, like any client's | [`demo`] |
//!
//! All of it is derived from template.yaml ([`template`]), so that it cannot drift from what is deployed.
//! [`stack`] puts the parts together; [`guardian`] takes them down, however this process ends. Everything
//! binds to 127.0.0.1, unless `--bind` lets containers reach the table, SNS and SQS ([`containers`]). State lives in `.local/`: the table, the checkpoints of the streams, the logs, the
//! key of the tokens, and the virtual environment of the tools. Removing it is always safe while no stack runs.
//!
//! Known differences from AWS: reads are always consistent, transactions never conflict, a stream has one
//! shard, a queue's messages are worked off by one invocation at a time and come again a second after they
//! failed, and ministack forgets its topics' subscriptions and its queues' messages when it stops.

mod carried;
pub mod cli;
pub mod console;
pub mod containers;
pub mod demo;
pub mod dynamodb;
pub mod error;
pub mod event_sources;
pub mod functions;
pub mod gate;
pub mod guardian;
mod limits;
pub mod ministack;
pub mod places;
pub mod runtime;
pub mod scratch;
pub mod service;
pub mod stack;
pub mod summary;
pub mod template;
pub mod tokens;
pub mod tools;
pub mod workspace;

use std::path::{Path, PathBuf};

/// The checkout: the nearest directory above the current one that holds template.yaml, or else the one that
/// this program was built in.
pub fn root() -> PathBuf {
    let here = std::env::current_dir().unwrap_or_default();
    let above = here.ancestors().find(|directory| directory.join("template.yaml").exists());
    above.unwrap_or(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).to_owned()
}

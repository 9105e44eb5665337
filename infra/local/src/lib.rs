//! The whole system on one machine: `cargo dev`.
//!
//! | part | what it is | where |
//! |---|---|---|
//! | tables and their streams | dynoxide, in this process, on a file | [`dynamodb`] |
//! | SNS, SQS, SES | ministack, a child process | [`ministack`] |
//! | the functions | real Lambda processes under `cargo lambda watch`, a child process | [`functions`], [`runtime`] |
//! | event source mappings | a poller of streams and queues with Lambda's semantics | [`event_sources`] |
//! | tokens | signed with a key of this machine | [`oms_workspace::tokens`] |
//! | demo data | made through the HTTP API, like any client's | [`demo`] |
//!
//! All of it is derived from template.yaml ([`oms_workspace::template`]), so that it cannot drift
//! from what is deployed. [`cli`] says how it runs ([`options`]), [`stack`] puts the parts
//! together, and [`oms_workspace::guardian`] takes them down, however this process ends. Everything
//! binds to 127.0.0.1, unless `--bind` lets containers reach the table, SNS and SQS
//! ([`containers`]). State lives in `.local/`: the table, the checkpoints of the streams, the logs,
//! the key of the tokens, and the virtual environment of the tools. Removing it is always safe
//! while no stack runs.
//!
//! Known differences from AWS: reads are always consistent, a stream
//! has one shard, a queue's messages are worked off by one invocation at a time and come again a
//! second after they failed, and ministack forgets its topics' subscriptions and its queues'
//! messages when it stops.

pub mod addresses;
mod carried;
pub mod cli;
pub mod containers;
pub mod demo;
pub mod dynamodb;
pub mod event_sources;
pub mod functions;
pub mod gate;
mod limits;
pub mod ministack;
pub mod options;
pub mod runtime;
pub mod service;
pub mod stack;
pub mod summary;

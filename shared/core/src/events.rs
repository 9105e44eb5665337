//! What orders tell others: the stream of changes, the topic, the queue.

pub mod catching_up;
pub mod counting;
pub mod failures;
pub mod publishing;
pub mod queue;
pub mod stream;
pub mod subscriptions;
pub mod topic;

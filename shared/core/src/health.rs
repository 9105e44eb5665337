//! Whether what the functions depend on can be reached.

use crate::app::App;
use crate::events::queue::{NoQueue, Queue};
use oms_runtime::logging;
use std::time::Duration;

/// How long one look may take; the looks are made at the same time.
pub const LIMIT: Duration = Duration::from_secs(3);

/// Whether one thing could be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It answered.
    Ok,
    /// It refused, failed, or gave no answer in time.
    Unreachable,
    /// This deployment has none.
    NotConfigured,
}

impl Reach {
    /// The word that answers use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unreachable => "unreachable",
            Self::NotConfigured => "not_configured",
        }
    }
}

/// What could be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The table.
    pub table: Reach,
    /// The topic of events.
    pub topic: Reach,
    /// The queue of jobs.
    pub queue: Reach,
}

impl Reached {
    /// Whether nothing that is configured is out of reach.
    #[must_use]
    pub fn everything(self) -> bool {
        let Self { table, topic, queue } = self;
        [table, topic, queue].iter().all(|reach| *reach != Reach::Unreachable)
    }
}

impl App {
    /// Looks whether the table, the topic and the queue can be reached, within [`LIMIT`].
    pub async fn reach(&self) -> Reached {
        let bus = self.bus().ok();
        let topic = async {
            match bus {
                Some(bus) => look("topic", LIMIT, bus.reach()).await,
                None => Reach::NotConfigured,
            }
        };
        let jobs = Queue::from_config(self.config());
        let table = async { self.table().minimum_reader().await.map(drop) };
        let queue = async {
            match &jobs {
                Ok(jobs) => look("queue", LIMIT, jobs.reach()).await,
                Err(NoQueue) => Reach::NotConfigured,
            }
        };
        let (table, topic, queue) = futures::join!(look("table", LIMIT, table), topic, queue);
        Reached { table, topic, queue }
    }
}

async fn look<E: std::error::Error + 'static>(
    what: &'static str,
    limit: Duration,
    reaching: impl Future<Output = Result<(), E>>,
) -> Reach {
    match tokio::time::timeout(limit, reaching).await {
        Ok(Ok(())) => Reach::Ok,
        Ok(Err(error)) => {
            tracing::warn!(what, error = logging::chain(&error), "out of reach");
            Reach::Unreachable
        }
        Err(_) => {
            tracing::warn!(what, "out of reach: no answer in time");
            Reach::Unreachable
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_does_not_answer_or_fails_is_out_of_reach() {
        let limit = Duration::from_millis(10);
        let never = std::future::pending::<Result<(), std::fmt::Error>>();
        assert_eq!(look("table", limit, never).await, Reach::Unreachable);
        assert_eq!(look("table", limit, async { Err(std::fmt::Error) }).await, Reach::Unreachable);
        assert_eq!(look("table", limit, async { Ok::<_, std::fmt::Error>(()) }).await, Reach::Ok);
    }

    #[test]
    fn what_is_not_configured_is_not_missed() {
        let reached = |table, topic, queue| Reached { table, topic, queue }.everything();
        assert!(reached(Reach::Ok, Reach::NotConfigured, Reach::NotConfigured));
        assert!(!reached(Reach::Unreachable, Reach::Ok, Reach::Ok));
        assert!(!reached(Reach::Ok, Reach::Unreachable, Reach::Ok));
        assert!(!reached(Reach::Ok, Reach::Ok, Reach::Unreachable));
    }
}

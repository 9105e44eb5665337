//! What Lambda's event source mappings do, for the streams and queues of template.yaml.
//!
//! A queue is delivered one batch at a time. A stream is delivered as on AWS, where it has several
//! shards: four here, each in order and at the same time as the others, at least once. Filters,
//! batches, windows, lanes (`ParallelizationFactor`), retries with growing pauses, bisecting,
//! partial batch responses, maximum age, and the message to the failure queue are those of the
//! mapping's settings. The checkpoints of a stream are kept on disk, so that a restart goes on
//! where the last one stopped.
//!
//! Unlike on AWS, one reader reads a mapping's stream for all of its shards. Where one of these has
//! so much waiting that its lane is full (8 MiB, or 8,192 records), reading ends for all until it
//! has room again.

pub mod batch;
mod checkpoint;
mod delivery;
mod faults;
pub mod filter;
mod invoke;
mod lane;
mod on_failure;
pub mod queue;
pub mod shards;
pub mod stream;

pub use faults::Faults;

use std::path::PathBuf;
use std::time::Duration;

use dynoxide::Database;
use oms_workspace::console::say;
use oms_workspace::error::{Error, Result};
use oms_workspace::template::{Function, Source, SourceKind, System};

use crate::ministack::Messaging;
use invoke::Invoker;

/// How soon something new is noticed. Lambda looks four times a second; here tests wait for it.
const LOOK_EVERY: Duration = Duration::from_millis(40);
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the mappings work with.
#[derive(Clone)]
pub struct Pollers {
    /// The tables' streams.
    pub database: Database,
    /// The queues.
    pub messaging: Messaging,
    /// Where functions are invoked, `http://127.0.0.1:9000`.
    pub invoke_url: String,
    /// Where checkpoints are kept; `None` for nowhere.
    pub checkpoints: Option<PathBuf>,
    /// The most processes of one function.
    pub processes: usize,
    /// What is to go wrong; `None` for nothing.
    pub faults: Option<Faults>,
}

/// A mapping that is ready to run.
pub enum Poller {
    /// Of a table's stream.
    Stream(Box<stream::Stream>),
    /// Of a queue.
    Queue(Box<queue::QueuePoller>),
}

impl Pollers {
    /// Prepares every mapping of the system. Done before the functions run, so that a stream that
    /// is read from its end on misses nothing that they write.
    pub fn prepare(&self, system: &System) -> Result<Vec<Poller>> {
        let mappings = system
            .functions
            .iter()
            .flat_map(|function| function.sources.iter().map(move |source| (function, source)));
        let pollers = mappings.map(|(function, source)| self.one(system, function, source));
        pollers.filter_map(Result::transpose).collect()
    }

    /// A mapping; none of a table without a stream, as one that was restored has none.
    fn one(&self, system: &System, function: &Function, source: &Source) -> Result<Option<Poller>> {
        source.filters.iter().try_for_each(filter::check)?;
        let queue = |arn: &str| {
            let found = system.queues.iter().find(|queue| queue.arn == arn).cloned();
            found.ok_or_else(|| Error::Template(format!("there is no queue {arn}")))
        };
        let invoker = Invoker::new(&self.invoke_url, function, self.processes);
        let faults = self.faults.as_ref();
        Ok(Some(match &source.from {
            SourceKind::Queue(arn) => Poller::Queue(Box::new(queue::QueuePoller::new(
                self.messaging.clone(),
                invoker,
                source.clone(),
                queue(arn)?,
                faults.map(|faults| faults.of(&function.name)),
            ))),
            SourceKind::Stream(settings) => {
                let failures = settings.on_failure.as_deref().map(queue).transpose()?;
                match stream::Stream::open(self, invoker, source, settings, failures)? {
                    Some(stream) => Poller::Stream(Box::new(stream)),
                    None => {
                        say(format!(
                            "! {} hears of nothing: {} has no stream (`orderctl --local reinstate`, then start again)",
                            function.name, settings.table
                        ));
                        return Ok(None);
                    }
                }
            }
        }))
    }
}

impl Poller {
    /// Runs the mapping until something breaks that retrying cannot mend.
    pub async fn run(self) -> Error {
        match self {
            Self::Stream(stream) => stream.run().await,
            Self::Queue(queue) => queue.run().await,
        }
    }
}

/// How long to wait before the next attempt after so many failures.
fn pause(failures: u32) -> Duration {
    Duration::from_millis(100 << failures.min(6)).min(LONGEST_PAUSE)
}

/// FNV-1a, its halves folded into one another: the same in every run, and each bit of the text
/// tells.
fn hash(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ (hash >> 32)
}

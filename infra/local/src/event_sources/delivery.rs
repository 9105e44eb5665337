//! The delivery of one lane's records.

use std::sync::Arc;

use jiff::Timestamp;
use oms_workspace::console::say;
use oms_workspace::error::{Error, Result};
use oms_workspace::template::{Queue, Source, StreamSource};
use serde_json::json;

use super::batch::{Batch, Next, Policy, Verdict, verdict};
use super::checkpoint::Checkpoints;
use super::faults::Faults;
use super::invoke::{Invoker, Outcome};
use super::lane::{Outlet, Record};
use super::on_failure::InvocationRecord;
use super::pause;
use crate::ministack::Messaging;

/// What all lanes of a mapping share.
pub(super) struct Mapping {
    pub messaging: Messaging,
    pub invoker: Invoker,
    pub source: Source,
    pub settings: StreamSource,
    /// Hears of the records that were given up.
    pub failures: Option<Queue>,
    /// The stream's ARN, as on AWS.
    pub stream_arn: String,
    pub checkpoints: Checkpoints,
}

/// A lane, and where its records go.
pub(super) struct Delivery {
    pub mapping: Arc<Mapping>,
    pub lane: usize,
    /// The id of the shard that the lane belongs to.
    pub shard: String,
    pub records: Outlet,
    pub faults: Option<Faults>,
}

impl Delivery {
    /// Delivers what comes, until the disk fails or nothing will come any more.
    pub(super) async fn run(mut self) -> Error {
        let (most, window) = (self.mapping.source.batch_size, self.mapping.source.window);
        while let Some(records) = self.records.take(most, window).await {
            if let Err(error) = self.work_off(&records).await {
                return error;
            }
        }
        Error::Setup(format!("the reader of {} has stopped", self.mapping.stream_arn))
    }

    /// Delivers a batch, in pieces and repeatedly where it fails, until each record is done or
    /// given up.
    async fn work_off(&mut self, records: &[Record]) -> Result<()> {
        let mapping = Arc::clone(&self.mapping);
        let settings = &mapping.settings;
        let policy = Policy { bisect: settings.bisect, maximum_retries: settings.maximum_retries };
        let mut batch = Batch::new(records.len(), policy);
        while let Some(range) = batch.next() {
            let piece = &records[range.clone()];
            let expired = self.expired(piece);
            if expired > 0 {
                self.give_up(&piece[..expired], "RecordAgeExceeded", batch.failures()).await;
                batch.skip(expired);
            } else {
                let outcome = self.hand_over(range.start, piece).await;
                if outcome == Verdict::Done && self.faults.as_mut().is_some_and(Faults::repeats) {
                    continue;
                }
                match batch.note(&outcome) {
                    Next::GoOn => {}
                    Next::Retry(failures) => tokio::time::sleep(pause(failures)).await,
                    Next::GiveUp(range) => {
                        let retries = settings.maximum_retries.unwrap_or_default();
                        self.give_up(&records[range], "RetryAttemptsExhausted", retries.saturating_add(1))
                            .await;
                    }
                }
            }
            if let Some(last) = batch.finished_until().checked_sub(1) {
                mapping.checkpoints.finish(self.lane, records[last].number)?;
            }
        }
        Ok(())
    }

    async fn hand_over(&self, from: usize, piece: &[Record]) -> Verdict {
        let Mapping { invoker, source, .. } = &*self.mapping;
        let mut misses = 0;
        loop {
            let events: Vec<&str> = piece.iter().map(|record| record.event.as_str()).collect();
            let window = self.window(Timestamp::now());
            let event = format!(r#"{{"Records":[{}]{window}}}"#, events.join(","));
            match invoker.invoke(event).await {
                Outcome::Answered(answer) => {
                    let numbers: Vec<String> = piece.iter().map(|record| record.number.to_string()).collect();
                    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
                    return verdict(&answer, from, &numbers, source.reports_item_failures);
                }
                Outcome::Failed(error) => {
                    say(format!("! {} failed on {} records: {error}", invoker.function, piece.len()));
                    return Verdict::Failed;
                }
                // The runtime is being started again; if it cannot be, the whole stack ends.
                Outcome::NotReached(_) => {
                    misses += 1;
                    tokio::time::sleep(pause(misses)).await;
                }
            }
        }
    }

    /// What an event says of its tumbling window, where the mapping has one: which it is, whose,
    /// and what the ones before have left in it, which is nothing.
    fn window(&self, now: Timestamp) -> String {
        let Some(length) = self.mapping.settings.tumbling_window else { return String::new() };
        let length_s = i64::try_from(length.as_secs()).unwrap_or(i64::MAX).max(1);
        let start_s = now.as_second() - now.as_second().rem_euclid(length_s);
        let at = |second| Timestamp::from_second(second).unwrap_or(now).to_string();
        let properties = json!({
            "window": { "start": at(start_s), "end": at(start_s.saturating_add(length_s)) },
            "state": {},
            "shardId": self.shard,
            "eventSourceARN": self.mapping.stream_arn,
            "isFinalInvokeForWindow": false,
            "isWindowTerminatedEarly": false,
        });
        let properties = properties.to_string();
        // What stands between its braces.
        format!(",{}", properties.get(1..properties.len() - 1).unwrap_or_default())
    }

    fn expired(&self, piece: &[Record]) -> usize {
        let Some(maximum) = self.mapping.settings.maximum_age else {
            return 0;
        };
        let maximum_s = i64::try_from(maximum.as_secs()).unwrap_or(i64::MAX);
        let oldest_s = Timestamp::now().as_second().saturating_sub(maximum_s);
        piece.iter().take_while(|record| record.at_s < oldest_s).count()
    }

    /// Tells the failure queue about records that are not tried again.
    async fn give_up(&self, records: &[Record], condition: &str, attempts: u32) {
        let Mapping { invoker, messaging, failures, stream_arn, .. } = &*self.mapping;
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return;
        };
        say(format!(
            "! {}: {} records given up ({condition}), from {}",
            invoker.function,
            records.len(),
            first.number
        ));
        let Some(queue) = failures else { return };
        let message = InvocationRecord {
            function_arn: &invoker.arn(),
            stream_arn,
            shard: &self.shard,
            condition,
            attempts,
            records: records.len(),
            first: (&first.number.to_string(), first.at_s),
            last: (&last.number.to_string(), last.at_s),
        }
        .message();
        let send = json!({ "QueueUrl": queue.url, "MessageBody": message.to_string() });
        if let Err(error) = messaging.sqs("SendMessage", &send).await {
            say(format!("! the failure queue {} did not take it: {error}", queue.name));
        }
    }
}

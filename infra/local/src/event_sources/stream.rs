//! A mapping of a table's stream.

use std::time::Instant;

use dynoxide::Database;
use jiff::Timestamp;
use oms_workspace::console::say;
use oms_workspace::error::{Doing, Error, Result};
use oms_workspace::template::{ACCOUNT, Queue, REGION, Source, StreamSource};
use serde_json::{Value, json};

use super::batch::{Batch, Next, Policy, Verdict, verdict};
use super::checkpoint::Checkpoint;
use super::invoke::{Invoker, Outcome};
use super::on_failure::InvocationRecord;
use super::prefetch::{Prefetch, Record, Taken};
use super::{LOOK_EVERY, Pollers, filter, pause};
use crate::ministack::Messaging;

/// What one look at a stream reads at most, in records.
const READ: usize = 200;
/// About how many bytes of records one look reads. In memory they take some twenty times as much,
/// which the allocator keeps for each thread: a table of large items would hold gigabytes.
const READ_BYTES: usize = 2 * 1024 * 1024;
/// Where a record says when it was made.
const MADE_AT: &str = "ApproximateCreationDateTime";

/// A mapping of a table's stream; dynoxide's streams have one shard.
pub struct Stream {
    database: Database,
    messaging: Messaging,
    invoker: Invoker,
    source: Source,
    settings: StreamSource,
    failures: Option<Queue>,
    /// The stream's own ARN, by which the database knows it.
    stream: String,
    shard: String,
    checkpoint: Checkpoint,
    prefetch: Prefetch,
    /// How many records the next look reads.
    reach: usize,
    /// Since when the records that wait have been waiting for more.
    waiting_since: Option<Instant>,
}

impl Stream {
    /// Opens the stream, and takes up the checkpoint that an earlier run left.
    pub(super) fn open(
        pollers: &Pollers,
        invoker: Invoker,
        source: &Source,
        settings: &StreamSource,
        failures: Option<Queue>,
    ) -> Result<Self> {
        let doing = format!("opening the stream of {}", settings.table);
        let describe = serde_json::from_value(json!({ "TableName": settings.table })).doing(&doing)?;
        let table =
            serde_json::to_value(pollers.database.describe_table(describe).doing(&doing)?).doing(&doing)?;
        let stream = table["Table"]["LatestStreamArn"].as_str().unwrap_or_default().to_owned();
        let describe = serde_json::from_value(json!({ "StreamArn": stream })).doing(&doing)?;
        let description = pollers.database.describe_stream(describe).doing(&doing)?.stream_description;
        let shard = description.shards.into_iter().next().map(|shard| shard.shard_id).unwrap_or_default();
        let file = pollers
            .checkpoints
            .as_ref()
            .map(|directory| directory.join(format!("{}.json", invoker.function)));
        let mut mapping = Self {
            database: pollers.database.clone(),
            messaging: pollers.messaging.clone(),
            invoker,
            source: source.clone(),
            settings: settings.clone(),
            failures,
            checkpoint: Checkpoint::open(file, &stream),
            prefetch: Prefetch::default(),
            reach: 1,
            waiting_since: None,
            stream,
            shard,
        };
        if mapping.checkpoint.after().is_none() && !settings.from_the_beginning {
            let last = mapping.last_number()?;
            mapping.checkpoint.move_to(last)?;
        }
        Ok(mapping)
    }

    /// Hands over what comes, until the database or the disk fails.
    pub(super) async fn run(mut self) -> Error {
        loop {
            if let Err(error) = self.go_on().await {
                return error;
            }
        }
    }

    /// Hands one batch over, or waits for one.
    async fn go_on(&mut self) -> Result<()> {
        let is_more = self.prefetch.wanted() < self.source.batch_size && self.read_on()?;
        let wanted = self.prefetch.wanted();
        if wanted == 0 {
            let passed = self.prefetch.take(0).until;
            self.checkpoint.move_to(passed)?;
        } else {
            let waited = self.waiting_since.get_or_insert_with(Instant::now).elapsed();
            if wanted >= self.source.batch_size || waited >= self.source.window {
                self.waiting_since = None;
                let taken = self.prefetch.take(self.source.batch_size);
                return self.work_off(taken).await;
            }
        }
        if !is_more {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Reads on, and tells whether there may be more.
    fn read_on(&mut self) -> Result<bool> {
        let start = match self.prefetch.last().or(self.checkpoint.after()) {
            Some(number) => {
                json!({ "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": number })
            }
            None => json!({ "ShardIteratorType": "TRIM_HORIZON" }),
        };
        let read = self.read(start, self.reach)?;
        let is_more = read.len() == self.reach;
        let mut largest = 1;
        for record in read {
            let number = record.dynamodb.sequence_number.clone();
            let bytes = usize::try_from(record.dynamodb.size_bytes).unwrap_or_default();
            largest = largest.max(bytes);
            let event = self.event_of(serde_json::to_value(record).doing("reading a stream")?);
            let at_s = event["dynamodb"][MADE_AT].as_i64().unwrap_or_default();
            let passes = changes_something(&event) && filter::passes(&self.source.filters, &event);
            self.prefetch.push(if passes { Ok(Record { event, number, at_s, bytes }) } else { Err(number) });
        }
        self.reach = reach_of(largest, self.reach);
        Ok(is_more)
    }

    fn read(&self, mut start: Value, limit: usize) -> Result<Vec<dynoxide::actions::get_records::Record>> {
        let doing = "reading a stream";
        start["StreamArn"] = json!(self.stream);
        start["ShardId"] = json!(self.shard);
        let start = serde_json::from_value(start).doing(doing)?;
        let iterator = self.database.get_shard_iterator(start).doing(doing)?.shard_iterator;
        let request = json!({ "ShardIterator": iterator, "Limit": limit });
        Ok(self.database.get_records(serde_json::from_value(request).doing(doing)?).doing(doing)?.records)
    }

    fn last_number(&self) -> Result<Option<String>> {
        let describe =
            serde_json::from_value(json!({ "StreamArn": self.stream })).doing("reading a stream")?;
        let description = self.database.describe_stream(describe).doing("reading a stream")?;
        let description = serde_json::to_value(description.stream_description).doing("reading a stream")?;
        let range = &description["Shards"][0]["SequenceNumberRange"];
        Ok(range["EndingSequenceNumber"]
            .as_str()
            .or(range["StartingSequenceNumber"].as_str())
            .map(str::to_owned))
    }

    /// The record as Lambda hands it over.
    fn event_of(&self, mut record: Value) -> Value {
        let at_s = seconds(&record["dynamodb"][MADE_AT]);
        record["awsRegion"] = json!(REGION);
        record["eventSourceARN"] = json!(self.event_source_arn());
        record["dynamodb"][MADE_AT] = json!(at_s);
        record
    }

    fn event_source_arn(&self) -> String {
        let label = self.stream.rsplit('/').next().unwrap_or_default();
        format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{}/stream/{label}", self.settings.table)
    }

    /// Hands a batch over, in pieces and repeatedly where it fails, until each record is done or
    /// given up.
    async fn work_off(&mut self, taken: Taken) -> Result<()> {
        let records = taken.records;
        let policy = Policy { bisect: self.settings.bisect, maximum_retries: self.settings.maximum_retries };
        let mut batch = Batch::new(records.len(), policy);
        while let Some(range) = batch.next() {
            let piece = &records[range.clone()];
            let expired = self.expired(piece);
            if expired > 0 {
                self.give_up(&piece[..expired], "RecordAgeExceeded", batch.failures()).await;
                batch.skip(expired);
            } else {
                let outcome = self.hand_over(range.start, piece).await;
                match batch.note(&outcome) {
                    Next::GoOn => {}
                    Next::Retry(failures) => tokio::time::sleep(pause(failures)).await,
                    Next::GiveUp(range) => {
                        let retries = self.settings.maximum_retries.unwrap_or_default();
                        self.give_up(&records[range], "RetryAttemptsExhausted", retries.saturating_add(1))
                            .await;
                    }
                }
            }
            match batch.finished_until() {
                0 => {}
                until if until < records.len() => {
                    self.checkpoint.move_to(Some(records[until - 1].number.clone()))?
                }
                _ => self.checkpoint.move_to(taken.until.clone())?,
            }
        }
        Ok(())
    }

    async fn hand_over(&self, from: usize, piece: &[Record]) -> Verdict {
        let events: Vec<&Value> = piece.iter().map(|record| &record.event).collect();
        let event = json!({ "Records": events });
        let mut misses = 0;
        loop {
            match self.invoker.invoke(&event).await {
                Outcome::Answered(answer) => {
                    let numbers: Vec<&str> = piece.iter().map(|record| record.number.as_str()).collect();
                    return verdict(&answer, from, &numbers, self.source.reports_item_failures);
                }
                Outcome::Failed(error) => {
                    say(format!("! {} failed on {} records: {error}", self.invoker.function, piece.len()));
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

    fn expired(&self, piece: &[Record]) -> usize {
        let Some(maximum) = self.settings.maximum_age else {
            return 0;
        };
        let maximum_s = i64::try_from(maximum.as_secs()).unwrap_or(i64::MAX);
        let oldest_s = Timestamp::now().as_second().saturating_sub(maximum_s);
        piece.iter().take_while(|record| record.at_s < oldest_s).count()
    }

    /// Tells the failure queue about records that are not tried again.
    async fn give_up(&self, records: &[Record], condition: &str, attempts: u32) {
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return;
        };
        say(format!(
            "! {}: {} records given up ({condition}), from {}",
            self.invoker.function,
            records.len(),
            first.number
        ));
        let Some(queue) = &self.failures else { return };
        let message = InvocationRecord {
            function_arn: &self.invoker.arn(),
            stream_arn: &self.event_source_arn(),
            shard: &self.shard,
            condition,
            attempts,
            records: records.len(),
            first: (&first.number, first.at_s),
            last: (&last.number, last.at_s),
        }
        .message();
        let send = json!({ "QueueUrl": queue.url, "MessageBody": message.to_string() });
        if let Err(error) = self.messaging.sqs("SendMessage", &send).await {
            say(format!("! the failure queue {} did not take it: {error}", queue.name));
        }
    }
}

/// How many records the next look reads, by the largest of the last one; at most twice as many as
/// that.
fn reach_of(largest: usize, last: usize) -> usize {
    (READ_BYTES / largest.max(1)).clamp(1, READ).min(last * 2)
}

/// A put that writes what was there already: DynamoDB emits nothing for it, dynoxide does.
fn changes_something(event: &Value) -> bool {
    let change = &event["dynamodb"];
    event["eventName"] != "MODIFY" || change["OldImage"] != change["NewImage"] || change["NewImage"].is_null()
}

/// A time in whole seconds, as Lambda gives it; dynoxide writes `1700000000.0`.
fn seconds(time: &Value) -> i64 {
    let text = time.to_string();
    text.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_put_that_changes_nothing_is_dropped() {
        let event = |name: &str, old: Value, new: Value| json!({"eventName": name, "dynamodb": {"OldImage": old, "NewImage": new}});
        let image = json!({"pk": {"S": "a"}});
        assert!(!changes_something(&event("MODIFY", image.clone(), image.clone())));
        assert!(changes_something(&event(
            "MODIFY",
            image.clone(),
            json!({"pk": {"S": "a"}, "x": {"N": "1"}})
        )));
        assert!(changes_something(&event("INSERT", Value::Null, image)));
    }

    #[test]
    fn a_look_at_large_records_reads_few_of_them() {
        assert_eq!(reach_of(1, 1), 2);
        assert_eq!(reach_of(1_000, READ), READ);
        assert_eq!(reach_of(100_000, READ), 20);
        assert_eq!((reach_of(900_000, READ), reach_of(usize::MAX, READ)), (2, 1));
    }

    #[test]
    fn a_time_is_in_whole_seconds() {
        assert_eq!(seconds(&json!(1_700_000_000.0)), 1_700_000_000);
        assert_eq!(seconds(&json!(1_700_000_000)), 1_700_000_000);
    }
}

//! A mapping of a table's stream.

use std::sync::Arc;

use dynoxide::Database;
use oms_workspace::error::{Doing, Error, Result};
use oms_workspace::template::{ACCOUNT, Queue, REGION, Source, StreamSource};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::checkpoint::{Checkpoints, Position};
use super::delivery::{Delivery, Mapping};
use super::faults::Faults;
use super::invoke::Invoker;
use super::lane::{Inlet, Record, lane};
use super::shards::Shards;
use super::{LOOK_EVERY, Pollers, filter};

/// What one look at a stream reads at most, in records.
const READ: usize = 200;
/// About how many bytes of records one look reads. In memory they take some twenty times as much,
/// which the allocator keeps for each thread: a table of large items would hold gigabytes.
const READ_BYTES: usize = 2 * 1024 * 1024;
/// Where a record says when it was made.
const MADE_AT: &str = "ApproximateCreationDateTime";

/// A mapping of a table's stream.
pub struct Stream {
    reader: Reader,
    deliveries: Vec<Delivery>,
}

impl Stream {
    /// Opens the stream, if the table has one, and takes up the checkpoints that an earlier run
    /// left.
    pub(super) fn open(
        pollers: &Pollers,
        invoker: Invoker,
        source: &Source,
        settings: &StreamSource,
        failures: Option<Queue>,
    ) -> Result<Option<Self>> {
        let Some(stream) = DynamoStream::open(&pollers.database, &settings.table)? else {
            return Ok(None);
        };
        let shards = Shards::new(settings.parallelization_factor);
        let function = invoker.function.clone();
        let file = pollers.checkpoints.as_ref().map(|directory| directory.join(format!("{function}.json")));
        let checkpoints = Checkpoints::open(file, &stream.arn, shards.lanes());
        if checkpoints.read().is_none() && !settings.from_the_beginning {
            checkpoints.move_to(stream.last_number()?)?;
        }
        let mapping = Arc::new(Mapping {
            messaging: pollers.messaging.clone(),
            invoker,
            source: source.clone(),
            settings: settings.clone(),
            failures,
            stream_arn: stream.arn_on_aws(&settings.table),
            checkpoints,
        });
        let (inlets, outlets): (Vec<_>, Vec<_>) = (0..shards.lanes()).map(|_| lane()).unzip();
        let faults =
            |lane| pollers.faults.as_ref().map(|faults: &Faults| faults.of(&format!("{function} {lane}")));
        let deliveries = outlets.into_iter().enumerate().map(|(lane, records)| Delivery {
            mapping: Arc::clone(&mapping),
            lane,
            shard: shards.id_of(lane),
            records,
            faults: faults(lane),
        });
        let deliveries = deliveries.collect();
        Ok(Some(Self { reader: Reader { stream, mapping, shards, lanes: inlets, reach: 1 }, deliveries }))
    }

    /// Delivers what comes, until the database or the disk fails.
    pub(super) async fn run(self) -> Error {
        let mut tasks = JoinSet::new();
        tasks.spawn(self.reader.run());
        for delivery in self.deliveries {
            tasks.spawn(delivery.run());
        }
        match tasks.join_next().await {
            Some(Ok(error)) => error,
            ended => Error::Setup(format!("the delivery of a stream stopped: {ended:?}")),
        }
    }
}

/// The stream as the database has it: one shard.
struct DynamoStream {
    database: Database,
    arn: String,
    shard: String,
    /// The attribute that is the table's partition key.
    partition_key: String,
}

impl DynamoStream {
    fn open(database: &Database, table: &str) -> Result<Option<Self>> {
        let doing = format!("opening the stream of {table}");
        let describe = serde_json::from_value(json!({ "TableName": table })).doing(&doing)?;
        let described = database.describe_table(describe).doing(&doing)?;
        let described = serde_json::to_value(described).doing(&doing)?;
        let is_on = described["Table"]["StreamSpecification"]["StreamEnabled"] == true;
        let Some(arn) = described["Table"]["LatestStreamArn"].as_str().filter(|_| is_on) else {
            return Ok(None);
        };
        let arn = arn.to_owned();
        // The first of a key schema is the partition key.
        let partition_key = described["Table"]["KeySchema"][0]["AttributeName"].as_str();
        let partition_key = partition_key.unwrap_or_default().to_owned();
        let describe = serde_json::from_value(json!({ "StreamArn": arn })).doing(&doing)?;
        let description = database.describe_stream(describe).doing(&doing)?.stream_description;
        let shard = description.shards.into_iter().next().map(|shard| shard.shard_id).unwrap_or_default();
        Ok(Some(Self { database: database.clone(), arn, shard, partition_key }))
    }

    fn arn_on_aws(&self, table: &str) -> String {
        let label = self.arn.rsplit('/').next().unwrap_or_default();
        format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table}/stream/{label}")
    }

    /// So many records after a position.
    fn after(&self, position: Position, limit: usize) -> Result<Vec<dynoxide::actions::get_records::Record>> {
        let doing = "reading a stream";
        let mut start = match position {
            Some(number) => {
                json!({ "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": number.to_string() })
            }
            None => json!({ "ShardIteratorType": "TRIM_HORIZON" }),
        };
        start["StreamArn"] = json!(self.arn);
        start["ShardId"] = json!(self.shard);
        let start = serde_json::from_value(start).doing(doing)?;
        let iterator = self.database.get_shard_iterator(start).doing(doing)?.shard_iterator;
        let request = json!({ "ShardIterator": iterator, "Limit": limit });
        Ok(self.database.get_records(serde_json::from_value(request).doing(doing)?).doing(doing)?.records)
    }

    fn last_number(&self) -> Result<Position> {
        let doing = "reading a stream";
        let describe = serde_json::from_value(json!({ "StreamArn": self.arn })).doing(doing)?;
        let description = self.database.describe_stream(describe).doing(doing)?.stream_description;
        let description = serde_json::to_value(description).doing(doing)?;
        let range = &description["Shards"][0]["SequenceNumberRange"];
        let last = range["EndingSequenceNumber"].as_str().or(range["StartingSequenceNumber"].as_str());
        Ok(last.and_then(|number| number.parse().ok()))
    }
}

/// Reads a stream once for all of its lanes.
struct Reader {
    stream: DynamoStream,
    mapping: Arc<Mapping>,
    shards: Shards,
    lanes: Vec<Inlet>,
    /// How many records the next look reads.
    reach: usize,
}

impl Reader {
    /// Reads until the database or the disk fails.
    async fn run(mut self) -> Error {
        loop {
            match self.look().await {
                Ok(true) => {}
                Ok(false) => tokio::time::sleep(LOOK_EVERY).await,
                Err(error) => return error,
            }
        }
    }

    /// Puts what comes next into its lanes, and tells whether there may be more.
    async fn look(&mut self) -> Result<bool> {
        let checkpoints = &self.mapping.checkpoints;
        let mut position = checkpoints.read();
        let read = self.stream.after(position, self.reach)?;
        let is_more = read.len() == self.reach;
        let mut found: Vec<Vec<Record>> = self.lanes.iter().map(|_| Vec::new()).collect();
        let mut largest = 1;
        for record in read {
            largest = largest.max(usize::try_from(record.dynamodb.size_bytes).unwrap_or_default());
            let number = record.dynamodb.sequence_number.parse().doing("reading a stream")?;
            position = Some(number);
            let event = self.event_of(serde_json::to_value(record).doing("reading a stream")?);
            let lane = self.shards.lane_of(&event["dynamodb"]["Keys"][&self.stream.partition_key]);
            let passes = changes_something(&event) && filter::passes(&self.mapping.source.filters, &event);
            if passes && !checkpoints.has_passed(lane, number) {
                let at_s = event["dynamodb"][MADE_AT].as_i64().unwrap_or_default();
                found[lane].push(Record { event: event.to_string(), number, at_s });
            }
        }
        self.reach = reach_of(largest, self.reach);
        for (lane, records) in found.into_iter().enumerate() {
            if let Some(last) = records.last() {
                checkpoints.put(lane, last.number);
                self.lanes[lane].put(records).await;
            }
        }
        checkpoints.move_to(position)?;
        Ok(is_more)
    }

    /// The record as Lambda hands it over.
    fn event_of(&self, mut record: Value) -> Value {
        let at_s = seconds(&record["dynamodb"][MADE_AT]);
        record["awsRegion"] = json!(REGION);
        record["eventSourceARN"] = json!(self.mapping.stream_arn);
        record["dynamodb"][MADE_AT] = json!(at_s);
        record
    }
}

/// How many records the next look reads, by the largest of the last one; at most twice as many as
/// that.
fn reach_of(largest: usize, last: usize) -> usize {
    (READ_BYTES / largest.max(1)).clamp(1, READ).min(last * 2)
}

/// A put that writes what was there already: DynamoDB emits nothing for it, dynoxide does.
pub fn changes_something(event: &Value) -> bool {
    let change = &event["dynamodb"];
    event["eventName"] != "MODIFY" || change["OldImage"] != change["NewImage"] || change["NewImage"].is_null()
}

/// A time in whole seconds, as Lambda gives it; dynoxide writes `1700000000.0`.
fn seconds(time: &Value) -> i64 {
    let text = time.to_string();
    text.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;

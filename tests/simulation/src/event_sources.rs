//! Lambda's event source mappings: the table's stream in four shards for each of its consumers, and
//! the queue of the worker. At least once, in order within a shard, for as long as it takes.

use crate::functions::Functions;
use crate::services::{Message, Outages, Queues};
use crate::world::Chance;
use dynoxide::Database;
use oms_core::app::App;
use oms_core::events::failures::FailureQueue;
use oms_core::events::publishing::{CONSUMER, Publisher};
use oms_core::statistics::verify::STATS;
use oms_local::event_sources::filter;
use oms_local::event_sources::shards::Shards;
use oms_local::event_sources::stream::changes_something;
use oms_runtime::metrics::Metrics;
use oms_runtime::{clock, invocation};
use oms_workspace::report::Fault;
use oms_workspace::template::{Source, SourceKind, System};
use serde::Serialize;
use serde_json::{Value, json};
use stats_aggregator::Audits;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

/// How many records one look at the stream reads.
const READ: usize = 500;
/// How often of a thousand times a batch comes again after it was done.
const AGAIN_PER_MILLE: u64 = 60;
/// How many messages are worked off side by side.
const WORKERS: usize = 2;
/// How long a message stays away while it is worked off.
const VISIBILITY: Duration = Duration::from_secs(120);
/// How long a batch waits that failed, at first and at last.
const PAUSES_S: [u64; 5] = [1, 2, 5, 15, 60];

/// The figures of the process, which nobody reads here.
fn metrics() -> Result<Metrics, Fault> {
    static METRICS: OnceLock<Result<Metrics, String>> = OnceLock::new();
    let metrics =
        METRICS.get_or_init(|| Metrics::start("simulation", None).map_err(|error| error.to_string()));
    metrics.clone().map_err(Fault::from)
}

/// A consumer of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Consumer {
    Counts,
    Publishes,
}

impl Consumer {
    /// Its name in its watermarks.
    fn name(self) -> &'static str {
        match self {
            Consumer::Counts => STATS,
            Consumer::Publishes => CONSUMER,
        }
    }
}

/// One shard as one consumer reads it.
#[derive(Debug)]
struct Lane {
    consumer: Consumer,
    shard: String,
    batch_size: usize,
    filters: Vec<Value>,
    waiting: RefCell<VecDeque<Value>>,
    more: Notify,
}

/// All mappings.
#[derive(Debug)]
pub(crate) struct EventSources {
    lanes: Vec<(Shards, Vec<Rc<Lane>>)>,
    functions: Rc<Functions>,
    queues: Queues,
    chance: Chance,
    outages: Outages,
    busy: Cell<usize>,
    audits: Audits,
    /// Messages that were received too often.
    pub(crate) dead: RefCell<Vec<Message>>,
    most_receives: u32,
}

impl EventSources {
    /// The mappings of template.yaml.
    #[must_use]
    pub(crate) fn new(
        system: &System,
        functions: Rc<Functions>,
        queues: Queues,
        chance: Chance,
        outages: Outages,
    ) -> Self {
        let sources = system.functions.iter().flat_map(|function| {
            let streams = function.sources.iter().filter_map(|source| match &source.from {
                SourceKind::Stream(settings) => Some((source, settings.parallelization_factor)),
                SourceKind::Queue(_) => None,
            });
            streams.map(move |(source, factor)| (function.name.as_str(), source, Shards::new(factor)))
        });
        let of_shards = |(name, source, shards): (&str, &Source, Shards)| {
            let consumer = if name == "stats-aggregator" { Consumer::Counts } else { Consumer::Publishes };
            let lane = |lane| {
                Rc::new(Lane {
                    consumer,
                    shard: shards.id_of(lane),
                    batch_size: source.batch_size,
                    filters: source.filters.clone(),
                    waiting: RefCell::default(),
                    more: Notify::new(),
                })
            };
            (shards, (0..shards.lanes()).map(lane).collect())
        };
        let redrives = system.queues.iter().filter_map(|queue| queue.attributes.get("RedrivePolicy"));
        let policy: Option<Value> =
            redrives.map(|policy| serde_json::from_str(policy).unwrap_or_default()).next();
        let most = policy.and_then(|policy| policy["maxReceiveCount"].as_u64()).unwrap_or(10);
        Self {
            lanes: sources.map(of_shards).collect(),
            functions,
            queues,
            chance,
            outages,
            busy: Cell::new(0),
            audits: Audits::default(),
            dead: RefCell::default(),
            most_receives: u32::try_from(most).unwrap_or(u32::MAX),
        }
    }

    fn all_lanes(&self) -> impl Iterator<Item = &Rc<Lane>> {
        self.lanes.iter().flat_map(|(_, lanes)| lanes)
    }

    /// Whether there is nothing to hand over but what waits for its time.
    #[must_use]
    pub(crate) fn is_idle(&self) -> bool {
        let is_empty = |lane: &Rc<Lane>| lane.waiting.borrow().is_empty();
        self.busy.get() == 0 && self.all_lanes().all(is_empty)
    }

    /// Hands over what comes until the simulation ends.
    pub(crate) fn begin(self: &Rc<Self>, database: Database, written: Arc<Notify>) {
        let this = Rc::clone(self);
        tokio::task::spawn_local(async move { this.read(&database, &written).await });
        for lane in self.all_lanes() {
            let (this, lane) = (Rc::clone(self), Rc::clone(lane));
            tokio::task::spawn_local(async move { this.deliver(&lane).await });
        }
        for _ in 0..WORKERS {
            let this = Rc::clone(self);
            tokio::task::spawn_local(async move { this.work().await });
        }
    }

    /// Reads the stream and sorts its records into the shards.
    async fn read(&self, database: &Database, written: &Notify) {
        let arn =
            database.list_streams(of(&json!({}))).ok().map(|streams| json(&streams)["Streams"][0].clone());
        let arn = arn.unwrap_or_default()["StreamArn"].clone();
        let stream = database.describe_stream(of(&json!({ "StreamArn": arn })));
        let shard = stream.map(|stream| json(&stream)["StreamDescription"]["Shards"][0]["ShardId"].clone());
        let shard = shard.unwrap_or_default();
        let mut last: Option<Value> = None;
        loop {
            let start = match &last {
                Some(last) => json!({ "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last,
                    "StreamArn": arn, "ShardId": shard }),
                None => json!({ "ShardIteratorType": "TRIM_HORIZON", "StreamArn": arn, "ShardId": shard }),
            };
            let iterator = database.get_shard_iterator(of(&start)).map(|answer| json(&answer));
            let iterator = iterator.unwrap_or_default()["ShardIterator"].clone();
            let read = database.get_records(of(&json!({ "ShardIterator": iterator, "Limit": READ })));
            let records = read.map(|answer| json(&answer)["Records"].clone()).unwrap_or_default();
            let records = records.as_array().cloned().unwrap_or_default();
            if records.is_empty() {
                written.notified().await;
                continue;
            }
            for record in records {
                last = Some(record["dynamodb"]["SequenceNumber"].clone());
                self.sort_in(record);
            }
        }
    }

    fn sort_in(&self, mut record: Value) {
        if !changes_something(&record) {
            return;
        }
        record["dynamodb"]["ApproximateCreationDateTime"] = json!(clock::now().as_second());
        record["awsRegion"] = json!("us-east-1");
        for (shards, lanes) in &self.lanes {
            let lane = lanes.get(shards.lane_of(&record["dynamodb"]["Keys"]["pk"]));
            if let Some(lane) = lane.filter(|lane| filter::passes(&lane.filters, &record)) {
                lane.waiting.borrow_mut().push_back(record.clone());
                lane.more.notify_one();
            }
        }
    }

    /// Hands over what is in one shard.
    async fn deliver(&self, lane: &Lane) {
        let mut app = None;
        let mut failures = 0;
        loop {
            let batch: Vec<Value> = lane.waiting.borrow().iter().take(lane.batch_size).cloned().collect();
            if batch.is_empty() {
                lane.more.notified().await;
                // What comes at once goes together.
                tokio::time::sleep(Duration::from_millis(self.chance.below(300))).await;
                continue;
            }
            let done = self.hand_over(lane, &mut app, &batch).await;
            let again = done == batch.len() && self.outages.happens("batch again", AGAIN_PER_MILLE);
            if !again {
                lane.waiting.borrow_mut().drain(..done);
            }
            if done == batch.len() {
                failures = 0;
            } else {
                let pause = PAUSES_S.get(failures).or(PAUSES_S.last()).copied().unwrap_or_default();
                failures += 1;
                tokio::time::sleep(Duration::from_secs(pause)).await;
            }
        }
    }

    /// Invokes a consumer; how many records of the batch are done, from its beginning.
    async fn hand_over(&self, lane: &Lane, app: &mut Option<App>, batch: &[Value]) -> usize {
        let name = match lane.consumer {
            Consumer::Counts => "stats-aggregator",
            Consumer::Publishes => "notification-publisher",
        };
        let instance = match app.take().map_or_else(|| self.functions.app(name), Ok) {
            Ok(instance) => instance,
            Err(error) => panic!("{name} does not start: {error}"),
        };
        let timeout = self.functions.timeout(name);
        let context = self.functions.context(timeout);
        let consumed = invocation::run(&context, consume(lane, instance.clone(), &self.audits, batch));
        let Some(failed) = self.functions.alive(timeout, consumed).await else { return 0 };
        *app = Some(instance);
        let is_done = |record: &Value| {
            let number = record["dynamodb"]["SequenceNumber"].as_str().unwrap_or_default();
            !failed.contains(number)
        };
        batch.iter().take_while(|record| is_done(record)).count()
    }

    /// Works off messages, one after the other.
    async fn work(&self) {
        let mut app = None;
        loop {
            match self.receive() {
                Ok(message) => {
                    self.busy.set(self.busy.get() + 1);
                    let is_done = self.work_off(&mut app, &message).await;
                    if is_done && !self.outages.happens("message again", AGAIN_PER_MILLE) {
                        self.queues.messages().retain(|one| one.id != message.id);
                    }
                    self.busy.set(self.busy.get() - 1);
                }
                Err(Some(next)) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(next) => {}
                        () = self.queues.sent.notified() => {}
                    }
                }
                Err(None) => self.queues.sent.notified().await,
            }
        }
    }

    /// The next message that is visible, or when one will be.
    fn receive(&self) -> Result<Message, Option<Instant>> {
        let mut messages = self.queues.messages();
        let now = Instant::now();
        let index = messages.iter().position(|message| message.visible <= now);
        let Some(index) = index else { return Err(messages.iter().map(|message| message.visible).min()) };
        if messages[index].received >= self.most_receives {
            self.dead.borrow_mut().push(messages.remove(index));
            return Err(Some(now));
        }
        messages[index].received += 1;
        messages[index].visible = now + VISIBILITY;
        Ok(messages[index].clone())
    }

    async fn work_off(&self, app: &mut Option<App>, message: &Message) -> bool {
        let name = "job-worker";
        let instance = match app.take().map_or_else(|| self.functions.app(name), Ok) {
            Ok(instance) => instance,
            Err(error) => panic!("{name} does not start: {error}"),
        };
        let metrics = metrics().unwrap_or_else(|error| panic!("no metrics: {error}"));
        let worker = job_worker::Worker::new(instance.clone(), metrics);
        let Ok(worker) = worker else { panic!("no queue for {name}") };
        let timeout = self.functions.timeout(name);
        let context = self.functions.context(timeout);
        let event = json!({ "Records": [{ "messageId": message.id.to_string(), "body": message.body,
            "attributes": { "ApproximateReceiveCount": message.received.to_string() },
            "messageAttributes": {} }] });
        let worked = invocation::run(&context, job_worker::consume(&worker, of(&event)));
        let Some(response) = self.functions.alive(timeout, worked).await else { return false };
        *app = Some(instance);
        json(&response)["batchItemFailures"].as_array().is_none_or(Vec::is_empty)
    }
}

/// The numbers of the records that could not be consumed.
async fn consume(lane: &Lane, app: App, audits: &Audits, batch: &[Value]) -> BTreeSet<String> {
    let event = json!({ "Records": batch, "shardId": lane.shard });
    let metrics = match metrics() {
        Ok(metrics) => metrics,
        Err(error) => panic!("no metrics: {error}"),
    };
    let failures = match FailureQueue::from_config(app.config(), lane.consumer.name()) {
        Ok(failures) => failures,
        Err(error) => panic!("no failure queue: {error}"),
    };
    let response = match lane.consumer {
        Consumer::Counts => {
            json(&stats_aggregator::consume(&app, &failures, metrics, audits, of(&event)).await)
        }
        Consumer::Publishes => match Publisher::new(app, metrics) {
            Ok(publisher) => json(&notification_publisher::consume(&publisher, &failures, of(&event)).await),
            Err(error) => panic!("the publisher does not start: {error}"),
        },
    };
    let failures = response["batchItemFailures"].as_array().into_iter().flatten();
    failures.filter_map(|failure| failure["itemIdentifier"].as_str()).map(str::to_owned).collect()
}

/// A request of the emulator, or an event, from JSON that is known to be one.
fn of<T: serde::de::DeserializeOwned>(json: &Value) -> T {
    match serde_json::from_value(json.clone()) {
        Ok(read) => read,
        Err(error) => panic!("{json} cannot be read: {error}"),
    }
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

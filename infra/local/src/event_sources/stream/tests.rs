use super::*;
use crate::ministack::Messaging;
use axum::extract::State;
use axum::{Json, Router};
use oms_workspace::scratch::Scratch;
use oms_workspace::template::{Function, SourceKind};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A function that takes its time, and notes what it is handed.
#[derive(Default)]
struct Taken {
    /// The numbers of the things of each key, in the order in which they were done.
    things: Mutex<BTreeMap<String, Vec<u64>>>,
    at_work: Mutex<usize>,
    most_at_work: Mutex<usize>,
    /// The key that it fails on, if any.
    poison: Mutex<Option<String>>,
}

const WORK: Duration = Duration::from_millis(30);

async fn take(State(taken): State<Arc<Taken>>, Json(event): Json<Value>) -> Json<Value> {
    {
        let mut at_work = taken.at_work.lock().unwrap();
        *at_work += 1;
        let mut most = taken.most_at_work.lock().unwrap();
        *most = (*most).max(*at_work);
    }
    tokio::time::sleep(WORK).await;
    *taken.at_work.lock().unwrap() -= 1;
    let poison = taken.poison.lock().unwrap().clone();
    for record in event["Records"].as_array().unwrap() {
        let image = &record["dynamodb"]["NewImage"];
        let key = image["pk"]["S"].as_str().unwrap().to_owned();
        if poison.as_ref() == Some(&key) {
            let number = &record["dynamodb"]["SequenceNumber"];
            return Json(json!({ "batchItemFailures": [{ "itemIdentifier": number }] }));
        }
        let number = image["n"]["N"].as_str().unwrap().parse().unwrap();
        taken.things.lock().unwrap().entry(key).or_default().push(number);
    }
    Json(json!({ "batchItemFailures": [] }))
}

/// A table with a stream, and a function that reads it.
struct World {
    pollers: Pollers,
    taken: Arc<Taken>,
    source: Source,
}

const KEYS: u64 = 12;

impl World {
    async fn new(checkpoints: Option<&Path>) -> Self {
        let taken = Arc::new(Taken::default());
        let router = Router::new().fallback(axum::routing::post(take)).with_state(Arc::clone(&taken));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let database = Database::memory().unwrap();
        let table = json!({
            "TableName": "things",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        });
        database.create_table(serde_json::from_value(table).unwrap()).unwrap();
        let settings = StreamSource {
            table: "things".to_owned(),
            from_the_beginning: true,
            parallelization_factor: 1,
            tumbling_window: None,
            bisect: true,
            maximum_retries: None,
            maximum_age: None,
            on_failure: None,
        };
        let source = Source {
            from: SourceKind::Stream(settings),
            batch_size: 10,
            window: Duration::ZERO,
            filters: Vec::new(),
            reports_item_failures: true,
        };
        let pollers = Pollers {
            database,
            messaging: Messaging::at(&url),
            invoke_url: url,
            checkpoints: checkpoints.map(Path::to_owned),
            processes: 16,
            faults: None,
        };
        Self { pollers, taken, source }
    }

    /// Writes things of each key, with the numbers of a range.
    fn write(&self, numbers: std::ops::Range<u64>) {
        for number in numbers {
            for key in 0..KEYS {
                let item = json!({ "pk": { "S": format!("ORDER#{key}") }, "n": { "N": number.to_string() } });
                let put = json!({ "TableName": "things", "Item": item });
                self.pollers.database.put_item(serde_json::from_value(put).unwrap()).unwrap();
            }
        }
    }

    fn stream(&self) -> Stream {
        let function = Function {
            id: "F".to_owned(),
            name: "f".to_owned(),
            timeout: Duration::from_secs(5),
            ..Function::default()
        };
        let SourceKind::Stream(settings) = &self.source.from else { panic!("a stream") };
        let invoker = Invoker::new(&self.pollers.invoke_url, &function, self.pollers.processes);
        Stream::open(&self.pollers, invoker, &self.source, settings, None).unwrap().expect("it has a stream")
    }

    /// Delivers until the function has got the last thing of each key whose shard is not held up.
    async fn deliver(&self, last: u64) -> HashMap<String, Vec<u64>> {
        let running = tokio::spawn(self.stream().run());
        let began = Instant::now();
        let poison = self.taken.poison.lock().unwrap().clone();
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let things: HashMap<_, _> = self.taken.things.lock().unwrap().clone().into_iter().collect();
            let keys = (0..KEYS).map(|key| format!("ORDER#{key}")).filter(|key| Some(key) != poison.as_ref());
            let shard = |key: &String| Shards::new(1).lane_of(&json!({ "S": key }));
            let blocked = poison.as_ref().map(shard);
            let mut free = keys.filter(|key| Some(shard(key)) != blocked);
            if free.all(|key| things.get(&key).is_some_and(|things| things.last() == Some(&last))) {
                // What has been answered for is noted.
                tokio::time::sleep(WORK * 2).await;
                running.abort();
                return things;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{things:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_shards_are_delivered_at_the_same_time_and_each_key_in_order() {
    for (factor, processes, most) in [(1, 16, 4), (2, 16, 8), (2, 1, 1)] {
        let mut world = World::new(None).await;
        let SourceKind::Stream(settings) = &mut world.source.from else { panic!("a stream") };
        settings.parallelization_factor = factor;
        world.pollers.processes = processes;
        world.write(0..20);
        let things = world.deliver(19).await;
        assert!(things.values().all(|things| things.iter().copied().eq(0..20)), "{things:?}");
        let found = *world.taken.most_at_work.lock().unwrap();
        assert!(found <= most && (most == 1 || found > 1), "{found} at once with {factor}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_fails_blocks_its_shard_alone_and_a_restart_goes_on_there() {
    let scratch = Scratch::new().unwrap();
    let world = World::new(Some(scratch.path())).await;
    *world.taken.poison.lock().unwrap() = Some("ORDER#1".to_owned());
    world.write(0..3);
    let things = world.deliver(2).await;
    assert!(!things.contains_key("ORDER#1"), "{things:?}");
    *world.taken.poison.lock().unwrap() = None;
    let things = world.deliver(2).await;
    let shard = |key: &str| Shards::new(1).lane_of(&json!({ "S": key }));
    for (key, things) in &things {
        // Those of the shard may have come again, but all in order.
        let last = things.iter().rev().take(3).rev().copied();
        assert!(last.eq(0..3) && (things.len() == 3 || shard(key) == shard("ORDER#1")), "{things:?}");
    }
    assert_eq!(things.len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_faults_batches_come_again_and_none_gets_lost() {
    let mut world = World::new(None).await;
    world.pollers.faults = Some(Faults::new(7));
    world.source.batch_size = 1;
    world.write(0..10);
    let mut things = world.deliver(9).await;
    let delivered: usize = things.values().map(Vec::len).sum();
    things.values_mut().for_each(Vec::dedup);
    assert!(things.values().all(|things| things.iter().copied().eq(0..10)), "{things:?}");
    assert!(delivered > 120, "{delivered}");
}

#[test]
fn a_put_that_changes_nothing_is_dropped() {
    let event = |name: &str, old: Value, new: Value| json!({"eventName": name, "dynamodb": {"OldImage": old, "NewImage": new}});
    let image = json!({"pk": {"S": "a"}});
    assert!(!changes_something(&event("MODIFY", image.clone(), image.clone())));
    assert!(changes_something(&event("MODIFY", image.clone(), json!({"pk": {"S": "a"}, "x": {"N": "1"}}))));
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

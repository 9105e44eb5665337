//! How many orders a second the statistics' consumer, or a single variant, can take, where a call
//! of the table takes its time: on the clock that jumps, so that the machine's own speed does not
//! matter. What functions themselves compute takes no time here; `bench consumer` measures what
//! the consumer does.

pub mod shelf;

use crate::functions::Functions;
use crate::services::{Outages, Queues, Topic};
use crate::world::{Chance, Network, World};
use crate::{STACK_BYTES, on_a_clock_of_its_own, shared};
use dynoxide::Database;
use jiff::SignedDuration;
use oms_core::events::counting;
use oms_domain::Order;
use oms_harness::{OrderGenerator, arrived};
use oms_local::dynamodb::request_router::{Conduct, RequestRouter};
use oms_runtime::{clock, simulated};
use oms_table::counters::stream_position::Shard;
use oms_table::orders::Save;
use oms_workspace::report::Fault;
use orderctl::verify;
use std::rc::Rc;
use std::sync::Arc;
use tokio::time::{Duration, Instant};

/// How long a call takes, each way.
const EACH_WAY: Duration = Duration::from_millis(4);
/// How long a transaction holds its items beside that.
const TRANSACTION: Duration = Duration::from_millis(17);
/// How many customers order.
const USERS: u64 = 1_000;
/// How many records a batch has at most.
const BATCH: usize = 100;

/// What is put upon the consumer.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// How many shards the stream has.
    pub shards: usize,
    /// How many stores sell.
    pub stores: u64,
    /// How many orders live.
    pub orders: u64,
}

/// What the consumer did of it.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    /// How many changes that were.
    pub changes: u64,
    /// How long it took, by the clock that jumps.
    pub took: Duration,
    /// How many batches came again.
    pub again: u64,
    /// How many calls met a transaction.
    pub conflicts: u64,
    /// Whether the statistics are the fold of the logs.
    pub adds_up: bool,
}

/// Has the consumer fold all changes of so many orders, each shard one batch after the other and
/// all of them side by side.
///
/// # Errors
/// Where it cannot be run.
pub fn consumer(load: Load) -> Result<Taken, Fault> {
    of_its_own(load.orders, move || fold(load))
}

/// Runs it on a thread and a clock of its own.
fn of_its_own<T, F>(seed: u64, work: impl FnOnce() -> F + Send + 'static) -> Result<T, Fault>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Fault>>,
{
    let work = move || on_a_clock_of_its_own(seed, work()).map_err(|error| error.to_string());
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work)?;
    Ok(thread.join().map_err(|_| "it panicked")??)
}

/// The functions, and a table that is new, where nothing goes wrong, while what is returned last is
/// kept.
fn system(seed: u64, each_way: Duration) -> Result<(Functions, Arc<RequestRouter>, impl Drop), Fault> {
    let system = &shared()?.system;
    let database = Database::memory()?;
    for table in &system.tables {
        database.create_table(serde_json::from_value(table.definition.clone())?)?;
    }
    let chance = Chance::new(seed);
    let conduct = Conduct { transaction: TRANSACTION, ..Conduct::default() };
    let router = RequestRouter::new(database, system, conduct)?;
    let outages = Outages::new(chance.clone());
    let (queues, topic) = (Queues::new(outages.clone()), Topic::new(outages.clone()));
    let network = Network::new(Arc::clone(&router), queues, topic, chance.clone()).steady(each_way);
    let stay = simulated::enter(Rc::new(World::new(chance.clone(), network)));
    Ok((Functions::new(system, chance, outages), router, stay))
}

async fn fold(load: Load) -> Result<Taken, Fault> {
    let (functions, router, _stay) = system(load.orders, EACH_WAY)?;
    let app = functions.operator()?;

    let since = clock::now() - SignedDuration::from_hours(24 * 30);
    let generator = OrderGenerator::new(USERS, load.stores, since, SignedDuration::from_mins(1));
    let orders = (0..load.orders).map(|number| generator.order(number)).collect::<Result<Vec<_>, _>>()?;
    for order in &orders {
        app.table().save(Save::only(order, None)).await?;
    }
    let began = Instant::now();
    let shards = (0..load.shards).map(|number| {
        let records = records(&orders, |order| in_shard(order, load.shards) == number);
        let (app, shard) = (&app, Shard::new(&format!("shardId-{number:08}")));
        async move {
            let (mut done, mut again) = (0, 0);
            while done < records.len() {
                let batch = &records[done..records.len().min(done + BATCH)];
                match counting::apply(app, None, Some(&shard), arrived(batch, done as u64 + 1))
                    .await
                    .is_empty()
                {
                    true => done += batch.len(),
                    false => again += 1,
                }
            }
            (records.len() as u64, again)
        }
    });
    let folded = futures::future::join_all(shards).await;
    let took = began.elapsed();
    let conflicts = router.conflicts();
    let verified = verify::run(&app, None).await?;
    Ok(Taken {
        changes: folded.iter().map(|(changes, _)| changes).sum(),
        took,
        again: folded.iter().map(|(_, again)| again).sum(),
        conflicts,
        adds_up: verified.is_well,
    })
}

fn in_shard(order: &Order, shards: usize) -> usize {
    usize::try_from((order.id.0.as_u128() >> 16) % shards.max(1) as u128).unwrap_or_default()
}

/// The changes of some orders that are all on their way at the same time: the first of each, then
/// the second.
fn records(orders: &[Order], is_of_shard: impl Fn(&Order) -> bool) -> Vec<Order> {
    let orders: Vec<&Order> = orders.iter().filter(|order| is_of_shard(order)).collect();
    let versions = orders.iter().map(|order| order.version).max().unwrap_or(0);
    let of_version = |version| {
        orders.iter().filter_map(move |order| order.as_of(version).filter(|_| version <= order.version))
    };
    (1..=versions).flat_map(of_version).collect()
}

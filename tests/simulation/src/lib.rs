//! The whole system in one process: the functions' routers and consumers, on a table as strict as
//! DynamoDB, a stream of four shards, a queue and a topic; on a clock that jumps, with everything
//! random from one number. Customers, vendors and staff act while answers get lost, functions are
//! killed, and much more; afterwards money, stock, statistics, lists and events must be right.
//!
//! The code that runs is the code that is deployed: [`oms_runtime::simulated`] puts in another
//! clock, other numbers, and a network below the SDK. The same number gives the same run.

pub mod ceiling;
mod checks;
mod event_sources;
mod functions;
mod people;
mod services;
mod world;

use crate::checks::Checks;
use crate::event_sources::EventSources;
use crate::functions::Functions;
use crate::people::People;
use crate::services::{Outages, Queues, Topic};
use crate::world::{Chance, Network, SQS, World};
use dynoxide::Database;
use oms_local::dynamodb::faults::Faults;
use oms_local::dynamodb::request_router::{Conduct, RequestRouter};
use oms_runtime::config::SCHEMA;
use oms_runtime::simulated;
use oms_workspace::report::Fault;
use oms_workspace::scratch::Scratch;
use oms_workspace::template::System;
use oms_workspace::tokens::Issuer;
use orderctl::migrate::{self, Migrate};
use orderctl::rebuild::Rebuild;
use orderctl::{rebuild, verify};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::Duration;

/// What a thread of debug builds needs.
const STACK_BYTES: usize = 64 * 1024 * 1024;
/// How often it is looked whether everything has come to rest, and after what time.
const LOOKS: u32 = 1_500;
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// How many orders of a customer may be unpaid.
const MAX_UNPAID_ORDERS: usize = 3;

/// What a run was like.
#[derive(Debug)]
pub struct Run {
    /// What went against the rules; nothing in a good run.
    pub wrong: Vec<String>,
    /// How often each fault happened.
    pub faults: BTreeMap<String, u64>,
    /// How often each request was answered how.
    pub answered: BTreeMap<String, u64>,
}

/// What all runs of a process share.
struct Shared {
    system: System,
    issuer: Issuer,
}

fn shared() -> Result<&'static Shared, Fault> {
    static SHARED: OnceLock<Result<Shared, String>> = OnceLock::new();
    let make = || -> Result<Shared, Fault> {
        let scratch = Scratch::new()?;
        let issuer = Issuer::open(scratch.path())?;
        let mut parameters = issuer.parameters();
        parameters.extend([
            ("PaymentGateway".to_owned(), "simulated".to_owned()),
            ("RateLimit".to_owned(), "0".to_owned()),
            ("MaxUnpaidOrders".to_owned(), MAX_UNPAID_ORDERS.to_string()),
        ]);
        let system = System::read(&oms_workspace::root().join("template.yaml"), &parameters, SQS)?;
        Ok(Shared { system, issuer })
    };
    SHARED
        .get_or_init(|| make().map_err(|error| error.to_string()))
        .as_ref()
        .map_err(|error| error.clone().into())
}

/// Runs the simulation of a seed, and tells each answer where that is wanted.
///
/// # Errors
/// Where it cannot be run.
pub fn run(seed: u64, is_told: bool) -> Result<Run, Fault> {
    on_a_clock_of_its_own(seed, simulate(seed, is_told))
}

/// What many runs were like.
#[derive(Debug, Default)]
pub struct Totals {
    /// The seeds of those that went wrong, with what did.
    pub failed: BTreeMap<u64, Vec<String>>,
    /// How often each fault happened.
    pub faults: BTreeMap<String, u64>,
    /// How often each request was answered how.
    pub answered: BTreeMap<String, u64>,
}

impl Totals {
    fn add(&mut self, seed: u64, run: Result<Run, Fault>) {
        let wrong = match run {
            Ok(run) => {
                add_up(&mut self.faults, run.faults);
                add_up(&mut self.answered, run.answered);
                run.wrong
            }
            Err(error) => vec![error.to_string()],
        };
        if !wrong.is_empty() {
            self.failed.insert(seed, wrong);
        }
    }
}

fn add_up(totals: &mut BTreeMap<String, u64>, more: BTreeMap<String, u64>) {
    for (what, times) in more {
        *totals.entry(what).or_default() += times;
    }
}

/// Runs the simulations of some seeds, several at a time.
///
/// # Errors
/// Where threads cannot be started.
pub fn run_all(seeds: Range<u64>, threads: usize, is_told: bool) -> Result<Totals, Fault> {
    let next = AtomicU64::new(seeds.start);
    let totals = Mutex::new(Totals::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let run = std::panic::catch_unwind(|| run(seed, is_told));
            let run = run.unwrap_or_else(|_| Err("it panicked".into()));
            totals.lock().unwrap_or_else(PoisonError::into_inner).add(seed, run);
        }
    };
    std::thread::scope(|scope| -> Result<(), Fault> {
        for _ in 0..threads {
            std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work)?;
        }
        Ok(())
    })?;
    Ok(totals.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Has so many customers buy the same thing at the same moment, of which there is a piece for each,
/// while every transaction holds its items for so long and nothing else goes wrong; how many were
/// answered with which status.
///
/// # Errors
/// Where it cannot be run, or the orders and the stock do not add up.
pub fn rush(seed: u64, buyers: u32, transaction: Duration) -> Result<BTreeMap<u16, usize>, Fault> {
    on_a_clock_of_its_own(seed, async {
        let mut stage =
            Stage::set_up(seed, false, Some(Conduct { transaction, ..Conduct::default() })).await?;
        let answered = stage.people.buy_all_at_once(buyers).await?;
        let wrong = stage.at_the_end().await?;
        if wrong.is_empty() { Ok(answered) } else { Err(wrong.join("; ").into()) }
    })
}

fn on_a_clock_of_its_own<T>(seed: u64, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    // The SDK's jitter.
    fastrand::seed(seed);
    LocalSet::new().block_on(&runtime, work)
}

/// A system with an open shop, in which nothing goes wrong yet.
struct Stage {
    chance: Chance,
    outages: Outages,
    router: Arc<RequestRouter>,
    queues: Queues,
    topic: Topic,
    functions: Rc<Functions>,
    sources: Rc<EventSources>,
    written: Arc<Notify>,
    people: People,
    _stay: simulated::Stay,
}

impl Stage {
    /// One of a seed, which also says how strict its table is unless that is given.
    async fn set_up(seed: u64, is_told: bool, conduct: Option<Conduct>) -> Result<Self, Fault> {
        let Shared { system, issuer } = shared()?;
        let chance = Chance::new(seed);
        let database = Database::memory()?;
        for table in &system.tables {
            database.create_table(serde_json::from_value(table.definition.clone())?)?;
        }
        let conduct = conduct.unwrap_or_else(|| strict(&chance));
        let router = RequestRouter::new(database.clone(), system, conduct)?;
        let outages = Outages::new(Chance::new(chance.below(u64::MAX)));
        let queues = Queues::new(outages.clone());
        let topic = Topic::new(outages.clone());
        let network = Network::new(Arc::clone(&router), queues.clone(), topic.clone(), chance.clone());
        let written = Arc::clone(&network.written);
        let stay = simulated::enter(Rc::new(World::new(chance.clone(), network)));
        let functions = Rc::new(Functions::new(system, chance.clone(), outages.clone()));
        let sources =
            EventSources::new(system, Rc::clone(&functions), queues.clone(), chance.clone(), outages.clone());
        let sources = Rc::new(sources);
        sources.begin(database, Arc::clone(&written));
        let people =
            People::open(Rc::clone(&functions), issuer, chance.clone(), outages.clone(), is_told).await?;
        Ok(Self { chance, outages, router, queues, topic, functions, sources, written, people, _stay: stay })
    }

    fn set_bad_day(&self, is_bad: bool) {
        self.outages.set(is_bad);
        if let Some(faults) = self.router.faults() {
            faults.pause(!is_bad);
        }
    }

    /// What is wrong once everything has come to rest.
    async fn at_the_end(&self) -> Result<Vec<String>, Fault> {
        let mut wrong = come_to_rest(&self.sources, &self.queues, &self.written).await;
        let operator = self.functions.operator()?;
        let checks = Checks::of(&operator, &self.people, &self.router).await?;
        wrong.extend(checks::events(&checks, &self.topic.events()));
        wrong.extend(checks.all().await?);
        wrong.extend(self.people.wrong.take());
        Ok(wrong)
    }
}

/// A table that holds items, follows late and fails as a seed has it, but not yet.
fn strict(chance: &Chance) -> Conduct {
    let faults = Faults::new(chance.below(u64::MAX), 1 + chance.below(40));
    faults.pause(true);
    Conduct {
        transaction: Duration::from_millis(1 + chance.below(20)),
        faults: Some(faults),
        index_delay: (chance.below(2) == 0).then(|| Duration::from_millis(1 + chance.below(1_500))),
    }
}

async fn simulate(seed: u64, is_told: bool) -> Result<Run, Fault> {
    let stage = Stage::set_up(seed, is_told, None).await?;
    let Stage { chance, people, functions, .. } = &stage;
    if chance.below(4) == 0 {
        people.order_up_to_the_limit().await?;
    }
    stage.set_bad_day(true);
    let length = 3 + chance.below(6);
    // Of numbers of their own, so that a seed is what it was before.
    let growth = split_lists(functions, Chance::new(seed.wrapping_add(1)));
    let acted = futures::join!(
        people.buy(0, length),
        people.buy(1, length),
        people.sell(length * 2),
        people.oversee(length / 2),
        operate(functions, chance, people),
        growth
    );
    for acted in [acted.0, acted.1, acted.2, acted.3, acted.4] {
        acted?;
    }
    stage.set_bad_day(false);
    let wrong = stage.at_the_end().await?;
    let of_table = stage.router.faults().map(Faults::met).unwrap_or_default().into_iter();
    let of_table = of_table.map(|((fault, operation), times)| (format!("{fault:?} {operation}"), times));
    let others = stage.outages.happened().into_iter().map(|(what, times)| (what.to_owned(), times));
    Ok(Run { wrong, faults: of_table.chain(others).collect(), answered: people.answered.take() })
}

/// A shop turns into how many parts its lists and shelves are split up and down, once or twice,
/// while all this goes on. Fewer parts of lists are what a next version has, when this one has
/// written something.
async fn split_lists(functions: &Functions, chance: Chance) {
    let some = |most| 1 + u32::try_from(chance.below(most)).unwrap_or_default();
    functions.split_lists([1, 1, some(8)]);
    for _ in 0..chance.below(3) {
        tokio::time::sleep(Duration::from_millis(chance.below(10_000))).await;
        let [mut all, mut of_store, _] = functions.parts();
        let may_be_fewer = functions.are_split().await.unwrap_or(false);
        for parts in [&mut all, &mut of_store] {
            *parts = if may_be_fewer { some(4) } else { *parts + some(2) };
        }
        functions.split_lists([all, of_store, some(8)]);
    }
}

/// An operator compares the statistics with the orders, or has them mended, or gives all orders
/// another shape, forwards or back, while all this goes on:
/// where that succeeds, there is nothing wrong.
async fn operate(functions: &Functions, chance: &Chance, people: &People) -> Result<(), Fault> {
    tokio::time::sleep(Duration::from_millis(chance.below(20_000))).await;
    let operator = functions.operator_writing(1 + u32::try_from(chance.below(SCHEMA.into()))?)?;
    let looked = match chance.below(4) {
        0 => rebuild::run(&operator, &Rebuild::default()).await,
        1 => migrate::run(&operator, &Migrate::default()).await,
        _ => verify::run(&operator, None).await,
    };
    let what = if looked.is_ok() { "an operator is told" } else { "an operator fails" };
    *people.answered.borrow_mut().entry(what.to_owned()).or_default() += 1;
    let found =
        looked.ok().filter(|report| report.text.contains("corrected") || report.text.contains(" is "));
    people.wrong.borrow_mut().extend(found.map(|report| format!("an operator finds: {}", report.text)));
    Ok(())
}

/// Waits until there is nothing left to do; what is left all the same. What was written after its
/// caller had been killed has told nobody, so the stream is looked at each time.
async fn come_to_rest(sources: &EventSources, queues: &Queues, written: &Notify) -> Vec<String> {
    let mut quiet = 0;
    for _ in 0..LOOKS {
        tokio::time::sleep(LOOK_EVERY).await;
        written.notify_one();
        // What only waits for an unpaid order's time is at rest.
        let waits = queues.messages().iter().any(|message| !message.body.contains("expire_unpaid"));
        quiet = if sources.is_idle() && !waits { quiet + 1 } else { 0 };
        if quiet == 3 {
            break;
        }
    }
    let mut left = Vec::new();
    if quiet < 3 {
        let bodies: Vec<String> = queues.messages().iter().map(|message| message.body.clone()).collect();
        left.push(format!("it does not come to rest: {bodies:?}"));
    }
    left.extend(queues.set_aside().iter().map(|record| format!("set aside: {record}")));
    left.extend(sources.dead.borrow().iter().map(|message| format!("given up: {}", message.body)));
    left
}

//! What stands before the database and makes it as strict as DynamoDB: who may do what, what a
//! transaction in flight keeps others from, and, by seed, what goes wrong.
//!
//! It has two doors: HTTP, for processes, and [`RequestRouter::answer`], for those in this one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dynoxide::Database;
use oms_workspace::error::Result;
use oms_workspace::template::{System, Table};
use serde_json::{Value, json};
use tokio::time::Duration;

use super::api::{self, Answer};
use super::call::{Call, ItemKey, KeySchemas, batched};
use super::faults::{Fault, Faults};
use super::in_flight::InFlight;
use super::late_indexes::LateIndexes;
use super::policies::Policies;

/// How long a transaction is in flight where nothing is said: enough for others to meet it.
const TRANSACTION: Duration = Duration::from_millis(3);

/// On a bad day each kind of fault meets at most so many of a thousand calls.
const BAD_DAY_PER_MILLE: u64 = 40;
/// On a bad day indexes are behind by up to so much.
const BAD_DAY_INDEX_DELAY: Duration = Duration::from_secs(1);

/// How strict, and how bad.
#[derive(Debug)]
pub struct Conduct {
    /// How long a transaction of writes is in flight; its items are its own meanwhile.
    pub transaction: Duration,
    /// What goes wrong, if anything.
    pub faults: Option<Faults>,
    /// The longest that an index is behind its table; none where it never is.
    pub index_delay: Option<Duration>,
}

impl Default for Conduct {
    fn default() -> Self {
        Self { transaction: TRANSACTION, faults: None, index_delay: None }
    }
}

impl Conduct {
    /// That of a bad day, by seed.
    pub fn bad(seed: u64) -> Self {
        Self {
            faults: Some(Faults::new(seed, BAD_DAY_PER_MILLE)),
            index_delay: Some(BAD_DAY_INDEX_DELAY),
            ..Self::default()
        }
    }
}

/// DynamoDB's front.
pub struct RequestRouter {
    database: Database,
    schemas: KeySchemas,
    policies: Policies,
    in_flight: InFlight,
    conduct: Conduct,
    late_indexes: Option<LateIndexes>,
    conflicts: AtomicU64,
}

impl RequestRouter {
    /// Stands before a database that holds the system's tables.
    pub fn new(database: Database, system: &System, conduct: Conduct) -> Result<Arc<Self>> {
        let late_indexes = conduct.index_delay.map(|_| LateIndexes::of(&system.tables)).transpose()?;
        Ok(Arc::new(Self {
            database,
            schemas: system.tables.iter().map(key_schema).collect(),
            policies: Policies::of(system),
            in_flight: InFlight::default(),
            conduct,
            late_indexes,
            conflicts: AtomicU64::new(0),
        }))
    }

    /// What goes wrong, if anything.
    pub fn faults(&self) -> Option<&Faults> {
        self.conduct.faults.as_ref()
    }

    /// How many calls met a transaction on the same item.
    pub fn conflicts(&self) -> u64 {
        self.conflicts.load(Ordering::Relaxed)
    }

    /// Answers a call; nothing where the answer gets lost. The call goes on though nobody waits for
    /// it.
    pub async fn answer(self: Arc<Self>, call: Call) -> Option<Answer> {
        if let Err(refused) = self.policies.allow(&call.caller, &call.actions(&self.schemas)) {
            return Some(refused);
        }
        tokio::spawn(async move { self.meet(call).await }).await.unwrap_or_default()
    }

    /// A call with what goes wrong with it.
    async fn meet(&self, mut call: Call) -> Option<Answer> {
        let Some(faults) = &self.conduct.faults else { return Some(self.run(&call).await) };
        let Some(fault) = faults.of(&call) else { return Some(self.run(&call).await) };
        if let Some(refusal) = fault.refusal(&call) {
            return Some(refusal);
        }
        match fault {
            Fault::LostCall => None,
            Fault::LostAnswer => {
                self.run(&call).await;
                None
            }
            Fault::InternalError => {
                self.run(&call).await;
                Some(Answer::error(500, "InternalServerError", "Internal server error"))
            }
            Fault::Slow => {
                let slowness = faults.slowness();
                tokio::time::sleep(slowness / 2).await;
                let answer = self.run(&call).await;
                tokio::time::sleep(slowness / 2).await;
                Some(answer)
            }
            Fault::Unprocessed => {
                let left = Fault::leave_out(&mut call.body, |end| faults.below(end));
                Some(with_unprocessed(self.run(&call).await, &call.operation, &left))
            }
            Fault::ShortPage => {
                call.body["Limit"] = json!(1 + faults.below(3));
                Some(self.run(&call).await)
            }
            Fault::Throttle | Fault::ThrottledInTransaction | Fault::Conflict => Some(self.run(&call).await),
        }
    }

    async fn run(&self, call: &Call) -> Answer {
        let answer = self.answer_strictly(call).await;
        let met = answer.status != 200 && answer.body.contains("TransactionConflict");
        self.conflicts.fetch_add(met.into(), Ordering::Relaxed);
        answer
    }

    async fn answer_strictly(&self, call: &Call) -> Answer {
        match call.operation.as_str() {
            "TransactWriteItems" => self.transact(call).await,
            "TransactGetItems" => match self.in_flight.may_read(&call.items(&self.schemas)) {
                Ok(()) => self.on_database(call),
                Err(refused) => refused,
            },
            "PutItem" | "UpdateItem" | "DeleteItem" => {
                let items = call.items(&self.schemas);
                match self.in_flight.may_write(&items) {
                    Ok(()) => self.write(call, &items),
                    Err(refused) => refused,
                }
            }
            "BatchWriteItem" => self.write_batch(call),
            "Query" | "Scan" => match (&self.late_indexes, call.body.get("IndexName")) {
                (Some(late), Some(_)) => late.read(&call.operation, &call.body),
                _ => self.on_database(call),
            },
            _ => self.on_database(call),
        }
    }

    async fn transact(&self, call: &Call) -> Answer {
        let items = call.items(&self.schemas);
        let token = call.body["ClientRequestToken"].as_str().unwrap_or_default();
        let _in_flight = match self.in_flight.begin(items.clone(), token) {
            Ok(in_flight) => in_flight,
            Err(refused) => return refused,
        };
        tokio::time::sleep(self.conduct.transaction / 2).await;
        let answer = self.write(call, &items);
        tokio::time::sleep(self.conduct.transaction / 2).await;
        answer
    }

    /// A batch of writes, without the items that a transaction is at: those are left undone.
    fn write_batch(&self, call: &Call) -> Answer {
        let mut call = call.clone();
        let mut left = serde_json::Map::new();
        let mut written = Vec::new();
        for (table, requests) in call.body["RequestItems"].as_object_mut().into_iter().flatten() {
            let all = batched(table, requests, &self.schemas);
            let (held, free): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|(item, _)| self.in_flight.holds(item));
            if held.is_empty() {
                written.extend(free.into_iter().map(|(item, _)| item));
                continue;
            }
            let undone: Vec<Value> = held.into_iter().map(|(_, request)| request.clone()).collect();
            let done: Vec<Value> = free.iter().map(|(_, request)| (*request).clone()).collect();
            written.extend(free.into_iter().map(|(item, _)| item));
            left.insert(table.clone(), Value::Array(undone));
            *requests = Value::Array(done);
        }
        if written.is_empty() && !left.is_empty() {
            return with_unprocessed(Answer { status: 200, body: "{}".to_owned() }, "", &Value::Object(left));
        }
        with_unprocessed(self.write(&call, &written), "", &Value::Object(left))
    }

    fn write(&self, call: &Call, items: &[ItemKey]) -> Answer {
        let answer = self.on_database(call);
        if let (Some(late), Some(delay), 200) = (&self.late_indexes, self.conduct.index_delay, answer.status)
        {
            // An index is behind by more or less.
            let delay = self.faults().map_or(delay, |faults| faults.part_of(delay));
            for item in items {
                late.note(&self.database, &item.request(), delay);
            }
        }
        answer
    }

    fn on_database(&self, call: &Call) -> Answer {
        api::run(&self.database, &call.operation, &call.body)
    }
}

/// Says in an answer what was left undone.
fn with_unprocessed(answer: Answer, operation: &str, left: &Value) -> Answer {
    if answer.status != 200 || left.as_object().is_none_or(serde_json::Map::is_empty) {
        return answer;
    }
    let name = if operation == "BatchGetItem" { "UnprocessedKeys" } else { "UnprocessedItems" };
    let mut body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    for (table, more) in left.as_object().into_iter().flatten() {
        match (body[name][table].as_array_mut(), more) {
            (Some(all), Value::Array(more)) => all.extend(more.iter().cloned()),
            _ => body[name][table] = more.clone(),
        }
    }
    Answer { status: 200, body: body.to_string() }
}

fn key_schema(table: &Table) -> (String, Vec<String>) {
    let keys = table.definition["KeySchema"].as_array().into_iter().flatten();
    let names = keys.filter_map(|key| key["AttributeName"].as_str()).map(str::to_owned);
    (table.name.clone(), names.collect())
}

#[cfg(test)]
mod tests;

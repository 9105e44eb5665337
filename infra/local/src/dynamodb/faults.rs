//! What goes wrong between a function and DynamoDB on a bad day, drawn from a seed.
//!
//! Each kind is one that AWS documents as to be expected and to be tried again
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>), or
//! one of the network between.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use oms_workspace::rng::SeededRng;
use serde_json::Value;
use tokio::time::Duration;

use super::api::{Answer, CONFLICT, THROTTLED};
use super::call::Call;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The call is done, and its answer never arrives.
    LostAnswer,
    /// The call never arrives.
    LostCall,
    /// The call is done, and answered as an error of the server.
    InternalError,
    /// Too many calls at a time.
    Throttle,
    /// A transaction is cancelled, one of its items being throttled.
    ThrottledInTransaction,
    /// Another transaction is at an item.
    Conflict,
    /// The call takes so long that its caller may not wait for the answer.
    Slow,
    /// A part of a batch is left undone.
    Unprocessed,
    /// A page of a query or a scan ends before its limit.
    ShortPage,
}

/// All kinds.
pub const FAULTS: [Fault; 9] = [
    Fault::LostAnswer,
    Fault::LostCall,
    Fault::InternalError,
    Fault::Throttle,
    Fault::ThrottledInTransaction,
    Fault::Conflict,
    Fault::Slow,
    Fault::Unprocessed,
    Fault::ShortPage,
];

/// The longest that a slow call takes: longer than any attempt waits for it.
const SLOWEST: Duration = Duration::from_secs(4);

/// Faults, each of its own frequency.
#[derive(Debug)]
pub struct Faults {
    drawn: Mutex<Drawn>,
}

#[derive(Debug)]
struct Drawn {
    random: SeededRng,
    /// Of a thousand calls, how many meet it.
    per_mille: BTreeMap<Fault, u64>,
    met: BTreeMap<(Fault, String), u64>,
    is_paused: bool,
}

impl Faults {
    /// Faults of one seed: about half of the kinds, each met by up to `most` calls of a thousand.
    pub fn new(seed: u64, most: u64) -> Self {
        let mut random = SeededRng::new(seed);
        let kinds = FAULTS.into_iter();
        let per_mille =
            kinds.map(|kind| (kind, if random.below(2) == 0 { 0 } else { random.below(most) + 1 })).collect();
        let drawn = Drawn { random, per_mille, met: BTreeMap::new(), is_paused: false };
        Self { drawn: Mutex::new(drawn) }
    }

    /// From now on nothing goes wrong, or it does again.
    pub fn pause(&self, is_paused: bool) {
        self.drawn().is_paused = is_paused;
    }

    /// How often each kind was met, by operation.
    pub fn met(&self) -> BTreeMap<(Fault, String), u64> {
        self.drawn().met.clone()
    }

    /// What goes wrong with a call, if anything.
    pub(super) fn of(&self, call: &Call) -> Option<Fault> {
        let mut drawn = self.drawn();
        if drawn.is_paused {
            return None;
        }
        let met = FAULTS.into_iter().filter(|kind| kind.can_meet(call)).find(|kind| {
            let per_mille = drawn.per_mille.get(kind).copied().unwrap_or_default();
            drawn.random.below(1_000) < per_mille
        })?;
        *drawn.met.entry((met, call.operation.clone())).or_default() += 1;
        Some(met)
    }

    /// How long a slow call takes.
    pub(super) fn slowness(&self) -> Duration {
        self.part_of(SLOWEST)
    }

    /// A time below a longest one, in whole milliseconds.
    pub(super) fn part_of(&self, longest: Duration) -> Duration {
        let longest_ms = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.below(longest_ms))
    }

    /// A number below another one.
    pub(super) fn below(&self, end: u64) -> u64 {
        self.drawn().random.below(end)
    }

    fn drawn(&self) -> std::sync::MutexGuard<'_, Drawn> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn can_meet(self, call: &Call) -> bool {
        match self {
            Fault::LostAnswer | Fault::LostCall | Fault::InternalError | Fault::Throttle | Fault::Slow => {
                true
            }
            Fault::ThrottledInTransaction => call.operation.starts_with("Transact"),
            Fault::Conflict => {
                let writes = matches!(call.operation.as_str(), "PutItem" | "UpdateItem" | "DeleteItem");
                writes || call.operation.starts_with("Transact")
            }
            Fault::Unprocessed => call.operation.starts_with("Batch"),
            // With a limit a page is as long as the limit says; it is the megabyte that ends it
            // early.
            Fault::ShortPage => {
                matches!(call.operation.as_str(), "Query" | "Scan") && call.body.get("Limit").is_none()
            }
        }
    }

    /// What is answered instead of doing the call.
    pub(super) fn refusal(self, call: &Call) -> Option<Answer> {
        let items = call.body["TransactItems"].as_array().map_or(0, Vec::len);
        let one_of = |reason| -> Vec<_> {
            let mut reasons = vec![None; items];
            if let Some(last) = reasons.last_mut() {
                *last = Some(reason);
            }
            reasons
        };
        match self {
            Fault::Throttle => Some(Answer::error(400, "ThrottlingException", THROTTLED.1)),
            Fault::ThrottledInTransaction => Some(Answer::cancelled(&one_of(THROTTLED))),
            Fault::Conflict if items > 0 => Some(Answer::cancelled(&one_of(CONFLICT))),
            Fault::Conflict => Some(Answer::conflict()),
            Fault::LostAnswer
            | Fault::LostCall
            | Fault::InternalError
            | Fault::Slow
            | Fault::Unprocessed
            | Fault::ShortPage => None,
        }
    }

    /// Leaves a part of a batch out of what is done, and gives it back.
    pub(super) fn leave_out(body: &mut Value, random: impl Fn(u64) -> u64) -> Value {
        let mut left = serde_json::Map::new();
        for (table, requests) in body["RequestItems"].as_object_mut().into_iter().flatten() {
            let of_keys = requests.get("Keys").is_some();
            let all = if of_keys { &mut requests["Keys"] } else { &mut *requests };
            let Some(all) = all.as_array_mut() else { continue };
            // At least one is done: a batch of which nothing is done is a throttled call.
            let done = 1 + usize::try_from(random(all.len() as u64)).unwrap_or_default();
            let undone = all.split_off(done.min(all.len()));
            if undone.is_empty() {
                continue;
            }
            let undone = if of_keys {
                let mut again = requests.clone();
                again["Keys"] = Value::Array(undone);
                again
            } else {
                Value::Array(undone)
            };
            left.insert(table.clone(), undone);
        }
        Value::Object(left)
    }
}

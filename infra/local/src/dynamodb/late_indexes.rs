//! Indexes that show a write some time after the table does, as AWS's do.
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html>, "Read
//! consistency for global secondary indexes")
//!
//! Queries of an index are answered by a second database, which is given every item some time after
//! the first one has taken it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use dynoxide::Database;
use oms_workspace::error::{Doing, Result};
use oms_workspace::template::Table;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::api::{self, Answer};

/// Indexes that are behind their table.
pub(super) struct LateIndexes {
    replica: Database,
    waiting: Mutex<VecDeque<(Instant, Value)>>,
}

impl LateIndexes {
    /// Makes the second database, with the same tables.
    pub(super) fn of(tables: &[Table]) -> Result<Self> {
        let doing = "making the late indexes";
        let replica = Database::memory().doing(doing)?;
        for table in tables {
            let create = serde_json::from_value(table.definition.clone()).doing(doing)?;
            replica.create_table(create).doing(doing)?;
        }
        Ok(Self { replica, waiting: Mutex::default() })
    }

    /// Notes that an item was written: from `delay` on its indexes show what it is now. They change
    /// in the order of the writes.
    pub(super) fn note(&self, database: &Database, key: &Value, delay: Duration) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let after_all = waiting.back().map(|(due, _)| *due);
        let due = (Instant::now() + delay).max(after_all.unwrap_or_else(Instant::now));
        let found = api::run(database, "GetItem", &consistent(key));
        let found: Value = serde_json::from_str(&found.body).unwrap_or_default();
        let change = match found.get("Item") {
            Some(item) => json!({ "TableName": key["TableName"], "Item": item }),
            None => key.clone(),
        };
        waiting.push_back((due, change));
    }

    /// Queries or scans an index as it is by now.
    pub(super) fn read(&self, operation: &str, body: &Value) -> Answer {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some((due, change)) = waiting.front() {
            if *due > Instant::now() {
                break;
            }
            let write = if change.get("Item").is_some() { "PutItem" } else { "DeleteItem" };
            api::run(&self.replica, write, change);
            waiting.pop_front();
        }
        api::run(&self.replica, operation, body)
    }
}

fn consistent(key: &Value) -> Value {
    let mut request = key.clone();
    request["ConsistentRead"] = json!(true);
    request
}

//! DynamoDB and its streams: dynoxide, in this process, on one SQLite database, and before it what
//! makes it as strict as DynamoDB ([`request_router`]).

mod api;
mod call;
pub mod faults;
mod http;
mod in_flight;
mod late_indexes;
mod policies;
pub mod request_router;

pub use api::Answer;
pub use call::Call;

use std::path::PathBuf;
use std::time::Duration;

use dynoxide::Database;
use oms_workspace::error::{Doing, Error, Result};
use oms_workspace::scratch::Scratch;
use oms_workspace::template::Table;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::containers::here;

/// A stream keeps its records for a day, as DynamoDB's do.
const STREAM_RETENTION_S: i64 = 24 * 60 * 60;
/// How often expired items and stream records go.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// How long the second connection waits for the first one's transaction.
const BUSY: Duration = Duration::from_secs(10);

/// Without this index, each write to a table with a stream scans all its stream records for the
/// last number: 2,000 writes a second fall to 500 within minutes; with it they stay at 8,000.
const INDEX: &str = "CREATE INDEX IF NOT EXISTS _stream_records_by_number
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// Where the data is. Not in memory: SQLite's databases there end at 1 GiB, which is some 10,000
/// orders with their stream.
#[derive(Debug)]
pub enum Storage {
    /// In a file that stays.
    Kept(PathBuf),
    /// In a directory that goes with this value.
    Scratch(Scratch),
}

impl Storage {
    /// The directory that is not to stay.
    pub fn scratch(&self) -> Option<PathBuf> {
        match self {
            Self::Kept(_) => None,
            Self::Scratch(directory) => Some(directory.path().to_owned()),
        }
    }

    /// The database's file.
    pub fn file(&self) -> PathBuf {
        match self {
            Self::Kept(file) => file.clone(),
            Self::Scratch(directory) => directory.path().join("dynamodb.db"),
        }
    }
}

/// The database, served over HTTP.
pub struct Dynamo {
    database: Database,
    uri: String,
    /// Where the functions find it.
    pub url: String,
}

impl Dynamo {
    /// Opens the database in a file, which may be new, and makes the tables that it lacks.
    /// `listener` is where it will answer.
    pub fn open(storage: &Storage, tables: &[Table], listener: &TcpListener) -> Result<Self> {
        let uri = storage.file().display().to_string();
        let database = Database::new(&uri).doing("opening the local DynamoDB")?;
        let paced = match storage {
            // What this leaves behind is what we want from the start: no waiting for the disk at
            // each write. A crash of this process loses nothing by it, one of the machine the last
            // moments.
            Storage::Kept(_) => database.disable_bulk_loading(),
            // No waiting for the disk at all.
            Storage::Scratch(_) => database.enable_bulk_loading(),
        };
        paced.doing("opening the local DynamoDB")?;
        let address = listener.local_addr().doing("opening the local DynamoDB's port")?;
        let host = here(address.ip());
        let dynamo = Self { database, uri, url: format!("http://{host}:{}", address.port()) };
        dynamo.connection()?.execute_batch(INDEX).doing("indexing the stream records")?;
        for table in tables {
            dynamo.make(table)?;
        }
        Ok(dynamo)
    }

    /// The database itself, for what stands before it and for reading streams.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// Deletes expired items, and stream records older than a day, every minute.
    pub async fn sweep(database: Database, uri: String) -> Error {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            let (database, uri) = (database.clone(), uri.clone());
            let swept = tokio::task::spawn_blocking(move || {
                database.sweep_ttl().doing("deleting expired items")?;
                trim(&open(&uri)?)
            });
            match swept.await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => oms_workspace::console::say(format!("! {error}")),
                Err(error) => {
                    return Error::Setup(format!("the sweep of the local DynamoDB stopped: {error}"));
                }
            }
        }
    }

    /// Where SQLite finds the database.
    pub fn uri(&self) -> String {
        self.uri.clone()
    }

    /// What tells the tables from those of another database.
    pub fn identity(&self, tables: &[Table]) -> Result<String> {
        let identities = tables.iter().map(|table| {
            let doing = format!("describing {}", table.name);
            let describe = serde_json::from_value(json!({ "TableName": table.name })).doing(&doing)?;
            let table = self.database.describe_table(describe).doing(&doing)?;
            let table = serde_json::to_value(table).doing(&doing)?;
            Ok(table["Table"]["LatestStreamArn"].to_string())
        });
        Ok(identities.collect::<Result<Vec<_>>>()?.join(" "))
    }

    fn connection(&self) -> Result<Connection> {
        open(&self.uri)
    }

    fn make(&self, table: &Table) -> Result<()> {
        let doing = format!("making the table {}", table.name);
        let wanted = &table.definition;
        let describe = serde_json::from_value(json!({ "TableName": table.name })).doing(&doing)?;
        if let Ok(existing) = self.database.describe_table(describe) {
            let existing = serde_json::to_value(existing).doing(&doing)?;
            return same_shape(wanted, &existing["Table"]).then_some(()).ok_or_else(|| {
                Error::Setup(format!(
                    "template.yaml describes {} otherwise than it is in {}: remove that file and its -wal and -shm for a new table (the data is lost)",
                    table.name, self.uri
                ))
            });
        }
        let create = serde_json::from_value(wanted.clone()).doing(&doing)?;
        self.database.create_table(create).doing(&doing)?;
        if let Some(attribute) = &table.ttl_attribute {
            let ttl = json!({
                "TableName": table.name,
                "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
            });
            self.database.update_time_to_live(serde_json::from_value(ttl).doing(&doing)?).doing(&doing)?;
        }
        Ok(())
    }
}

fn open(uri: &str) -> Result<Connection> {
    let connection = Connection::open(uri).doing("opening the local DynamoDB's file")?;
    connection.busy_timeout(BUSY).doing("opening the local DynamoDB's file")?;
    Ok(connection)
}

/// Deletes stream records older than a day, and tells how many.
fn trim(connection: &Connection) -> Result<usize> {
    let oldest_s = jiff::Timestamp::now().as_second() - STREAM_RETENTION_S;
    // Numbers are never below the clock's microseconds, so the index finds the old ones without a
    // scan.
    let statement = "DELETE FROM _stream_records
        WHERE created_at < ?1 AND CAST(sequence_number AS INTEGER) < ?1 * 1000000
          AND table_name IN (SELECT table_name FROM _tables)";
    connection.execute(statement, [oldest_s]).doing("trimming the stream")
}

/// Whether a table that exists has the keys and indexes that the template wants.
fn same_shape(wanted: &Value, existing: &Value) -> bool {
    let shape = |table: &Value| {
        let indexes = table["GlobalSecondaryIndexes"].as_array().cloned().unwrap_or_default();
        let mut indexes: Vec<String> = indexes
            .iter()
            .map(|index| {
                format!(
                    "{} {} {}",
                    index["IndexName"], index["KeySchema"], index["Projection"]["NonKeyAttributes"]
                )
            })
            .collect();
        indexes.sort();
        (table["KeySchema"].to_string(), indexes)
    };
    shape(wanted) == shape(existing)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let definition = json!({
            "TableName": "things",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        });
        Table { name: "things".to_owned(), definition, ttl_attribute: Some("expires_at".to_owned()) }
    }

    async fn dynamo() -> (Dynamo, Storage) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let storage = Storage::Scratch(Scratch::new().unwrap());
        (Dynamo::open(&storage, &[table()], &listener).unwrap(), storage)
    }

    #[tokio::test]
    async fn a_database_has_the_index_and_uses_it() {
        let (dynamo, _storage) = dynamo().await;
        let plan: String = dynamo
            .connection()
            .unwrap()
            .query_row(
                "EXPLAIN QUERY PLAN SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1
                 FROM _stream_records WHERE table_name = 'things'",
                [],
                |row| row.get(3),
            )
            .unwrap();
        assert!(plan.contains("_stream_records_by_number"), "{plan}");
    }

    #[tokio::test]
    async fn a_day_old_stream_record_goes_and_a_new_one_stays() {
        let (dynamo, _storage) = dynamo().await;
        for id in ["old", "new"] {
            let put = json!({"TableName": "things", "Item": {"pk": {"S": id}}});
            dynamo.database.put_item(serde_json::from_value(put).unwrap()).unwrap();
        }
        let connection = dynamo.connection().unwrap();
        let age = "UPDATE _stream_records SET created_at = created_at - 90000,
            sequence_number = CAST(sequence_number AS INTEGER) - 90000000000 WHERE keys_json LIKE '%old%'";
        connection.execute(age, []).unwrap();
        assert_eq!(trim(&connection).unwrap(), 1);
        assert_eq!(trim(&connection).unwrap(), 0);
    }

    #[test]
    fn a_changed_index_is_noticed() {
        let mut wanted = json!({"KeySchema": [], "GlobalSecondaryIndexes": [
            {"IndexName": "a", "KeySchema": [], "Projection": {"NonKeyAttributes": ["x"]}},
        ]});
        let existing = wanted.clone();
        assert!(same_shape(&wanted, &existing));
        wanted["GlobalSecondaryIndexes"][0]["Projection"]["NonKeyAttributes"][0] = json!("y");
        assert!(!same_shape(&wanted, &existing));
    }
}

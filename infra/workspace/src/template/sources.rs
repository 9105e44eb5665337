//! The events of a function that are event source mappings.

use std::time::Duration;

use serde_json::Value;

use super::plain;
use crate::error::{Error, Result};

/// An event source mapping.
#[derive(Debug, Clone)]
pub struct Source {
    /// What is read.
    pub from: SourceKind,
    /// The most records that one invocation takes.
    pub batch_size: usize,
    /// How long to wait for a batch to fill.
    pub window: Duration,
    /// Patterns of which a record must match one; none lets all through.
    pub filters: Vec<Value>,
    /// Whether the function names the records that failed (`ReportBatchItemFailures`).
    pub reports_item_failures: bool,
}

/// What an event source mapping reads.
#[derive(Debug, Clone)]
pub enum SourceKind {
    /// The stream of a table.
    Stream(StreamSource),
    /// A queue, by its ARN.
    Queue(String),
}

/// The settings that only streams have.
#[derive(Debug, Clone)]
pub struct StreamSource {
    /// The table's local name.
    pub table: String,
    /// Whether to begin with the oldest record (`TRIM_HORIZON`) or with what comes after the start
    /// (`LATEST`).
    pub from_the_beginning: bool,
    /// How many batches of a shard are at work at the same time, of different partition keys.
    pub parallelization_factor: usize,
    /// How long a tumbling window is, for which events say which shard they are of; none without.
    pub tumbling_window: Option<Duration>,
    /// Whether a failed batch is split in two.
    pub bisect: bool,
    /// How often a batch is tried again; `None` for as long as its records live.
    pub maximum_retries: Option<u32>,
    /// How old a record may be to be handed over; `None` for any age.
    pub maximum_age: Option<Duration>,
    /// The queue, by its ARN, that hears of the records that were given up.
    pub on_failure: Option<String>,
}

/// Of a `DynamoDB` event.
pub(super) fn of_stream(settings: &Value) -> Result<Source> {
    Ok(source(settings, SourceKind::Stream(stream(settings)?), 100))
}

/// Of an `SQS` event.
pub(super) fn of_queue(settings: &Value) -> Source {
    source(settings, SourceKind::Queue(plain(&settings["Queue"])), 10)
}

fn source(settings: &Value, from: SourceKind, batch_size: usize) -> Source {
    let patterns = settings["FilterCriteria"]["Filters"].as_array().cloned().unwrap_or_default();
    let types = settings["FunctionResponseTypes"].as_array().cloned().unwrap_or_default();
    Source {
        from,
        batch_size: count(&settings["BatchSize"], batch_size),
        window: Duration::from_secs(count(&settings["MaximumBatchingWindowInSeconds"], 0) as u64),
        // A pattern that is no JSON would let nothing through: as null, it does just that.
        filters: patterns
            .iter()
            .map(|filter| {
                serde_json::from_str(filter["Pattern"].as_str().unwrap_or_default()).unwrap_or(Value::Null)
            })
            .collect(),
        reports_item_failures: types.iter().any(|kind| kind == "ReportBatchItemFailures"),
    }
}

/// A number, which a parameter of the template gives as text.
fn count(setting: &Value, default: usize) -> usize {
    let number = setting.as_u64().and_then(|number| usize::try_from(number).ok());
    number.or_else(|| setting.as_str()?.parse().ok()).unwrap_or(default)
}

fn stream(settings: &Value) -> Result<StreamSource> {
    let arn = settings["Stream"].as_str().unwrap_or_default();
    let table =
        arn.split('/').nth(1).ok_or_else(|| Error::Template(format!("{arn:?} is no stream of a table")))?;
    // Lambda takes -1 for "no limit".
    let limit = |key: &str| settings[key].as_i64().and_then(|value| u64::try_from(value).ok());
    Ok(StreamSource {
        table: table.to_owned(),
        from_the_beginning: settings["StartingPosition"] != "LATEST",
        parallelization_factor: count(&settings["ParallelizationFactor"], 1),
        tumbling_window: limit("TumblingWindowInSeconds").map(Duration::from_secs),
        bisect: settings["BisectBatchOnFunctionError"].as_bool().unwrap_or(false),
        maximum_retries: limit("MaximumRetryAttempts").and_then(|value| u32::try_from(value).ok()),
        maximum_age: limit("MaximumRecordAgeInSeconds").map(Duration::from_secs),
        on_failure: settings["DestinationConfig"]["OnFailure"]["Destination"].as_str().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_may_come_from_a_parameter() {
        let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/t/stream/1";
        let factor = |settings: Value| stream(&settings).unwrap().parallelization_factor;
        assert_eq!(factor(json!({ "Stream": arn })), 1);
        assert_eq!(factor(json!({ "Stream": arn, "ParallelizationFactor": 3 })), 3);
        assert_eq!(factor(json!({ "Stream": arn, "ParallelizationFactor": "4" })), 4);
    }
}

//! The operations of DynamoDB and of its streams, on the database in this process.

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What DynamoDB answers: a status and a body in JSON.
#[derive(Clone, Debug)]
pub struct Answer {
    /// 200, 400 or 500.
    pub status: u16,
    /// What was asked for, or the error.
    pub body: String,
}

/// Why an item cancelled its transaction: a code, and a sentence.
pub(super) type Reason = (&'static str, &'static str);

/// A transaction is at the item.
pub(super) const CONFLICT: Reason = ("TransactionConflict", "Transaction is ongoing for the item");
/// There are too many calls of the item.
pub(super) const THROTTLED: Reason =
    ("ThrottlingError", "Throughput exceeds the current capacity of your table or index.");

impl Answer {
    /// A single write that met a transaction.
    pub(super) fn conflict() -> Self {
        Self::error(400, "TransactionConflictException", CONFLICT.1)
    }

    /// An error as DynamoDB writes it.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let code = format!("com.amazonaws.dynamodb.v20120810#{code}");
        Self { status, body: json!({ "__type": code, "message": message }).to_string() }
    }

    /// A transaction that was cancelled, with a reason for each of its items; no reason where the
    /// item is not to blame.
    pub(super) fn cancelled(reasons: &[Option<Reason>]) -> Self {
        let codes: Vec<&str> = reasons.iter().map(|reason| reason.map_or("None", |(code, _)| code)).collect();
        let reasons: Vec<Value> = reasons
            .iter()
            .map(|reason| match reason {
                None => json!({ "Code": "None" }),
                Some((code, message)) => json!({ "Code": code, "Message": message }),
            })
            .collect();
        let body = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": format!(
                "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
                codes.join(", ")
            ),
            "CancellationReasons": reasons,
        });
        Self { status: 400, body: body.to_string() }
    }
}

/// Does what an operation asks for.
pub(super) fn run(database: &Database, operation: &str, body: &Value) -> Answer {
    /// Reads the request, runs it, writes the answer.
    macro_rules! operations {
        ($($name:literal => $method:ident),+ $(,)?) => {
            match operation {
                $($name => on(body, |request| database.$method(request)),)+
                _ => Answer {
                    status: 400,
                    body: json!({ "__type": "com.amazon.coral.service#UnknownOperationException" }).to_string(),
                },
            }
        };
    }
    operations! {
        "BatchGetItem" => batch_get_item,
        "BatchWriteItem" => batch_write_item,
        "CreateTable" => create_table,
        "DeleteItem" => delete_item,
        "DeleteTable" => delete_table,
        "DescribeStream" => describe_stream,
        "DescribeTable" => describe_table,
        "DescribeTimeToLive" => describe_time_to_live,
        "GetItem" => get_item,
        "GetRecords" => get_records,
        "GetShardIterator" => get_shard_iterator,
        "ListStreams" => list_streams,
        "ListTables" => list_tables,
        "ListTagsOfResource" => list_tags_of_resource,
        "PutItem" => put_item,
        "Query" => query,
        "Scan" => scan,
        "TagResource" => tag_resource,
        "TransactGetItems" => transact_get_items,
        "TransactWriteItems" => transact_write_items,
        "UntagResource" => untag_resource,
        "UpdateItem" => update_item,
        "UpdateTable" => update_table,
        "UpdateTimeToLive" => update_time_to_live,
    }
}

fn on<Q: DeserializeOwned, A: Serialize>(
    body: &Value,
    run: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Answer {
    // Values are checked as they are read.
    let request = Q::deserialize(body).map_err(|error| DynoxideError::ValidationException(error.to_string()));
    let answer = request.and_then(run).and_then(|answer| {
        serde_json::to_string(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
    });
    match answer {
        Ok(body) => Answer { status: 200, body },
        Err(error) => Answer { status: error.status_code(), body: error.to_json() },
    }
}

//! What a mapping's on-failure destination hears about records that it gave up: where they are, not
//! what they are.

use jiff::Timestamp;
use serde_json::{Value, json};

/// Lambda's invocation record of records that are not tried again.
pub(super) struct InvocationRecord<'a> {
    /// Whom they were for.
    pub function_arn: &'a str,
    /// Where they are.
    pub stream_arn: &'a str,
    /// The shard of it.
    pub shard: &'a str,
    /// `RetryAttemptsExhausted` or `RecordAgeExceeded`.
    pub condition: &'a str,
    /// How often they were handed over.
    pub attempts: u32,
    /// How many they are.
    pub records: usize,
    /// The sequence number and time of the first, in seconds since 1970.
    pub first: (&'a str, i64),
    /// The same of the last.
    pub last: (&'a str, i64),
}

impl InvocationRecord<'_> {
    /// The message, in the shape that Lambda documents.
    pub(super) fn message(&self) -> Value {
        let mut message = json!({
            "requestContext": {
                "requestId": uuid::Uuid::new_v4(),
                "functionArn": self.function_arn,
                "condition": self.condition,
                "approximateInvokeCount": self.attempts,
            },
            "version": "1.0",
            "timestamp": format!("{:.3}", Timestamp::now()),
            "DDBStreamBatchInfo": {
                "shardId": self.shard,
                "startSequenceNumber": self.first.0,
                "endSequenceNumber": self.last.0,
                "approximateArrivalOfFirstRecord": time(self.first.1),
                "approximateArrivalOfLastRecord": time(self.last.1),
                "batchSize": self.records,
                "streamArn": self.stream_arn,
            },
        });
        // A record that was too old was not handed over, so nothing answered.
        if self.condition == "RetryAttemptsExhausted" {
            message["responseContext"] = json!({
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled",
            });
        }
        message
    }
}

fn time(at_s: i64) -> String {
    Timestamp::from_second(at_s).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_names_the_range_of_records() {
        let record = InvocationRecord {
            function_arn: "f",
            stream_arn: "s",
            shard: "shard",
            condition: "RetryAttemptsExhausted",
            attempts: 6,
            records: 2,
            first: ("100", 1_700_000_000),
            last: ("101", 1_700_000_001),
        };
        let message = record.message();
        assert_eq!(message["requestContext"]["approximateInvokeCount"], 6);
        assert_eq!(message["DDBStreamBatchInfo"]["startSequenceNumber"], "100");
        assert_eq!(message["DDBStreamBatchInfo"]["approximateArrivalOfLastRecord"], "2023-11-14T22:13:21Z");
        assert!(message["responseContext"].is_object());
        let aged = InvocationRecord { condition: "RecordAgeExceeded", ..record }.message();
        assert!(aged.get("responseContext").is_none());
    }
}

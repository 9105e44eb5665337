//! What a query has found, read from the bytes of DynamoDB's answer.

use super::{Entry, Found, RangeKeys};
use crate::TableError;
use crate::keys::Index;
use aws_sdk_dynamodb::error::ErrorMetadata;
use aws_sdk_dynamodb::operation::query::{QueryError, QueryOutput};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, Error, Output, OutputOrError,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SharedResponseDeserializer};
use aws_smithy_types::config_bag::ConfigBag;
use serde::Deserialize;
use serde::de::Deserializer;
use std::sync::{Arc, Mutex, PoisonError};

/// Keeps the body of a query's answer and has the SDK decode nothing of it. What is no success goes
/// its usual way, unless it comes after a success whose body was cut off: then it is told here, so
/// that the SDK goes on trying as it would have.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer(Arc<Mutex<Vec<u8>>>);

impl Intercept for Answer {
    fn name(&self) -> &'static str {
        "Answer"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().status().is_success() {
            cfg.interceptor_state().store_put(SharedResponseDeserializer::new(self.clone()));
        }
        Ok(())
    }
}

impl DeserializeResponse for Answer {
    fn deserialize_nonstreaming_with_config(&self, response: &HttpResponse, _: &ConfigBag) -> OutputOrError {
        let body = response.body().bytes().unwrap_or_default();
        if !response.status().is_success() {
            return Err(OrchestratorError::operation(Error::erase(refusal(body))));
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = body.to_vec();
        Ok(Output::erase(QueryOutput::builder().build()))
    }
}

/// Why DynamoDB refused, by the name that it gives: `com.amazonaws.dynamodb.v20120810#<name>`.
fn refusal(body: &[u8]) -> QueryError {
    #[derive(Default, Deserialize)]
    struct Refusal {
        #[serde(rename = "__type", default)]
        kind: String,
        #[serde(alias = "Message", default)]
        message: String,
    }
    let Refusal { kind, message } = serde_json::from_slice(body).unwrap_or_default();
    let code = kind.rsplit('#').next().unwrap_or_default();
    QueryError::generic(ErrorMetadata::builder().code(code).message(message).build())
}

/// A query's answer as DynamoDB writes it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "T: Entry")]
struct Page<T> {
    items: Vec<One<T>>,
    last_evaluated_key: Option<serde_dynamo::Item>,
    consumed_capacity: Option<Consumed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Consumed {
    #[serde(default)]
    capacity_units: f64,
}

/// An entry and its range keys.
struct One<T>((RangeKeys, T));

impl<'de, T: Entry> Deserialize<'de> for One<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        T::from_answer(json).map(Self)
    }
}

impl Answer {
    /// What was answered to a query of an index, and what it cost in read units.
    ///
    /// # Errors
    /// [`TableError::Shape`] where it is no such answer.
    pub(super) fn read<T: Entry>(&self, index: Index) -> Result<(Found<T>, f64), TableError> {
        let body = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let page: Page<T> = serde_json::from_slice(&body).map_err(|error| TableError::Shape {
            what: "a page of a query",
            source: serde::de::Error::custom(error),
        })?;
        let entries = page.items.into_iter().map(|One((keys, entry))| (keys.in_index(index), entry));
        let found = Found { entries: entries.collect(), rest: page.last_evaluated_key.map(Into::into) };
        Ok((found, page.consumed_capacity.map_or(0.0, |consumed| consumed.capacity_units)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Item;
    use aws_sdk_dynamodb::error::ProvideErrorMetadata;
    use aws_smithy_types::body::SdkBody;

    fn answered(status: u16, body: &str) -> (Answer, OutputOrError) {
        let answer = Answer::default();
        let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        let output = answer.deserialize_nonstreaming_with_config(&response, &ConfigBag::base());
        (answer, output)
    }

    #[test]
    fn a_refusal_after_a_success_that_was_cut_off_keeps_its_name() {
        let body = r#"{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slow"}"#;
        for (body, code) in [(body, "ThrottlingException"), ("<html>", ""), ("", "")] {
            let fault = answered(400, body).1.unwrap_err();
            let error: &QueryError = fault.as_operation_error().unwrap().downcast_ref().unwrap();
            assert_eq!(error.code().unwrap_or_default(), code);
        }
    }

    #[test]
    fn a_page_is_read_with_its_places_its_price_and_where_it_goes_on() {
        let body = r#"{
            "ConsumedCapacity": {"CapacityUnits": 0.5, "TableName": "oms"}, "Count": 1, "ScannedCount": 1,
            "Items": [{"pk": {"S": "ORDER#7"}, "list_at": {"S": "at"}, "list_total": {"S": "total"}}],
            "LastEvaluatedKey": {"pk": {"S": "ORDER#7"}, "sk": {"S": "ORDER"}}
        }"#;
        for (index, place) in [(Index::All, "at"), (Index::Total, "total")] {
            let (found, units) = answered(200, body).0.read::<Item>(index).unwrap();
            assert_eq!((found.entries[0].0.as_str(), found.entries[0].1.len(), units), (place, 3, 0.5));
            assert_eq!(found.rest.unwrap().len(), 2);
        }
        for cut_off in ["", "{", r#"{"Items": [{"pk": "7"}]}"#] {
            assert!(answered(200, cut_off).0.read::<Item>(Index::All).is_err(), "{cut_off}");
        }
    }
}

//! What DynamoDB has answered, as it came: read straight into what it means, which the SDK would
//! make maps of maps of first.

use crate::{Item, TableError};
use aws_sdk_dynamodb::error::ErrorMetadata;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemError, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryError, QueryOutput};
use aws_sdk_dynamodb::types::ConsumedCapacity;
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
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked {
    Query,
    GetItem,
    BatchGetItem,
}

/// Keeps the body of an answer and has the SDK decode nothing of it. What is no success goes its
/// usual way, unless it comes after a success whose body was cut off: then it is told here, so that
/// the SDK goes on trying as it would have.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    asked: Asked,
    body: Arc<Mutex<Vec<u8>>>,
}

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
            let refusal = refusal(body);
            return Err(OrchestratorError::operation(match self.asked {
                Asked::Query => Error::erase(QueryError::generic(refusal)),
                Asked::GetItem => Error::erase(GetItemError::generic(refusal)),
                Asked::BatchGetItem => Error::erase(BatchGetItemError::generic(refusal)),
            }));
        }
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = body.to_vec();
        // For the log, which tells of each call what it cost.
        let cost = if tracing::enabled!(tracing::Level::DEBUG) { cost_of(body) } else { None };
        Ok(match self.asked {
            Asked::Query => Output::erase(QueryOutput::builder().set_consumed_capacity(cost).build()),
            Asked::GetItem => Output::erase(GetItemOutput::builder().set_consumed_capacity(cost).build()),
            Asked::BatchGetItem => {
                let cost = cost.map(|cost| vec![cost]);
                Output::erase(BatchGetItemOutput::builder().set_consumed_capacity(cost).build())
            }
        })
    }
}

/// What an answer says that it cost, all in all.
fn cost_of(body: &[u8]) -> Option<ConsumedCapacity> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Priced {
        consumed_capacity: Value,
    }
    let Priced { consumed_capacity } = serde_json::from_slice(body).ok()?;
    let parts = consumed_capacity.as_array().map_or(std::slice::from_ref(&consumed_capacity), Vec::as_slice);
    let units = parts.iter().filter_map(|part| part["CapacityUnits"].as_f64());
    Some(ConsumedCapacity::builder().capacity_units(units.sum()).build())
}

/// Why DynamoDB refused, by the name that it gives: `com.amazonaws.dynamodb.v20120810#<name>`.
fn refusal(body: &[u8]) -> ErrorMetadata {
    #[derive(Default, Deserialize)]
    struct Refusal {
        #[serde(rename = "__type", default)]
        kind: String,
        #[serde(alias = "Message", default)]
        message: String,
    }
    let Refusal { kind, message } = serde_json::from_slice(body).unwrap_or_default();
    let code = kind.rsplit('#').next().unwrap_or_default();
    ErrorMetadata::builder().code(code).message(message).build()
}

/// What a call cost.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Consumed {
    #[serde(default)]
    pub(crate) capacity_units: f64,
}

/// What is read of an item, or of a part of it.
pub(crate) trait FromAnswer: Sized {
    /// Reads it from DynamoDB's JSON.
    ///
    /// # Errors
    /// Where it is none.
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<Self, D::Error>;
}

/// All of it.
impl FromAnswer for Item {
    fn from_answer<'de, D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        Ok(serde_dynamo::Item::deserialize(json)?.into())
    }
}

/// One of several.
pub(crate) struct One<T>(pub(crate) T);

impl<'de, T: FromAnswer> Deserialize<'de> for One<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        T::from_answer(json).map(Self)
    }
}

/// The answer to a GetItem, as DynamoDB writes it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "T: FromAnswer")]
struct Single<T> {
    item: Option<One<T>>,
    consumed_capacity: Option<Consumed>,
}

/// The answer to a BatchGetItem, as DynamoDB writes it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", bound = "T: FromAnswer")]
struct Batch<T> {
    responses: HashMap<String, Vec<One<T>>>,
    #[serde(default)]
    unprocessed_keys: HashMap<String, Left>,
    #[serde(default)]
    consumed_capacity: Vec<Consumed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Left {
    keys: Vec<serde_dynamo::Item>,
}

/// What was found of a batch.
pub(crate) struct Gotten<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// The keys that it left out, because it was too much at a time.
    pub(crate) left: Vec<Item>,
    /// What it cost in read units.
    pub(crate) units: f64,
}

impl Answer {
    pub(crate) fn to(asked: Asked) -> Self {
        Self { asked, body: Arc::default() }
    }

    /// The answer.
    ///
    /// # Errors
    /// [`TableError::Shape`] where it is not `what` was asked for.
    pub(crate) fn read<T: DeserializeOwned>(&self, what: &'static str) -> Result<T, TableError> {
        let body = std::mem::take(&mut *self.body.lock().unwrap_or_else(PoisonError::into_inner));
        serde_json::from_slice(&body)
            .map_err(|error| TableError::Shape { what, source: serde::de::Error::custom(error) })
    }

    /// What was answered to a GetItem, if anything was there, and what it cost in read units.
    ///
    /// # Errors
    /// [`TableError::Shape`] where it is no such answer.
    pub(crate) fn item<T: FromAnswer>(&self) -> Result<(Option<T>, f64), TableError> {
        let Single { item, consumed_capacity } = self.read("an item")?;
        let units = consumed_capacity.map_or(0.0, |consumed| consumed.capacity_units);
        Ok((item.map(|One(item)| item), units))
    }

    /// What was answered to a BatchGetItem.
    ///
    /// # Errors
    /// [`TableError::Shape`] where it is no such answer.
    pub(crate) fn batch<T: FromAnswer>(&self) -> Result<Gotten<T>, TableError> {
        let Batch { responses, unprocessed_keys, consumed_capacity } = self.read("a batch of items")?;
        Ok(Gotten {
            items: responses.into_values().flatten().map(|One(item)| item).collect(),
            left: unprocessed_keys.into_values().flat_map(|left| left.keys).map(Into::into).collect(),
            units: consumed_capacity.iter().map(|consumed| consumed.capacity_units).sum(),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use aws_sdk_dynamodb::error::ProvideErrorMetadata;
    use aws_smithy_types::body::SdkBody;

    pub(crate) fn answered(asked: Asked, status: u16, body: &str) -> (Answer, OutputOrError) {
        let answer = Answer::to(asked);
        let response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
        let output = answer.deserialize_nonstreaming_with_config(&response, &ConfigBag::base());
        (answer, output)
    }

    #[test]
    fn a_refusal_after_a_success_that_was_cut_off_keeps_its_name() {
        let body = r#"{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException", "message": "slow"}"#;
        for (body, code) in [(body, "ThrottlingException"), ("<html>", ""), ("", "")] {
            let fault = answered(Asked::Query, 400, body).1.unwrap_err();
            let error: &QueryError = fault.as_operation_error().unwrap().downcast_ref().unwrap();
            assert_eq!(error.code().unwrap_or_default(), code);
            let fault = answered(Asked::BatchGetItem, 400, body).1.unwrap_err();
            let error: &BatchGetItemError = fault.as_operation_error().unwrap().downcast_ref().unwrap();
            assert_eq!(error.code().unwrap_or_default(), code);
        }
    }

    #[test]
    fn what_a_call_cost_is_known_without_its_items() {
        let units = |body: &str| cost_of(body.as_bytes()).and_then(|cost| cost.capacity_units());
        let one = r#"{"Items": [{"n": {"N": "7"}}], "ConsumedCapacity": {"CapacityUnits": 2.5}}"#;
        let several = r#"{"ConsumedCapacity": [{"CapacityUnits": 1}, {"CapacityUnits": 0.5}]}"#;
        assert_eq!((units(one), units(several), units("{}")), (Some(2.5), Some(1.5), None));
    }

    #[test]
    fn an_item_is_read_with_its_price_or_is_not_there() {
        let body = r#"{"ConsumedCapacity": {"CapacityUnits": 1.0}, "Item": {"n": {"N": "7"}}}"#;
        let (item, units) = answered(Asked::GetItem, 200, body).0.item::<Item>().unwrap();
        assert_eq!((item.and_then(|item| crate::number(&item, "n")), units), (Some(7), 1.0));
        assert!(answered(Asked::GetItem, 200, "{}").0.item::<Item>().unwrap().0.is_none());
        assert!(answered(Asked::GetItem, 200, "").0.item::<Item>().is_err());
        let fault = answered(Asked::GetItem, 400, "").1.unwrap_err();
        assert!(fault.as_operation_error().unwrap().downcast_ref::<GetItemError>().is_some());
    }

    #[test]
    fn a_batch_is_read_with_what_it_left_out_and_its_price() {
        let body = r#"{
            "ConsumedCapacity": [{"CapacityUnits": 1.5, "TableName": "oms"}],
            "Responses": {"oms": [{"pk": {"S": "ORDER#7"}, "n": {"N": "7"}}]},
            "UnprocessedKeys": {"oms": {"ConsistentRead": true, "Keys": [
                {"pk": {"S": "ORDER#8"}, "sk": {"S": "ORDER"}}
            ]}}
        }"#;
        let Gotten { items, left, units } =
            answered(Asked::BatchGetItem, 200, body).0.batch::<Item>().unwrap();
        assert_eq!((crate::number(&items[0], "n"), items.len(), units), (Some(7), 1, 1.5));
        assert_eq!(left, [crate::key("ORDER#8".into(), "ORDER".into())]);
        let nothing = r#"{"Responses": {}}"#;
        assert!(answered(Asked::BatchGetItem, 200, nothing).0.batch::<Item>().unwrap().items.is_empty());
        for cut_off in ["", "{", r#"{"Responses": {"oms": [{"pk": "7"}]}}"#] {
            assert!(answered(Asked::BatchGetItem, 200, cut_off).0.batch::<Item>().is_err(), "{cut_off}");
        }
    }
}

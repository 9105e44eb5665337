//! What a query has found, read from the bytes of DynamoDB's answer.

use super::Entry;
use crate::attribute_json::from_json;
use crate::{Item, TableError};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, Output, OutputOrError,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SharedResponseDeserializer};
use aws_smithy_types::config_bag::ConfigBag;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

/// Keeps the body of a query's answer and has the SDK decode nothing of it. What is no success goes
/// its usual way, retries included.
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
        let body = response.body().bytes().unwrap_or_default().to_vec();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = body;
        Ok(Output::erase(QueryOutput::builder().build()))
    }
}

/// A query's answer as DynamoDB writes it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page<'a> {
    #[serde(borrow, default)]
    items: Vec<&'a RawValue>,
    last_evaluated_key: Option<&'a RawValue>,
    consumed_capacity: Option<Consumed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Consumed {
    #[serde(default)]
    capacity_units: f64,
}

/// Where an entry stands, by the range keys that indexes have.
#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow)]
    list_at: Option<Cow<'a, str>>,
    #[serde(borrow)]
    list_total: Option<Cow<'a, str>>,
}

/// Entries in order, each with its place; where to go on; and what it cost.
pub(super) struct Entries<T> {
    pub(super) found: Vec<(String, T)>,
    pub(super) rest: Option<Item>,
    pub(super) units: f64,
}

impl Answer {
    /// What was answered, where `by_total` in the order of totals.
    ///
    /// # Errors
    /// [`TableError::Shape`] where it is no such answer.
    pub(super) fn read<T: Entry>(&self, by_total: bool) -> Result<Entries<T>, TableError> {
        let body = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let page: Page<'_> = serde_json::from_slice(&body).map_err(shape("a page of a query"))?;
        let entry = |json: &&RawValue| {
            let place: Place<'_> = from_json(json.get(), &[]).map_err(shape("a place in a list"))?;
            let at = if by_total { place.list_total } else { place.list_at };
            Ok((at.unwrap_or_default().into_owned(), T::read_json(json.get())?))
        };
        Ok(Entries {
            found: page.items.iter().map(entry).collect::<Result<_, TableError>>()?,
            rest: page.last_evaluated_key.map(|key| item_of(key.get())).transpose()?,
            units: page.consumed_capacity.map_or(0.0, |consumed| consumed.capacity_units),
        })
    }
}

/// An item's JSON as an item.
///
/// # Errors
/// [`TableError::Shape`] where it is none.
pub(super) fn item_of(json: &str) -> Result<Item, TableError> {
    let item: serde_dynamo::Item = serde_json::from_str(json).map_err(shape("an item"))?;
    Ok(item.into())
}

/// What was read is not what it should be.
pub(crate) fn shape(what: &'static str) -> impl FnOnce(serde_json::Error) -> TableError {
    move |error| TableError::Shape { what, source: serde::de::Error::custom(error) }
}

//! What a query has found, read from the bytes of DynamoDB's answer.

use super::{Entry, Found, RangeKeys};
use crate::TableError;
use crate::keys::Index;
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
use serde::de::{Deserializer, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
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
#[serde(rename_all = "PascalCase", bound = "T: Entry")]
struct Page<T> {
    items: Entries<T>,
    last_evaluated_key: Option<serde_dynamo::Item>,
    consumed_capacity: Option<Consumed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Consumed {
    #[serde(default)]
    capacity_units: f64,
}

/// Entries in order, each with its range keys, read as they come.
struct Entries<T>(Vec<(RangeKeys, T)>);

impl<'de, T: Entry> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_seq(Each(PhantomData)).map(Self)
    }
}

struct Each<T>(PhantomData<T>);

impl<'de, T: Entry> Visitor<'de> for Each<T> {
    type Value = Vec<(RangeKeys, T)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(One(entry)) = list.next_element()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

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
        let entries = page.items.0.into_iter().map(|(keys, entry)| (keys.in_index(index), entry));
        let found = Found { entries: entries.collect(), rest: page.last_evaluated_key.map(Into::into) };
        Ok((found, page.consumed_capacity.map_or(0.0, |consumed| consumed.capacity_units)))
    }
}

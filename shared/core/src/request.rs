//! The request that work is done for, handed on with the [`App`](crate::app::App).

use crate::idempotency::pending::{Left, Pending};
use http::StatusCode;
use oms_domain::{Error, Order, OrderId, Outcome, UserId};
use oms_runtime::invocation::Invocation;
use oms_runtime::meter::Consumed;
use oms_table::idempotency::{Keyed, RequestKey};
use serde::Serialize;
use std::sync::Arc;

/// A request: what identifies and ends it, and what its `Idempotency-Key` asks for. Work that no
/// request asks for (a consumer's, the operator's) has an empty one.
#[derive(Clone, Debug, Default)]
pub struct RequestContext {
    pub(crate) invocation: Option<Arc<Invocation>>,
    pub(crate) key: Option<Arc<Pending>>,
    pub(crate) replayed: Option<Left>,
}

impl RequestContext {
    /// What it has cost so far.
    pub(crate) fn consumed(&self) -> Option<Consumed> {
        self.invocation.as_ref().map(|invocation| invocation.meter().total())
    }

    /// Who makes it, once their token has been verified.
    pub(crate) fn user(&self) -> Option<UserId> {
        self.invocation.as_ref()?.user().map(|user| UserId(user.to_owned()))
    }

    /// Its idempotency key, for the write whose answer is to be remembered.
    #[must_use]
    pub fn key(&self) -> Keyed<'_> {
        self.key.as_deref().map(|key| key as &dyn RequestKey)
    }

    /// Whether it has an idempotency key.
    #[must_use]
    pub const fn is_keyed(&self) -> bool {
        self.key.is_some()
    }

    /// What the request left of an order whose first answer is read again: shown to who was
    /// answered so before, whatever has become of the order, and of their right to see it, since.
    pub(crate) fn replayed(&self, order: OrderId) -> Option<Left> {
        self.replayed.filter(|left| left.order == order)
    }

    /// What the request has left of an order, where an earlier try of it was cut off after that: it
    /// is not to be decided anew.
    pub(crate) fn resumed(&self, order: OrderId) -> Option<Left> {
        self.key.as_ref()?.resumes.filter(|left| left.order == order)
    }

    /// Says that the request will write again after its next write: it charges or refunds.
    pub fn more_to_come(&self) {
        if let Some(key) = &self.key {
            key.more_to_come();
        }
    }

    /// Says that the answer holds what may be kept nowhere: a repeat reads it again.
    pub fn answer_is_secret(&self) {
        if let Some(key) = &self.key {
            key.answer_is_secret();
        }
    }

    /// Says what the request is going to answer once its next write is done, where that is certain
    /// and cannot be read again: it is remembered with that write.
    ///
    /// # Errors
    /// Where the body is no JSON.
    pub fn will_answer(&self, status: StatusCode, body: &impl Serialize) -> Outcome<()> {
        if let Some(key) = &self.key {
            key.will_answer(status, serde_json::to_string(body).map_err(Error::internal)?);
        }
        Ok(())
    }

    /// Says which order the next write is of, and whether the caller runs it: the answer depends on
    /// both. The first one stays, where there are several.
    pub(crate) fn is_about(&self, order: &Order, manages: Option<bool>) {
        if let Some(key) = &self.key {
            key.is_about(order, manages);
        }
    }
}

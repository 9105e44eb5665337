//! The request that work is done for, handed on with the [`App`].

use crate::app::App;
use crate::idempotency::{Left, Pending};
use axum::extract::FromRequestParts;
use http::request::Parts;
use oms_domain::{OrderId, UserId};
use oms_runtime::invocation::Invocation;
use oms_runtime::meter::Consumed;
use oms_table::idempotency::{Keyed, RequestKey};
use std::convert::Infallible;
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
    /// Its id, its end, what it has cost, and who makes it.
    #[must_use]
    pub fn invocation(&self) -> Option<&Invocation> {
        self.invocation.as_deref()
    }

    /// What it has cost so far.
    pub(crate) fn consumed(&self) -> Option<Consumed> {
        self.invocation().map(|invocation| invocation.meter().total())
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

    /// What the request left of an order whose first answer is read again: shown to who was answered
    /// so before, whatever has become of the order, and of their right to see it, since.
    pub(crate) fn replayed(&self, order: OrderId) -> Option<Left> {
        self.replayed.filter(|left| left.order == order)
    }

    /// What the request has left of an order, where an earlier try of it was cut off after that: it is
    /// not to be decided anew.
    pub(crate) fn resumed(&self, order: OrderId) -> Option<Left> {
        self.key.as_ref()?.resumes.filter(|left| left.order == order)
    }
}

/// The app, for the request in hand.
impl FromRequestParts<App> for App {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let mut request = parts.extensions.get::<RequestContext>().cloned().unwrap_or_default();
        request.invocation = parts.extensions.get::<Arc<Invocation>>().cloned();
        Ok(app.for_request(request))
    }
}

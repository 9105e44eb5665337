//! What belongs to the request in progress, wherever in the code one is.

use crate::clock;
use crate::deadline::Deadline;
use crate::meter::Meter;
use lambda_runtime::Context;
use oms_domain::OrderId;
use std::sync::{Arc, OnceLock};
use tracing::{Instrument, Span};

tokio::task_local! {
    static CURRENT: Arc<Scope>;
}

/// One request or other invocation: its id, its end, what it cost so far, and who makes it once that is known.
#[derive(Debug, Default)]
pub struct Scope {
    request_id: String,
    deadline: Deadline,
    path: Option<String>,
    meter: Meter,
    user: OnceLock<String>,
}

impl Scope {
    /// A request that has cost nothing yet.
    #[must_use]
    pub fn new(request_id: String, deadline: Deadline) -> Self {
        Self { request_id, deadline, path: None, meter: Meter::default(), user: OnceLock::new() }
    }

    /// The same, of a path.
    #[must_use]
    pub fn at(self, path: String) -> Self {
        Self { path: Some(path), ..self }
    }

    /// What the answer, the log and an error name the request by.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Until when it may wait for others.
    #[must_use]
    pub const fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// What the request has cost so far.
    #[must_use]
    pub const fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The subject of the caller's token, once it has been verified.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.get().map(String::as_str)
    }

    /// Notes who calls, for the log. The first one stays.
    pub fn note_user(&self, id: &str) {
        // Another extractor of the same request has noted the same user already.
        let _ = self.user.set(id.to_owned());
        Span::current().record("user", id);
    }
}

/// Runs a future as part of `scope`.
pub async fn within<F: Future>(scope: Arc<Scope>, future: F) -> F::Output {
    CURRENT.scope(scope, future).await
}

/// Runs what a consumer of a stream or a queue does in one invocation.
pub async fn invocation<F: Future>(context: &Context, work: F) -> F::Output {
    let scope = Scope::new(context.request_id.clone(), Deadline::of(context, clock::now()));
    let span = tracing::error_span!("invocation", request_id = scope.request_id());
    within(Arc::new(scope), work.instrument(span)).await
}

/// Notes in the lines that follow which order they are about.
pub fn note_order(order: OrderId) {
    Span::current().record("order", tracing::field::display(order));
}

/// A part of an invocation that is about one of several orders.
#[must_use]
pub fn of_order(order: OrderId) -> Span {
    let scope = current();
    let scope = scope.as_deref();
    tracing::error_span!(
        "order",
        request_id = scope.map(Scope::request_id),
        path = scope.and_then(|scope| scope.path.as_deref()),
        user = scope.and_then(Scope::user),
        %order
    )
}

/// The request in progress; none outside one, as in the operator's command line.
#[must_use]
pub fn current() -> Option<Arc<Scope>> {
    CURRENT.try_with(Arc::clone).ok()
}

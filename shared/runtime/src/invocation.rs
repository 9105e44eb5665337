//! The invocation in progress: its id, its end, who makes it, and what it has cost.
//!
//! It is handed on where code decides by it. Beside that it stands in a task-local, which this
//! crate alone reads: clients of AWS look there for the time that is left and count what they cost,
//! since no signature of theirs has room for it.

use crate::clock;
use crate::deadline::Deadline;
use crate::meter::Meter;
use lambda_runtime::Context;
use oms_domain::OrderId;
use std::sync::{Arc, OnceLock};
use tracing::{Instrument, Span};

tokio::task_local! {
    static CURRENT: Arc<Invocation>;
}

/// One request or other invocation: its id, its end, what it cost so far, and who makes it once
/// that is known.
#[derive(Debug, Default)]
pub struct Invocation {
    request_id: String,
    deadline: Deadline,
    path: Option<String>,
    meter: Meter,
    user: OnceLock<String>,
}

impl Invocation {
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

/// Runs a future as part of `invocation`.
pub async fn within<F: Future>(invocation: Arc<Invocation>, future: F) -> F::Output {
    CURRENT.scope(invocation, future).await
}

/// Runs what a consumer of a stream or a queue does in one invocation.
pub async fn run<F: Future>(context: &Context, work: F) -> F::Output {
    let invocation = Invocation::new(context.request_id.clone(), Deadline::of(context, clock::now()));
    let span = tracing::error_span!("invocation", request_id = invocation.request_id());
    within(Arc::new(invocation), work.instrument(span)).await
}

/// Notes in the lines that follow which order they are about.
pub fn note_order(order: OrderId) {
    Span::current().record("order", tracing::field::display(order));
}

/// A part of an invocation that is about one of several orders.
#[must_use]
pub fn of_order(order: OrderId) -> Span {
    let invocation = current();
    let invocation = invocation.as_deref();
    tracing::error_span!(
        "order",
        request_id = invocation.map(Invocation::request_id),
        path = invocation.and_then(|invocation| invocation.path.as_deref()),
        user = invocation.and_then(Invocation::user),
        %order
    )
}

/// The request in progress; none outside one, as in the operator's command line.
#[must_use]
pub(crate) fn current() -> Option<Arc<Invocation>> {
    CURRENT.try_with(Arc::clone).ok()
}

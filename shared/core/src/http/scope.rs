//! What belongs to the request in progress, wherever in the code one is.

use super::meter::Meter;
use crate::config;
use crate::deadline::Deadline;
use lambda_runtime::Context;
use std::sync::{Arc, OnceLock};
use tracing::Instrument;

tokio::task_local! {
    static CURRENT: Arc<Scope>;
}

/// One request or other invocation: its id, its end, what it cost so far, and who makes it once that is known.
#[derive(Debug, Default)]
pub struct Scope {
    request_id: String,
    deadline: Deadline,
    meter: Meter,
    user: OnceLock<String>,
}

impl Scope {
    /// A request that has cost nothing yet.
    #[must_use]
    pub fn new(request_id: String, deadline: Deadline) -> Self {
        Self { request_id, deadline, meter: Meter::default(), user: OnceLock::new() }
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
    }
}

/// Runs a future as part of `scope`.
pub async fn within<F: Future>(scope: Arc<Scope>, future: F) -> F::Output {
    CURRENT.scope(scope, future).await
}

/// Runs what a consumer of a stream or a queue does in one invocation.
pub async fn invocation<F: Future>(context: &Context, work: F) -> F::Output {
    let scope = Scope::new(context.request_id.clone(), Deadline::of(context, config::now()));
    let span = tracing::error_span!("invocation", request_id = scope.request_id());
    within(Arc::new(scope), work.instrument(span)).await
}

/// The request in progress; none outside one, as in the operator's command line.
#[must_use]
pub fn current() -> Option<Arc<Scope>> {
    CURRENT.try_with(Arc::clone).ok()
}

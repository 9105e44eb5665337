//! What belongs to the request in progress, wherever in the code one is.

use super::meter::Meter;
use std::sync::{Arc, OnceLock};

tokio::task_local! {
    static CURRENT: Arc<Scope>;
}

/// One request: its id, what it cost so far, and who makes it once that is known.
#[derive(Debug, Default)]
pub struct Scope {
    request_id: String,
    meter: Meter,
    user: OnceLock<String>,
}

impl Scope {
    /// A request that has cost nothing yet.
    #[must_use]
    pub fn new(request_id: String) -> Self {
        Self { request_id, meter: Meter::default(), user: OnceLock::new() }
    }

    /// What the answer, the log and an error name the request by.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
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

/// The request in progress; none outside one, as in the consumers of streams and queues.
#[must_use]
pub fn current() -> Option<Arc<Scope>> {
    CURRENT.try_with(Arc::clone).ok()
}

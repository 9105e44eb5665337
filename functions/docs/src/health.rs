//! `GET /api/health/`

use axum::{Extension, Json};
use http::header::CACHE_CONTROL;
use http::{HeaderName, HeaderValue};
use oms_core::app::App;
use oms_core::health::Reached;
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use utoipa::ToSchema;

/// How long what was found out is told again. Anyone may ask, and each look costs calls of AWS.
const RETENTION: Duration = Duration::from_secs(5);

/// How the service is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct HealthView {
    /// `ok`, or `degraded` where something that it needs is out of reach.
    #[schema(example = "ok")]
    status: &'static str,
    /// The release that answers.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The commit that it was built from, in hexadecimal digits; null where the build was not told.
    #[schema(example = "9f1c3e5a7b0d2f4e6a8c0b1d3f5e7a9c1b3d5f70")]
    commit: Option<&'static str>,
    /// Which gateway takes the money: `stripe`, or `simulated`, which takes none.
    #[schema(example = "simulated")]
    gateway: &'static str,
    /// What it could reach, at most five seconds ago.
    reached: ReachedView,
}

/// What the service could reach: each `ok`, `unreachable` or `not_configured`.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReachedView {
    /// The table.
    #[schema(example = "ok")]
    table: &'static str,
    /// The topic of events.
    #[schema(example = "ok")]
    topic: &'static str,
    /// The queue of jobs.
    #[schema(example = "ok")]
    queue: &'static str,
}

/// What the build was told by its variable `GIT_COMMIT`. cargo builds this crate anew when it
/// changes, and no other.
const COMMIT: Option<&str> = option_env!("GIT_COMMIT");

/// What was found out last, and when.
#[derive(Clone, Debug, Default)]
pub(crate) struct Probe(Arc<Mutex<Option<(Instant, Reached)>>>);

impl Probe {
    async fn reached(&self, app: &App) -> Reached {
        let mut last = self.0.lock().await;
        match *last {
            Some((at, reached)) if at.elapsed() < RETENTION => reached,
            Some(_) | None => {
                let reached = app.reach().await;
                *last = Some((Instant::now(), reached));
                reached
            }
        }
    }
}

/// Whether the service is up, which release it is, and what it could reach.
///
/// It is 200 also where something is out of reach, within three seconds: that there is an answer
/// shows that the functions run, and starting others would not help. Monitors look at `status`.
#[utoipa::path(
    get, path = "/api/health/", tag = "documentation",
    responses(
        (status = 200, description = "It is up", body = HealthView),
        (status = 503, description = "Its settings make no sense: `misconfigured`, and `details.settings` names them"),
    ),
)]
pub(crate) async fn health(
    app: App,
    Extension(probe): Extension<Probe>,
) -> ([(HeaderName, HeaderValue); 1], Json<HealthView>) {
    let reached = probe.reached(&app).await;
    let status = if reached.everything() { "ok" } else { "degraded" };
    let reached = ReachedView {
        table: reached.table.as_str(),
        topic: reached.topic.as_str(),
        queue: reached.queue.as_str(),
    };
    let (version, gateway) = (env!("CARGO_PKG_VERSION"), app.config().payment_gateway.name());
    (
        [(CACHE_CONTROL, HeaderValue::from_static("no-store"))],
        Json(HealthView { status, version, commit: COMMIT, gateway, reached }),
    )
}

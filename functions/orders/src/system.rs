//! `GET /api/system/`

use axum::Json;
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use oms_core::app::App;
use oms_core::system::{Depth, Lag, NEWEST};
use oms_domain::Error;
use oms_http::views::{optional_time, time};
use oms_http::{Authenticated, Query, Reply};
use serde::Serialize;
use utoipa::ToSchema;

/// How the parts of the service do.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SystemView {
    /// When it was looked.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    at: String,
    /// What the service could reach.
    parts: Vec<PartView>,
    /// The consumers of the table's stream.
    consumers: Vec<ConsumerView>,
    /// The queues.
    queues: Vec<QueueView>,
    /// What could be redriven: the messages of the queues of failures together; null where one of
    /// these is out of reach.
    #[schema(example = 0)]
    redrivable: Option<u64>,
    /// Whether the statistics are right, where `verify` asks for it: of the users of the newest
    /// orders, five at most, of up to 50 orders each.
    drift: Option<DriftView>,
}

/// Something that the service depends on.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PartView {
    /// `table`, `topic` or `queue`.
    #[schema(example = "table")]
    name: &'static str,
    /// `ok`, `unreachable` or `not_configured`.
    #[schema(example = "ok")]
    reach: &'static str,
}

/// How far a consumer is with the newest 25 orders.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ConsumerView {
    /// `stats-aggregator`, which counts, or `notification-publisher`, which tells.
    #[schema(example = "stats-aggregator")]
    name: &'static str,
    /// How many of these orders have a change that it has not applied yet.
    #[schema(example = 0)]
    orders_behind: usize,
    /// When the oldest of these changes was made; null where there is none.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    behind_since: Option<String>,
}

/// What a queue holds, by its own approximate count; nulls where it is out of reach.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct QueueView {
    /// `jobs`, `settlements`, and of what failed `job_failures` and `stream_failures`.
    #[schema(example = "jobs")]
    name: &'static str,
    /// Messages that wait.
    #[schema(example = 0)]
    waiting: Option<u64>,
    /// Messages that are being worked on.
    #[schema(example = 0)]
    in_flight: Option<u64>,
    /// Messages that are held back until their time.
    #[schema(example = 12)]
    delayed: Option<u64>,
}

/// What a proof of the statistics found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DriftView {
    /// How many orders were added up.
    #[schema(example = 37)]
    orders_verified: u64,
    /// How many counters differ from that: 0 unless something is wrong.
    #[schema(example = 0)]
    counters: usize,
}

/// How the service does behind its requests: what it reaches, how late the stream's consumers are,
/// what waits in the queues, and what has failed. For staff.
#[utoipa::path(
    get, path = "/api/system/", tag = "system",
    params(("verify" = Option<bool>, Query, description = "Also prove counters of some users")),
    responses(
        (status = 200, description = "How it does", body = SystemView),
        (status = 403, description = "The caller is not staff"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn system(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Reply<([(http::HeaderName, HeaderValue); 1], Json<SystemView>)> {
    if !caller.is_staff() {
        return Err(Error::Forbidden.into());
    }
    let (reached, depths, lags) = futures::join!(app.reach(), app.depths(), app.lags());
    let lags = lags?;
    let drift = match query.flag("verify") {
        Some(true) => Some(app.audit(&lags.users).await?),
        Some(false) | None => None,
    };
    let is_failed = |name: &str| name.ends_with("_failures");
    let failed = depths.iter().filter(|(name, _)| is_failed(name));
    let view = SystemView {
        at: time(app.now()),
        parts: [("table", reached.table), ("topic", reached.topic), ("queue", reached.queue)]
            .map(|(name, reach)| PartView { name, reach: reach.as_str() })
            .into(),
        consumers: [("stats-aggregator", lags.counting), ("notification-publisher", lags.telling)]
            .map(|(name, lag)| consumer(name, lag))
            .into(),
        redrivable: failed.map(|(_, depth)| depth.map(|depth| depth.waiting + depth.in_flight)).sum(),
        queues: depths.into_iter().map(|(name, depth)| queue(name, depth)).collect(),
        drift: drift
            .map(|found| DriftView { orders_verified: found.orders, counters: found.differences.len() }),
    };
    Ok(([(CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(view)))
}

fn consumer(name: &'static str, lag: Lag) -> ConsumerView {
    debug_assert!(lag.orders <= NEWEST, "no more are looked at");
    ConsumerView { name, orders_behind: lag.orders, behind_since: optional_time(lag.since) }
}

fn queue(name: &'static str, depth: Option<Depth>) -> QueueView {
    let Some(Depth { waiting, in_flight, delayed }) = depth else {
        return QueueView { name, waiting: None, in_flight: None, delayed: None };
    };
    QueueView { name, waiting: Some(waiting), in_flight: Some(in_flight), delayed: Some(delayed) }
}

//! Bulk updates of more orders than a request waits for, and
//! `GET /api/orders/bulk_update_status/{job}/`

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use oms_core::app::App;
use oms_domain::{Caller, Error, JobId, Kind, OrderId, Outcome, Status};
use oms_http::pages::Links;
use oms_http::views::{optional_time, time};
use oms_http::{Authenticated, PathId, Reply};
use oms_table::entity::FIRST_VERSION;
use oms_table::jobs::{BulkUpdate, PIECE, PieceResult};
use oms_table::schema::UnknownFields;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long a job may stand still before it is put on its way again, in seconds: longer than a
/// message of the queue is out of sight after the worker has died of it.
const STALLED_S: i64 = 1_800;

/// A job has been made of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct BulkAccepted {
    /// The job.
    job: Uuid,
    /// Where to see how far it is, for 30 days.
    #[schema(
        example = "https://api.example.com/api/orders/bulk_update_status/0192f0c0-77aa-7b02-8c11-3d1e5a7b0a07/"
    )]
    status_url: String,
}

impl BulkAccepted {
    /// What is said of a job.
    pub(crate) fn of(job: &BulkUpdate, links: &Links) -> Self {
        let status_url = links.to(&format!("/api/orders/bulk_update_status/{}/", job.id));
        Self { job: job.id.0, status_url }
    }
}

impl IntoResponse for BulkAccepted {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, Json(self)).into_response()
    }
}

/// An order that could not go there.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FailedUpdate {
    /// The order.
    pub(crate) id: Uuid,
    /// Why.
    #[schema(example = "Order cannot be confirmed in its current status")]
    pub(crate) error: String,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum JobStatus {
    /// Nothing has been done yet.
    Pending,
    /// Some of it has been done.
    Running,
    /// All of it has been done.
    Finished,
}

/// A job that moves orders to a status, and what has come of it so far.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct BulkUpdateJob {
    /// The job.
    job: Uuid,
    /// How far it is.
    status: JobStatus,
    /// Where the orders go.
    #[schema(value_type = String, example = "confirmed")]
    target: Status,
    /// How many orders it has, each once.
    #[schema(example = 250)]
    total: usize,
    /// How many of them have been tried for good: those that got there, and those that failed. It
    /// grows by up to 50 at a time.
    #[schema(example = 250)]
    done: usize,
    /// How many got there.
    #[schema(example = 248)]
    updated_count: usize,
    /// How many did not.
    #[schema(example = 2)]
    failed_count: usize,
    /// Those that did not, all of them, in the order in which they were named.
    failed: Vec<FailedUpdate>,
    /// When it was asked for.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    created_at: String,
    /// When the last order was done; null until then.
    #[schema(example = "2026-11-22T10:42:23.901274Z")]
    finished_at: Option<String>,
}

impl BulkUpdateJob {
    fn new(job: &BulkUpdate, results: Vec<PieceResult>) -> Self {
        let updated_count = results.iter().map(|result| result.updated).sum();
        let is_finished = results.len() >= usize::from(job.pieces);
        let status = match (is_finished, results.is_empty()) {
            (true, _) => JobStatus::Finished,
            (false, true) => JobStatus::Pending,
            (false, false) => JobStatus::Running,
        };
        let last = results.iter().map(|result| result.at).max();
        let failed = results.into_iter().flat_map(|result| result.failed);
        let failed: Vec<_> =
            failed.map(|failed| FailedUpdate { id: failed.id, error: failed.error }).collect();
        Self {
            job: job.id.0,
            status,
            target: job.target,
            total: job.total,
            done: updated_count + failed.len(),
            updated_count,
            failed_count: failed.len(),
            failed,
            created_at: time(job.created_at),
            finished_at: optional_time(last.filter(|_| is_finished)),
        }
    }
}

/// A job of a bulk update, which counts for nothing until it is written down.
pub(crate) fn job_of(app: &App, caller: &Caller, orders: &[OrderId], target: Status) -> Outcome<BulkUpdate> {
    let now = app.now();
    Ok(BulkUpdate {
        id: app.new_id(),
        maker: caller.user.id.clone(),
        role: caller.role,
        target,
        total: orders.len(),
        pieces: u16::try_from(orders.len().div_ceil(PIECE)).map_err(Error::internal)?,
        created_at: now,
        started_at: now,
        held_until: None,
        version: FIRST_VERSION,
        unknown: UnknownFields::default(),
    })
}

/// Writes a job down, and the answer with it. It begins with the stream's record of it, so that
/// nothing can come between writing it down and doing it.
pub(crate) async fn write_down(
    app: &App,
    links: &Links,
    job: &BulkUpdate,
    orders: &[OrderId],
) -> Outcome<Response> {
    let accepted = BulkAccepted::of(job, links);
    app.request().will_answer(StatusCode::ACCEPTED, &accepted)?;
    app.table().insert_bulk_update(job, orders, app.request().key()).await?;
    Ok(accepted.into_response())
}

/// Whether nothing has come of what is left of a job for so long that nothing will: its start, or a
/// piece of it, is in a failure queue.
fn is_stalled(job: &BulkUpdate, results: &[PieceResult], now: jiff::Timestamp) -> bool {
    let last = results.iter().map(|result| result.at).max().unwrap_or(job.started_at).max(job.started_at);
    results.len() < usize::from(job.pieces) && now.as_second() - last.as_second() > STALLED_S
}

/// How far a bulk update is that was answered 202, and which of them failed. For who asked for it,
/// and for staff. One that has stood still for half an hour is put on its way again.
#[utoipa::path(
    get, path = "/api/orders/bulk_update_status/{job}/", tag = "orders",
    params(("job" = Uuid, Path, description = "The job")),
    responses(
        (status = 200, description = "How far it is", body = BulkUpdateJob),
        (status = 404, description = "No such job for the caller, or one of more than 30 days ago"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn bulk_update_job(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<JobId>,
) -> Reply<Json<BulkUpdateJob>> {
    let job = app.table().bulk_update(id, app.now()).await?;
    let is_theirs = |job: &BulkUpdate| caller.is_staff() || job.maker == caller.user.id;
    let job = job.filter(is_theirs).ok_or(Error::NotFound(Kind::Job))?;
    let results = app.table().bulk_update_results(id).await?;
    if is_stalled(&job, &results, app.now()) {
        tracing::warn!(%id, "a bulk update stood still: starting it again");
        app.table().restart_bulk_update(&job, app.now()).await?;
    }
    Ok(Json(BulkUpdateJob::new(&job, results)))
}

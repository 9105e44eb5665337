//! `GET /api/users/{id}/erase/{job}/`

use axum::Json;
use jiff::SignedDuration;
use oms_core::app::App;
use oms_domain::{Error, JobId, Kind, UserId};
use oms_http::views::{optional_time, time};
use oms_http::{Authenticated, PathId, Reply};
use oms_table::jobs::erasures::{Erasure, ErasureResult};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long nothing may come of an erasure until it is put on its way again: longer than its record
/// takes through the stream and its rounds through the queue. What is lost of either is no more
/// than a delay then.
const STALLED_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// How far an erasure is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ErasureStatus {
    /// It is under way.
    Pending,
    /// The person is erased.
    Finished,
    /// Orders stood against it.
    Refused,
}

/// The erasure of a person, and what has come of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ErasureJob {
    /// The job.
    job: Uuid,
    /// Who is erased.
    #[schema(example = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11")]
    user: String,
    /// Who asked for it.
    #[schema(example = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c12")]
    by: String,
    /// How far it is: `refused` where an order was placed, or moved again, after it was asked for.
    status: ErasureStatus,
    /// How many orders the person has, all of them erased; null until then.
    #[schema(example = 12)]
    orders: Option<u64>,
    /// The orders that stood against it, up to 20.
    unfinished: Vec<Uuid>,
    /// When it was asked for.
    #[schema(example = "2026-11-22T10:42:21.311047Z")]
    created_at: String,
    /// When it ended; null until then.
    #[schema(example = "2026-11-22T10:42:23.901274Z")]
    finished_at: Option<String>,
}

impl ErasureJob {
    fn new(job: &Erasure, result: Option<ErasureResult>) -> Self {
        let status = match &result {
            None => ErasureStatus::Pending,
            Some(result) if result.unfinished.is_empty() => ErasureStatus::Finished,
            Some(_) => ErasureStatus::Refused,
        };
        let finished_at = optional_time(result.as_ref().map(|result| result.at));
        let orders =
            result.as_ref().filter(|result| result.unfinished.is_empty()).map(|result| result.orders);
        let unfinished = result.map(|result| result.unfinished).unwrap_or_default();
        Self {
            job: job.id.0,
            user: job.person.0.clone(),
            by: job.maker.0.clone(),
            status,
            orders,
            unfinished: unfinished.into_iter().map(|order| order.0).collect(),
            created_at: time(job.created_at),
            finished_at,
        }
    }
}

/// How far the erasure of a person is that was answered 202. One of which nothing has come for an
/// hour is put on its way again.
#[utoipa::path(
    get, path = "/api/users/{id}/erase/{job}/", tag = "users",
    params(
        (
            "id" = String, Path, description = "The user: the subject of their token",
            example = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11",
        ),
        ("job" = Uuid, Path, description = "The job"),
    ),
    responses(
        (status = 200, description = "How far it is", body = ErasureJob),
        (status = 403, description = "The caller is no admin"),
        (status = 404, description = "No such job of the user, or one of more than 30 days ago"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn erasure(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(person): PathId<UserId>,
    PathId(id): PathId<JobId>,
) -> Reply<Json<ErasureJob>> {
    if !caller.is_admin() {
        return Err(Error::Forbidden.into());
    }
    let job = app.table().erasure(id, app.now()).await?;
    let job = job.filter(|job| job.person == person).ok_or(Error::NotFound(Kind::Job))?;
    let result = app.table().erasure_result(id).await?;
    if result.is_none() && app.now().duration_since(job.on_its_way_since()) >= STALLED_AFTER {
        tracing::warn!(%id, "an erasure stood still: starting it again");
        app.table().restart_erasure(&job, app.now()).await?;
    }
    Ok(Json(ErasureJob::new(&job, result)))
}

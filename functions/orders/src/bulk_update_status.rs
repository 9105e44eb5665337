//! `POST /api/orders/bulk_update_status/`

use crate::bulk_update_job::{BulkAccepted, FailedUpdate, job_of, write_down};
use axum::Json;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use oms_core::app::App;
use oms_core::orders::bulk_update::{ByJob, is_open, result_of};
use oms_domain::{Caller, Error, OrderId, Outcome, Role, Status};
use oms_http::error::public_text;
use oms_http::pages::Links;
use oms_http::validation::{Fields, Mode};
use oms_http::{Authenticated, JsonObject, Reply};
use oms_runtime::deadline;
use oms_runtime::logging::chain;
use oms_table::jobs::{BulkUpdate, PIECE};
use serde::Serialize;
use std::collections::HashSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// How many orders one request may name.
const MAX_ORDERS: usize = 10_000;
/// How many of them are moved before it is answered; more are left to a job.
const MAX_AT_ONCE: usize = 100;
/// How many orders are changed at the same time: so many that a hundred of them can be paid back in
/// a function's time through a gateway that takes seconds, and no more than a gateway lets in.
const AT_ONCE: usize = 25;

/// Where some orders go.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct BulkUpdateStatus {
    /// The orders, 1 to 10,000. One that is named twice is moved once.
    #[schema(min_items = 1, max_items = 10_000)]
    order_ids: Vec<Uuid>,
    /// Where they go, by the same rules as the actions.
    #[schema(value_type = String, example = "confirmed")]
    status: Status,
}

/// What became of the orders.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct BulkUpdated {
    /// For people.
    #[schema(example = "Updated 2 orders to confirmed")]
    message: String,
    /// How many are there now.
    #[schema(example = 2)]
    updated_count: usize,
    /// Those that are not.
    failed: Vec<FailedUpdate>,
}

impl BulkUpdateStatus {
    fn read(body: JsonObject) -> Outcome<Self> {
        let mut fields = Fields::new(body.0, Mode::Create);
        let order_ids = fields.values::<Uuid>("order_ids", 1..=MAX_ORDERS);
        let status = fields.required::<Status>("status");
        fields.finish()?;
        let read = order_ids.zip(status).map(|(order_ids, status)| Self { order_ids, status });
        read.ok_or_else(|| Error::internal("a required field was neither read nor refused"))
    }
}

/// Moves some orders to a status, each by itself: those whose rules forbid it are told, the others
/// move. For those who run the orders. Up to 100 are moved before the answer; 101 to 10,000, and
/// what a request's time does not suffice for, by a job, which does what its maker may do, and
/// whose page tells how far it is.
#[utoipa::path(
    post, path = "/api/orders/bulk_update_status/", tag = "orders",
    request_body = BulkUpdateStatus,
    responses(
        (status = 200, description = "Up to 100 orders: what became of them", body = BulkUpdated),
        (status = 202, description = "101 orders and more, or those for which there was no time, or no answer of the gateway: where to see what becomes of them", body = BulkAccepted),
        (status = 400, description = "A field is wrong, or an order is none that the caller may see: nothing has changed"),
        (status = 403, description = "Customers may not"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn bulk_update_status(
    app: App,
    Authenticated(caller): Authenticated,
    links: Links,
    body: JsonObject,
) -> Reply<Response> {
    match caller.role {
        Role::Customer => return Err(Error::Forbidden.into()),
        Role::Vendor | Role::Staff | Role::Admin => {}
    }
    let BulkUpdateStatus { order_ids, status } = BulkUpdateStatus::read(body)?;
    let is_job = order_ids.len() > MAX_AT_ONCE;
    let mut named = HashSet::new();
    let orders: Vec<OrderId> = order_ids.into_iter().filter(|id| named.insert(*id)).map(OrderId).collect();
    check_visible(&app, &caller, &orders).await?;
    let job = job_of(&app, &caller, &orders, status)?;
    if is_job {
        return Ok(write_down(&app, &links, &job, &orders).await?);
    }
    Ok(move_now(&app, &caller, &links, job, &orders).await?)
}

/// Moves some orders as a job would, and leaves what there is no time for to that job. With a key
/// the job is there from the beginning, together with the key's record, and held until the request
/// has ended: wherever that dies, a repeat is told of the job, which ends what was begun.
async fn move_now(
    app: &App,
    caller: &Caller,
    links: &Links,
    mut job: BulkUpdate,
    orders: &[OrderId],
) -> Outcome<Response> {
    if app.request().is_keyed() {
        job.held_until = Some(deadline::end(app.now()));
        app.request().more_to_come();
        write_down(app, links, &job, orders).await?;
    }
    let outcomes = move_all(&app.apart(), caller, orders, &job).await;
    if outcomes.iter().any(|outcome| outcome.as_ref().is_err_and(is_open)) {
        return go_on_later(app, links, &job, orders).await;
    }
    if app.request().is_keyed() {
        note_results(&app.apart(), &job, orders, &outcomes).await;
    }
    Ok(Json(BulkUpdated::new(&job, orders, outcomes)).into_response())
}

/// Leaves the rest to the job.
async fn go_on_later(app: &App, links: &Links, job: &BulkUpdate, orders: &[OrderId]) -> Outcome<Response> {
    tracing::info!(id = %job.id, "a bulk update goes on as a job");
    if job.held_until.is_none() {
        return write_down(app, links, job, orders).await;
    }
    if let Err(error) = app.table().restart_bulk_update(job, app.now()).await {
        tracing::warn!(id = %job.id, error = chain(&error), "a bulk update goes on when it is no longer held");
    }
    Ok(BulkAccepted::of(job, links).into_response())
}

/// Notes what came of the job that was held, so that the worker finds nothing left to do. Where
/// that fails, it finds each order moved.
async fn note_results(app: &App, job: &BulkUpdate, orders: &[OrderId], outcomes: &[Outcome<()>]) {
    for ((orders, outcomes), piece) in orders.chunks(PIECE).zip(outcomes.chunks(PIECE)).zip(0..) {
        let result = result_of(piece, orders, outcomes, app.now());
        if let Err(error) = app.table().finish_bulk_update_piece(job, &result).await {
            tracing::warn!(id = %job.id, error = chain(&error), "what came of a bulk update was not noted");
        }
    }
}

/// Refuses the whole request where it names an order that the caller may not see.
async fn check_visible(app: &App, caller: &Caller, orders: &[OrderId]) -> Outcome<()> {
    let visible = app.visible_to(caller).await?;
    let owners = app.table().owners_of_orders(orders.iter().copied()).await?;
    let seen = owners.iter().filter(|order| visible.sees(caller, &order.user, order.store));
    if seen.count() == orders.len() {
        Ok(())
    } else {
        Err(Error::field("order_ids", "Some order IDs are invalid or don't belong to you."))
    }
}

async fn move_all(app: &App, caller: &Caller, orders: &[OrderId], job: &BulkUpdate) -> Vec<Outcome<()>> {
    let by_job = ByJob { id: job.id, since: job.created_at };
    let moves = orders.iter().copied().map(|id| app.move_order(caller, id, job.target, by_job));
    futures::stream::iter(moves).buffered(AT_ONCE).collect().await
}

impl BulkUpdated {
    fn new(job: &BulkUpdate, orders: &[OrderId], outcomes: Vec<Outcome<()>>) -> Self {
        let failed = orders.iter().zip(outcomes).filter_map(|(id, outcome)| {
            let error = public_text(&outcome.err()?);
            Some(FailedUpdate { id: id.0, error })
        });
        let failed: Vec<_> = failed.collect();
        let updated_count = orders.len() - failed.len();
        let message = format!("Updated {updated_count} orders to {}", job.target);
        Self { message, updated_count, failed }
    }
}

//! `POST /api/orders/bulk_update_status/`

use crate::bulk_update_job::{BulkAccepted, accept};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::HeaderMap;
use oms_core::app::App;
use oms_core::http::error::ErrorBody;
use oms_core::http::pages::Links;
use oms_core::http::validation::{Fields, Mode};
use oms_core::http::{ApiError, Caller, JsonObject, Reply, Role};
use oms_core::idempotency::{IDEMPOTENCY_KEY, more_to_come};
use oms_domain::{OrderId, Status};
use serde::Serialize;
use std::collections::HashSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// How many orders one request may name.
const MAX_ORDERS: usize = 10_000;
/// How many of them are moved before it is answered; more are left to a job.
const MAX_AT_ONCE: usize = 100;
/// How many orders are changed at the same time.
const AT_ONCE: usize = 8;

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

/// An order that could not go there.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FailedUpdate {
    /// The order.
    pub(crate) id: Uuid,
    /// Why.
    #[schema(example = "Order cannot be confirmed in its current status")]
    pub(crate) error: String,
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
    fn read(body: JsonObject) -> Reply<Self> {
        let mut fields = Fields::new(body.0, Mode::Create);
        let order_ids = fields.values::<Uuid>("order_ids", 1..=MAX_ORDERS);
        let status = fields.required::<Status>("status");
        fields.finish()?;
        let read = order_ids.zip(status).map(|(order_ids, status)| Self { order_ids, status });
        read.ok_or_else(|| ApiError::internal("a required field was neither read nor refused"))
    }
}

/// Moves some orders to a status, each by itself: those whose rules forbid it are told, the others
/// move. For those who run the orders. Up to 100 are moved before the answer; 101 to 10,000 by a job,
/// which does what its maker may do, and whose page tells how far it is.
#[utoipa::path(
    post, path = "/api/orders/bulk_update_status/", tag = "orders",
    request_body = BulkUpdateStatus,
    responses(
        (status = 200, description = "Up to 100 orders: what became of them", body = BulkUpdated),
        (status = 202, description = "101 orders and more: where to see what becomes of them", body = BulkAccepted),
        (status = 400, description = "A field is wrong, or an order is none that the caller may see: nothing has changed", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 403, description = "Customers may not", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn bulk_update_status(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    links: Links,
    body: JsonObject,
) -> Reply<Response> {
    match caller.role {
        Role::Customer => return Err(ApiError::Forbidden),
        Role::Vendor | Role::Staff | Role::Admin => {}
    }
    let BulkUpdateStatus { order_ids, status } = BulkUpdateStatus::read(body)?;
    let is_job = order_ids.len() > MAX_AT_ONCE;
    let mut named = HashSet::new();
    let orders: Vec<OrderId> = order_ids.into_iter().filter(|id| named.insert(*id)).map(OrderId).collect();
    check_visible(&app, &caller, &orders).await?;
    if is_job {
        return accept(&app, &caller, &links, &orders, status).await;
    }
    more_to_come();
    // The first write takes the key's record with it, so there must be one that is first.
    let at_once = if headers.contains_key(&IDEMPOTENCY_KEY) { 1 } else { AT_ONCE };
    Ok(Json(move_all(&app, &caller, &orders, status, at_once).await).into_response())
}

/// Refuses the whole request where it names an order that the caller may not see.
async fn check_visible(app: &App, caller: &Caller, orders: &[OrderId]) -> Reply<()> {
    let visible = app.visible_to(caller).await?;
    let owners = app.table().owners_of_orders(orders.iter().copied()).await?;
    let seen = owners.iter().filter(|order| visible.sees(caller, &order.user, order.store));
    if seen.count() == orders.len() {
        Ok(())
    } else {
        Err(ApiError::field("order_ids", "Some order IDs are invalid or don't belong to you."))
    }
}

async fn move_all(
    app: &App,
    caller: &Caller,
    orders: &[OrderId],
    status: Status,
    at_once: usize,
) -> BulkUpdated {
    let moves = orders.iter().copied().map(|id| app.move_order(caller, id, status, None));
    let outcomes: Vec<_> = futures::stream::iter(moves).buffered(at_once).collect().await;
    let failed = orders.iter().zip(outcomes).filter_map(|(id, outcome)| {
        let error = outcome.err()?.to_string();
        Some(FailedUpdate { id: id.0, error })
    });
    let failed: Vec<_> = failed.collect();
    let updated_count = orders.len() - failed.len();
    let message = format!("Updated {updated_count} orders to {status}");
    BulkUpdated { message, updated_count, failed }
}

//! `POST /api/orders/bulk_update_status/`

use crate::actions::settle;
use axum::Json;
use axum::extract::State;
use futures::StreamExt;
use http::HeaderMap;
use oms_core::app::App;
use oms_core::http::error::ErrorBody;
use oms_core::http::logging::chain;
use oms_core::http::validation::{Fields, Mode};
use oms_core::http::{ApiError, Caller, JsonObject, Reply, Role};
use oms_core::idempotency::{IDEMPOTENCY_KEY, more_to_come};
use oms_domain::{OrderId, Status};
use serde::Serialize;
use std::collections::HashSet;
use utoipa::ToSchema;
use uuid::Uuid;

/// How many orders one request may name.
const MAX_ORDERS: usize = 100;
/// How many orders are changed at the same time.
const AT_ONCE: usize = 8;

/// Where some orders go.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct BulkUpdateStatus {
    /// The orders, 1 to 100.
    #[schema(min_items = 1, max_items = 100)]
    order_ids: Vec<Uuid>,
    /// Where they go, by the same rules as the actions.
    #[schema(value_type = String, example = "confirmed")]
    status: Status,
}

/// An order that could not go there.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FailedUpdate {
    /// The order.
    id: Uuid,
    /// Why.
    #[schema(example = "Order cannot be confirmed in its current status")]
    error: String,
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
/// move. For those who run the orders.
#[utoipa::path(
    post, path = "/api/orders/bulk_update_status/", tag = "orders",
    request_body = BulkUpdateStatus,
    responses(
        (status = 200, description = "What became of them", body = BulkUpdated),
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
    body: JsonObject,
) -> Reply<Json<BulkUpdated>> {
    match caller.role {
        Role::Customer => return Err(ApiError::Forbidden),
        Role::Vendor | Role::Staff | Role::Admin => {}
    }
    let BulkUpdateStatus { mut order_ids, status } = BulkUpdateStatus::read(body)?;
    let mut named = HashSet::new();
    order_ids.retain(|id| named.insert(*id));
    check_visible(&app, &caller, &order_ids).await?;
    more_to_come();
    // The first write takes the key's record with it, so there must be one that is first.
    let at_once = if headers.contains_key(&IDEMPOTENCY_KEY) { 1 } else { AT_ONCE };
    let moves = order_ids.iter().copied().map(|id| move_one(&app, &caller, OrderId(id), status));
    let outcomes: Vec<_> = futures::stream::iter(moves).buffered(at_once).collect().await;
    let failed = order_ids.iter().zip(outcomes).filter_map(|(id, outcome)| {
        let error = outcome.err()?.to_string();
        Some(FailedUpdate { id: *id, error })
    });
    let failed: Vec<_> = failed.collect();
    let updated_count = order_ids.len() - failed.len();
    let message = format!("Updated {updated_count} orders to {status}");
    Ok(Json(BulkUpdated { message, updated_count, failed }))
}

/// Refuses the whole request where it names an order that the caller may not see.
async fn check_visible(app: &App, caller: &Caller, ids: &[Uuid]) -> Reply<()> {
    let visible = app.visible_to(caller).await?;
    let orders = app.table().orders(ids.iter().map(|id| OrderId(*id))).await?;
    let seen = orders.iter().filter(|order| visible.sees(caller, &order.user.id, order.store.id));
    if seen.count() == ids.len() {
        Ok(())
    } else {
        Err(ApiError::field("order_ids", "Some order IDs are invalid or don't belong to you."))
    }
}

async fn move_one(app: &App, caller: &Caller, id: OrderId, status: Status) -> Reply<()> {
    let moved = app.orders(caller).change(id, |seen, by| {
        let order = seen.managed()?;
        Ok(order.move_to(status, true, by)?)
    });
    let outcome = async { settle(app, caller, moved.await?).await }.await;
    if let Err(error @ (ApiError::Internal(_) | ApiError::Unavailable(_))) = &outcome {
        tracing::error!(order = %id, error = chain(error), "an order was not moved");
    }
    outcome.map(|_| ())
}

//! `PUT` and `PATCH /api/notifications/subscriptions/{id}/`

use super::fields::{May, SubscriptionFields, SubscriptionPatch};
use super::follow::{follow, full};
use super::view::SubscriptionView;
use super::{Record, check_store, load, manager, tagged};
use oms_core::app::App;
use oms_core::races::retried;
use oms_domain::subscription::Subscription;
use oms_domain::{Caller, Outcome, SubscriptionId};
use oms_http::Tagged;
use oms_http::etag::IfMatch;
use oms_http::responses::{Changed, SellersOnly};
use oms_http::validation::Mode;
use oms_http::{JsonObject, Reply, Target};
use oms_table::notifications::subscriptions::{SubscriptionRecord, is_full};

/// Changes what an endpoint hears of, as a whole. Its protocol and endpoint must be as they are.
#[utoipa::path(
    put, path = "/api/notifications/subscriptions/{id}/", tag = "notifications",
    params(("id" = uuid::Uuid, Path, description = "The subscription")),
    request_body(content = SubscriptionFields, example = json!({
        "protocol": "email", "endpoint": "orders@shop.example.com",
        "event_types": ["order.confirmed", "order.shipped"], "store": "0192f0c0-11aa-7b02-8c11-3d1e5a7b0a01",
    })),
    responses(Changed<SubscriptionView>, SellersOnly, (status = 503, description = "SNS cannot be reached")),
    security(("bearer" = [])),
)]
pub(crate) async fn update_subscription(
    app: App,
    Target { caller, id, expected }: Target<SubscriptionId>,
    body: JsonObject,
) -> Reply<Tagged<SubscriptionView>> {
    Ok(update(&app, &caller, id, &expected, body, Mode::Update).await?)
}

/// Changes what an endpoint hears of.
#[utoipa::path(
    patch, path = "/api/notifications/subscriptions/{id}/", tag = "notifications",
    params(("id" = uuid::Uuid, Path, description = "The subscription")),
    request_body(content = SubscriptionPatch, example = json!({ "event_types": ["order.delivered"] })),
    responses(Changed<SubscriptionView>, SellersOnly, (status = 503, description = "SNS cannot be reached")),
    security(("bearer" = [])),
)]
pub(crate) async fn partial_update_subscription(
    app: App,
    Target { caller, id, expected }: Target<SubscriptionId>,
    body: JsonObject,
) -> Reply<Tagged<SubscriptionView>> {
    Ok(update(&app, &caller, id, &expected, body, Mode::Partial).await?)
}

async fn update(
    app: &App,
    caller: &Caller,
    id: SubscriptionId,
    expected: &IfMatch,
    body: JsonObject,
    mode: Mode,
) -> Outcome<Tagged<SubscriptionView>> {
    manager(caller)?;
    app.request().more_to_come();
    // Also where nothing was to change: an earlier attempt may have been cut off.
    let record = retried(|| try_to_want(app, caller, id, expected, body.clone(), mode)).await?;
    Ok(tagged(&follow(app, record, caller.is_staff()).await?))
}

async fn try_to_want(
    app: &App,
    caller: &Caller,
    id: SubscriptionId,
    expected: &IfMatch,
    body: JsonObject,
    mode: Mode,
) -> Outcome<Record> {
    let seen = load(app, caller, id).await?;
    expected.check(seen.version)?;
    let may = May::change(app, &seen.entity.subscription);
    let fields = SubscriptionFields::read(body, mode, &may)?;
    want(app, caller, &seen, fields).await
}

/// Writes what is wanted now, where that is something else.
async fn want(app: &App, caller: &Caller, seen: &Record, fields: SubscriptionFields) -> Outcome<Record> {
    let before = &seen.entity.subscription;
    let store = fields.store.unwrap_or(before.store);
    if store != before.store {
        check_store(app, caller, store).await?;
        if store.is_some() && is_full(&app.table().subscriptions().await?, before.id, store) {
            return Err(full());
        }
    }
    let event_types = fields.event_types.unwrap_or_else(|| before.event_types.clone());
    if store == before.store && event_types == before.event_types {
        return Ok(seen.clone());
    }
    let subscription = Subscription { store, event_types, updated_at: app.now(), ..before.clone() };
    let record = SubscriptionRecord { subscription, ..seen.entity.clone() };
    Ok(app.table().want_subscription(Some(seen), &record, app.request().key()).await?)
}

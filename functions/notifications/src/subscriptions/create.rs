//! `POST /api/notifications/subscriptions/`

use super::fields::{May, SubscriptionFields};
use super::follow::{follow, full, not_ended, refreshed, refusal, taken};
use super::view::SubscriptionView;
use super::{Record, check_store, manager, manages, tagged};
use http::StatusCode;
use oms_core::app::App;
use oms_core::events::topic::Wanted;
use oms_core::races::retried;
use oms_domain::subscription::{Subscription, SubscriptionStatus};
use oms_domain::{Caller, Error, Outcome};
use oms_http::Tagged;
use oms_http::responses::{Created, SellersOnly};
use oms_http::validation::Mode;
use oms_http::{Authenticated, JsonObject, Reply};
use oms_table::notifications::subscriptions::{SubscriptionRecord, id_of, is_full};

/// Lets an endpoint hear of events. It is asked to agree first: a mail address by a mail with a
/// link, a server by a POST that names one; until then the status is `pending`. An endpoint can be
/// subscribed once.
#[utoipa::path(
    post, path = "/api/notifications/subscriptions/", tag = "notifications",
    request_body(content = SubscriptionFields, example = json!({
        "protocol": "email", "endpoint": "orders@shop.example.com",
        "event_types": ["order.confirmed", "order.shipped"], "store": "0192f0c0-11aa-7b02-8c11-3d1e5a7b0a01",
    })),
    responses(
        Created<SubscriptionView>, SellersOnly,
        (status = 400, description = "A field is wrong, the endpoint is subscribed already, or there is no room for more"),
        (status = 503, description = "SNS cannot be reached"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create_subscription(
    app: App,
    Authenticated(caller): Authenticated,
    body: JsonObject,
) -> Reply<(StatusCode, Tagged<SubscriptionView>)> {
    manager(&caller)?;
    let fields = SubscriptionFields::read(body, Mode::Create, &May::make(&app, &caller))?;
    let store = fields.store.flatten();
    check_store(&app, &caller, store).await?;
    let (Some(protocol), Some(endpoint), Some(event_types)) =
        (fields.protocol, fields.endpoint, fields.event_types)
    else {
        return Err(Error::internal("a required field was neither read nor refused").into());
    };
    let now = app.now();
    let topic = app.bus().map_err(Error::internal)?.topic();
    let id = id_of(topic, protocol, &endpoint);
    let created_by = caller.user.id.clone();
    let wanted = Subscription {
        id,
        protocol,
        endpoint,
        event_types,
        store,
        created_by,
        created_at: now,
        updated_at: now,
    };
    app.request().more_to_come();
    let record = want(&app, &caller, wanted).await?;
    let record = follow(&app, record, caller.is_staff()).await?;
    if let Err(error) = check_store(&app, &caller, store).await {
        // The store has changed hands meanwhile: who ends its subscriptions may not have seen this
        // one.
        app.end_subscription(&record).await.map_err(not_ended)?;
        return Err(error.into());
    }
    tracing::info!(subscription = %id, %protocol, "subscribed");
    Ok((StatusCode::CREATED, tagged(&record)))
}

/// Writes what is wanted where the endpoint is not subscribed: there is no record of it, or one of
/// an attempt that was cut off, or one of an endpoint that hears no more.
async fn want(app: &App, caller: &Caller, wanted: Subscription) -> Outcome<Record> {
    retried(|| try_to_want(app, caller, &wanted)).await
}

async fn try_to_want(app: &App, caller: &Caller, wanted: &Subscription) -> Outcome<Record> {
    let seen = app.table().subscription(wanted.id).await?;
    match &seen {
        Some(seen) if !is_free(app, caller, seen).await? => return Err(taken()),
        _ if is_full(&app.table().subscriptions().await?, wanted.id, wanted.store) => return Err(full()),
        Some(_) => {}
        None if !caller.is_staff() && is_taken(app, wanted).await? => return Err(taken()),
        None => {}
    }
    let record = SubscriptionRecord {
        subscription: wanted.clone(),
        arn: seen.as_ref().and_then(|seen| seen.entity.arn.clone()),
        applied: 0,
        status: SubscriptionStatus::Pending,
    };
    Ok(app.table().want_subscription(seen.as_ref(), &record, app.request().key()).await?)
}

/// Whether somebody has subscribed an endpoint at the topic by hand: only staff take that over.
async fn is_taken(app: &App, wanted: &Subscription) -> Outcome<bool> {
    let bus = app.bus().map_err(Error::internal)?;
    bus.has(&Wanted::new(wanted)).await.map_err(refusal)
}

/// Whether an endpoint that has a record may be subscribed again.
async fn is_free(app: &App, caller: &Caller, seen: &Record) -> Outcome<bool> {
    if seen.entity.applied == 0 {
        return manages(app, caller, seen).await;
    }
    let now = refreshed(app, seen.clone()).await?;
    Ok(now.entity.status == SubscriptionStatus::Unsubscribed)
}

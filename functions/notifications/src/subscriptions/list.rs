//! `GET /api/notifications/subscriptions/`

use super::follow::refreshed;
use super::view::SubscriptionView;
use super::{Record, manager};
use axum::Json;
use futures::{StreamExt, TryStreamExt};
use oms_core::app::App;
use oms_core::lists::paging::{ByTime, Sorting};
use oms_domain::StoreId;
use oms_domain::subscription::SubscriptionStatus;
use oms_http::pages::Links;
use oms_http::responses::{Listed, SellersOnly};
use oms_http::search::contains_all;
use oms_http::{Authenticated, Page, PageRequest, Query, Reply};

/// How many subscriptions the topic is asked about at the same time.
const AT_ONCE: usize = 8;

/// The subscriptions that the caller manages, newest first: a vendor's those of their stores, for
/// staff all. An endpoint that had agreed when it was last looked at is shown so.
#[utoipa::path(
    get, path = "/api/notifications/subscriptions/", tag = "notifications",
    params(
        ("search" = Option<String>, Query, description = "Terms that the endpoint or the protocol must contain"),
        ("ordering" = Option<String>, Query, description = "`created_at`, or `-created_at`, which it is unless said otherwise"),
    ),
    responses(
        Listed<Page<SubscriptionView>>, SellersOnly,
        (status = 503, description = "SNS cannot be reached"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list_subscriptions(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<SubscriptionView>>> {
    manager(&caller)?;
    let mut records = app.table().subscriptions().await?;
    if !caller.is_staff() {
        let stores = app.table().stores_of(&caller.user.id).await?;
        let own: Vec<StoreId> = stores.into_iter().map(|store| store.id).collect();
        let is_own =
            |record: &Record| record.entity.subscription.store.is_some_and(|store| own.contains(&store));
        records.retain(is_own);
    }
    let (by, terms) = (Sorting::<ByTime>::read(&query), query.search_terms());
    records.retain(|record| {
        let subscription = &record.entity.subscription;
        contains_all([subscription.endpoint.as_str(), subscription.protocol.as_str()], &terms)
    });
    let place = |record: &Record| {
        let subscription = &record.entity.subscription;
        by.place_in_time(subscription.created_at, subscription.id.0)
    };
    let placed = records.into_iter().map(|record| (place(&record), record)).collect();
    let mut cut = by.cut(placed, &request, by.at(&request)?.as_ref())?;
    let ends = cut.ends(place);
    let shown = futures::stream::iter(std::mem::take(&mut cut.listed)).map(|record| async {
        let is_settled = record.entity.applied == record.version;
        if is_settled && record.entity.status == SubscriptionStatus::Confirmed {
            Ok(record)
        } else {
            refreshed(&app, record).await
        }
    });
    let shown: Vec<Record> = shown.buffered(AT_ONCE).try_collect().await?;
    let shown = shown.iter().map(|record| (place(record), SubscriptionView::from(&record.entity))).collect();
    Ok(Json(by.page(&cut, ends, shown, &links)))
}

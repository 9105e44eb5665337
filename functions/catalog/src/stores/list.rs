//! `GET /api/stores/`

use super::view::StoreView;
use crate::access;
use crate::listing::{self, Entry};
use axum::Json;
use oms_core::app::App;
use oms_core::lists::just_changed::{CatalogueWrite, JustChanged};
use oms_domain::catalog::StoreStatus;
use oms_domain::{Caller, Outcome, StoreId};
use oms_http::pages::Links;
use oms_http::responses::Listed;
use oms_http::{Authenticated, Page, PageRequest, Query, Reply};
use oms_table::catalog::stores::StoreSummary;

/// The stores that the caller may see, newest first: those that sell; a vendor's also their own;
/// for staff all.
#[utoipa::path(
    get, path = "/api/stores/", tag = "stores",
    params(
        ("status" = Option<String>, Query, description = "`active` or `inactive`"),
        ("owned" = Option<bool>, Query, description = "Only those that the caller owns"),
        ("search" = Option<String>, Query, description = "Terms that the name must contain"),
        ("ordering" = Option<String>, Query, description = "`created_at` or `name`, with `-` for descending"),
    ),
    responses(Listed<Page<StoreView>>, (status = 400, description = "A filter's value is no choice")),
    security(("bearer" = [])),
)]
pub(crate) async fn list(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<StoreView>>> {
    let status = query.choice("status", |word| word.parse().ok())?;
    let statuses = visible_statuses(&caller, status);
    let is_store = |write: &CatalogueWrite| matches!(write, CatalogueWrite::Store(_));
    let changed = app.changed_catalogue(&caller, is_store).await?.stores;
    let only_own = query.flag("owned") == Some(true);
    let is_own = |store: &StoreSummary| store.owner.as_ref() == Some(&caller.user.id);
    let found = match listing::by_time(&query).filter(|_| !only_own) {
        Some(sorting) => {
            let others = own_hidden(&app, &caller, &statuses, &changed).await?;
            let all: Vec<_> = statuses.into_iter().filter(|status| shows_all(&caller, *status)).collect();
            let cut = app.stores_by_time(&all, &changed, others, &sorting, &request).await?;
            let made = |store: &StoreSummary| (store.created_at, store.id.0);
            listing::found_by_time(sorting, cut, made, |store| store.id)
        }
        None => {
            let mut stores = match only_own {
                true => app.table().stores_of(&caller.user.id).await?,
                false => listing::complete(app.table().stores_with(&statuses).await?, "stores")?,
            };
            changed.put_into(&mut stores);
            stores.retain(|store| statuses.contains(&store.status) && is_visible(&caller, store));
            stores.retain(|store| !only_own || is_own(store));
            listing::found(stores.into_iter().map(entry).collect(), &query, &request)?
        }
    };
    let stores = app.table().stores(found.listed().into_iter().copied()).await?;
    let view = |id: &StoreId| stores.iter().find(|store| store.id == *id).map(StoreView::from);
    Ok(Json(found.page(view, &links)))
}

/// The statuses of which the caller may see any at all.
fn visible_statuses(caller: &Caller, asked: Option<StoreStatus>) -> Vec<StoreStatus> {
    let all = StoreStatus::ALL.iter().copied();
    all.filter(|status| asked.is_none_or(|asked| asked == *status))
        .filter(|status| access::sells(caller).is_ok() || *status == StoreStatus::Active)
        .collect()
}

/// Whether the caller sees all stores of a status.
fn shows_all(caller: &Caller, status: StoreStatus) -> bool {
    caller.is_staff() || status == StoreStatus::Active
}

/// A vendor's own stores of the statuses of which they see no others.
async fn own_hidden(
    app: &App,
    caller: &Caller,
    statuses: &[StoreStatus],
    changed: &JustChanged<StoreSummary>,
) -> Outcome<Vec<StoreSummary>> {
    if !caller.is_vendor() || statuses.iter().all(|status| shows_all(caller, *status)) {
        return Ok(Vec::new());
    }
    let mut own = app.table().stores_of(&caller.user.id).await?;
    changed.put_into(&mut own);
    own.retain(|store| access::manages(caller, store.owner.as_ref()));
    own.retain(|store| statuses.contains(&store.status) && !shows_all(caller, store.status));
    Ok(own)
}

fn is_visible(caller: &Caller, store: &StoreSummary) -> bool {
    store.status == StoreStatus::Active || access::manages(caller, store.owner.as_ref())
}

fn entry(store: StoreSummary) -> Entry<StoreId> {
    Entry {
        id: store.id.0,
        searched: vec![store.name.clone()],
        name: store.name,
        created_at: store.created_at,
        shown: store.id,
    }
}

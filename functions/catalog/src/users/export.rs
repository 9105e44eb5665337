//! `GET /api/users/{id}/export/`

mod orders;
mod place;
mod view;

use axum::Json;
use oms_core::app::App;
use oms_domain::{Caller, Error, Kind, Outcome, UserId};
use oms_http::pages::{Links, PageNumber, PageRequest};
use oms_http::views::details::UserDetails;
use oms_http::{Authenticated, PathId, Reply};
use oms_table::notifications::{Start, Wanted};
use place::{OrderPlace, Place};
use view::{ExportedNotification, ExportedSubscription, PersonalExport};

/// All that is kept of a person, on as many pages as it takes: the first has their profile,
/// addresses and subscriptions and their newest notifications; those that follow the other
/// notifications, then their orders, the oldest first, each with its payments and its history. An
/// order whose history does not fit stands on the next page again, with the rest of it. What the
/// pages have of a list belongs together. For the person themself, and for admins.
#[utoipa::path(
    get, path = "/api/users/{id}/export/", tag = "users",
    params((
        "id" = String, Path, description = "The user: the subject of their token",
        example = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11",
    )),
    responses(
        (status = 200, description = "A page", body = PersonalExport),
        (status = 403, description = "Staff who are no admins"),
        (status = 404, description = "No such user for the caller, or no such page"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn export(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(person): PathId<UserId>,
    request: PageRequest,
    links: Links,
) -> Reply<Json<PersonalExport>> {
    check_may_read(&app, &caller, &person).await?;
    let number = match (request.number, &request.cursor) {
        (PageNumber::Nth(1), None) => 1,
        // Only the page before tells where the next one begins.
        (PageNumber::Nth(_) | PageNumber::Last, None) | (PageNumber::Last, Some(_)) => {
            return Err(Error::NoSuchPage.into());
        }
        (PageNumber::Nth(number), Some(_)) => number,
    };
    tracing::info!(%person, by = %caller.user.id, number, "what is kept of a person is handed out");
    let mut page = PersonalExport::of(&person);
    let size = usize::try_from(request.size).map_err(Error::internal)?;
    let next = match Place::read(request.cursor.as_deref())? {
        Place::Beginning => {
            describe(&app, &person, &mut page).await?;
            notifications(&app, &person, Start::Newest, size, &mut page).await?
        }
        Place::Notifications(last) => {
            notifications(&app, &person, Start::OlderThan(last), size, &mut page).await?
        }
        Place::Orders(from) => orders::read(&app, &person, from, size, &mut page).await?,
    };
    page.next = next.map(|next| links.page(number + 1, Some(&next.to_string())));
    Ok(Json(page))
}

/// Lets in whose it is, and admins.
///
/// # Errors
/// 403 for other staff, who see everybody's orders but may not do this; 404 for everybody else, and
/// for admins where nothing is kept.
async fn check_may_read(app: &App, caller: &Caller, person: &UserId) -> Outcome<()> {
    if caller.user.id == *person {
        Ok(())
    } else if caller.is_admin() {
        if app.is_known(person).await? { Ok(()) } else { Err(Error::NotFound(Kind::User)) }
    } else if caller.is_staff() {
        Err(Error::Forbidden)
    } else {
        Err(Error::NotFound(Kind::User))
    }
}

/// Adds what there is of a person once: who they are by their last order, where they live, whom
/// they have subscribed.
async fn describe(app: &App, person: &UserId, page: &mut PersonalExport) -> Outcome<()> {
    let last = app.table().last_order_of(person).await?;
    page.profile = last.as_ref().map(|order| UserDetails::from(&order.user));
    page.addresses = app.table().addresses(person).await?.iter().map(Into::into).collect();
    let mut subscriptions = app.subscribed_by(person).await?;
    subscriptions.sort_by_key(|one| one.entity.subscription.created_at);
    page.subscriptions = subscriptions.iter().map(|one| ExportedSubscription::from(&one.entity)).collect();
    Ok(())
}

/// Adds notifications, the newest first; where to go on.
async fn notifications(
    app: &App,
    person: &UserId,
    from: Start,
    size: usize,
    page: &mut PersonalExport,
) -> Outcome<Option<Place>> {
    let now = app.now();
    let inbox = app.table().inbox(person, now).await?;
    let found = app.table().notifications(person, &inbox, Wanted::default(), from, size, now).await?;
    let last = found.last().filter(|_| found.len() >= size).map(|last| last.id);
    page.notifications = found.into_iter().map(ExportedNotification::from).collect();
    Ok(Some(last.map_or(Place::Orders(OrderPlace::default()), Place::Notifications)))
}

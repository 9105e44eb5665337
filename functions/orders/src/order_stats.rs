//! `GET /api/orders/order_stats/`

use axum::Json;
use axum::extract::State;
use oms_core::app::App;
use oms_core::http::error::ErrorBody;
use oms_core::http::{Caller, Query, Reply};
use oms_core::views::statistics::OrderStats;

/// How many of the newest orders the statistics show.
const RECENT: usize = 10;

/// Statistics of the orders that the caller may see: their own; all for staff; of one store with
/// `?store=`, for those who run it.
#[utoipa::path(
    get, path = "/api/orders/order_stats/", tag = "orders",
    params(
        ("store" = Option<uuid::Uuid>, Query, description = "Only this store's orders; for those who run it"),
        ("user" = Option<String>, Query, description = "Only this user's orders; for staff"),
        ("tz" = Option<String>, Query, description = "Whose days and months: an IANA time zone; the deployment's where it is left out", example = "Europe/Paris"),
        ("verify" = Option<bool>, Query, description = "For admins: also compare the counters with what up to 10,000 orders' logs add up to"),
    ),
    responses(
        (status = 200, description = "The statistics", body = OrderStats),
        (status = 400, description = "The store does not exist for the caller, or the time zone does not", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn order_stats(
    State(app): State<App>,
    caller: Caller,
    query: Query,
) -> Reply<Json<OrderStats>> {
    let asked = app.statistics_asked_by(&caller, &query).await?;
    let calendar = app.calendar_asked_by(&query)?;
    let counts = app.counts_of(&asked, &calendar).await?;
    let recent = app.newest_of(&asked, RECENT).await?;
    let mut stats = OrderStats::new(&counts, app.config().currency, &calendar, &recent);
    // Like `?user=`, it is ignored from those who may not ask.
    if caller.is_admin() && query.get("verify") == Some("true") {
        stats.verification = Some((&app.verify(&asked).await?).into());
    }
    Ok(Json(stats))
}

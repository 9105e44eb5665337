//! `GET /api/orders/order_stats/`

use oms_core::app::App;
use oms_core::response_cache::Answer;
use oms_core::statistics::read_your_writes::Snapshot;
use oms_domain::Error;
use oms_domain::reconciliation::Verified;
use oms_http::views::statistics::OrderStats;
use oms_http::{Authenticated, Query, Reply};

/// Statistics of the orders that the caller may see: their own; a vendor's also those of their
/// stores; all for staff.
#[utoipa::path(
    get, path = "/api/orders/order_stats/", tag = "orders",
    params(
        ("store" = Option<uuid::Uuid>, Query, description = "Only this store's orders: all of them for those who run it, their own for others"),
        ("user" = Option<String>, Query, description = "Only this user's orders; of others than the caller only for staff"),
        ("tz" = Option<String>, Query, description = "Whose days and months: an IANA time zone; the deployment's where it is left out", example = "Europe/Paris"),
        ("verify" = Option<bool>, Query, description = "For admins: also compare the counters with what up to 10,000 orders' logs add up to"),
    ),
    responses(
        (status = 200, description = "The statistics", body = OrderStats),
        (status = 400, description = "The time zone does not exist, or there are too many orders to add up"),
        (status = 403, description = "`user` is somebody else, or `verify` is set, and the caller may not ask"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn order_stats(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Reply<Answer> {
    let asked = app.statistics_asked_by(&caller, &query).await?;
    let calendar = app.calendar_asked_by(&query)?;
    let verifies = query.flag("verify") == Some(true);
    if verifies && !caller.is_admin() {
        return Err(Error::Forbidden.into());
    }
    let zone = query.filled("tz").unwrap_or_default();
    let question = (!verifies).then(|| format!("order_stats {asked:?} {zone}"));
    let (app, asked, calendar) = (&app, &asked, &calendar);
    let nothing = async { Ok(()) };
    let make = |Snapshot { counts, newest, .. }, ()| async move {
        let mut stats = OrderStats::new(&counts, app.config().currency, calendar, &newest);
        if verifies {
            let verified = match asked.is_folded() {
                true => Verified { orders: stats.total_orders, ..Verified::default() },
                false => app.verify(asked).await?,
            };
            stats.verification = Some((&verified).into());
        }
        Ok(stats)
    };
    Ok(app.statistics(&caller, asked, calendar, question, nothing, make).await?)
}

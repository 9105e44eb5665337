//! `GET /api/payments/payment_stats/`

use oms_core::app::App;
use oms_core::response_cache::Answer;
use oms_core::statistics::OTHERS;
use oms_core::statistics::read_your_writes::Snapshot;
use oms_domain::PaymentEntry;
use oms_http::views::statistics::PaymentStats;
use oms_http::{Authenticated, Query, Reply};

/// Statistics of the payments that the caller may see: their own; a vendor's also those of their
/// stores; all for staff.
#[utoipa::path(
    get, path = "/api/payments/payment_stats/", tag = "payments",
    params(
        ("store" = Option<uuid::Uuid>, Query, description = "Only this store's payments: all of them for those who run it, their own for others"),
        ("user" = Option<String>, Query, description = "Only this user's payments; of others than the caller only for staff"),
    ),
    responses(
        (status = 200, description = "The statistics", body = PaymentStats),
        (status = 400, description = "`store` is no id, or there are too many orders to add up"),
        (status = 403, description = "`user` is somebody else, and the caller is not staff"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn payment_stats(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
) -> Reply<Answer> {
    let asked = app.statistics_asked_by(&caller, &query).await?;
    // Half of what ten cost: only their changes matter here.
    let asked = asked.looking_at(OTHERS);
    let calendar = app.calendar();
    let question = Some(format!("payment_stats {asked:?}"));
    let app = &app;
    let recent = app.newest_payments(&asked);
    let make = |Snapshot { counts, mut newest, changed }, rows: Vec<PaymentEntry>| async move {
        newest.retain(|order| changed.iter().all(|changed| changed.id != order.id));
        newest.extend(changed);
        Ok(PaymentStats::new(&counts, app.config().currency, &newest, &rows))
    };
    Ok(app.statistics(&caller, &asked, &calendar, question, recent, make).await?)
}

//! Lists of orders.

use axum::Json;
use oms_core::app::App;
use oms_core::lists::orders::{Filters, OrderPage, OrderQuery};
use oms_core::response_cache::Answer;
use oms_domain::{Outcome, Status};
use oms_http::pages::Links;
use oms_http::responses::Listed;
use oms_http::{Authenticated, PageRequest, Query, Reply};

/// The orders that the caller may see, newest first: their own; a vendor's also those of their
/// stores; for staff all.
#[utoipa::path(
    get, path = "/api/orders/", tag = "orders",
    params(ListParameters),
    responses(
        Listed<OrderPage>,
        (status = 400, description = "A filter makes no sense, or there is too much to look through"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
    request: PageRequest,
    links: Links,
) -> Reply<Json<OrderPage>> {
    let asked = OrderQuery::new(filters(&app, &query)?, &query);
    let visible = app.visible_to(&caller).await?;
    Ok(Json(app.page_of_orders(&caller, &visible, &asked, &request, &links).await?))
}

/// The caller's own orders, newest first, also for staff.
#[utoipa::path(
    get, path = "/api/orders/my_orders/", tag = "orders",
    params(ListParameters),
    responses(
        Listed<OrderPage>,
        (status = 400, description = "A filter makes no sense, or there is too much to look through"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn my_orders(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
    request: PageRequest,
    links: Links,
) -> Reply<Answer> {
    let asked = OrderQuery::new(filters(&app, &query)?, &query);
    Ok(app.page_of_my_orders(&caller, &asked, &request, &links).await?)
}

/// The orders of the last 30 days that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/orders/recent_orders/", tag = "orders",
    params(ListParameters),
    responses(
        Listed<OrderPage>,
        (status = 400, description = "A filter makes no sense, or there is too much to look through"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn recent_orders(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
    request: PageRequest,
    links: Links,
) -> Reply<Json<OrderPage>> {
    let asked = OrderQuery::new(filters(&app, &query)?.since(app.recent()), &query);
    let visible = app.visible_to(&caller).await?;
    Ok(Json(app.page_of_orders(&caller, &visible, &asked, &request, &links).await?))
}

/// The pending orders that the caller may see, newest first.
#[utoipa::path(
    get, path = "/api/orders/pending_orders/", tag = "orders",
    params(ListParameters),
    responses(
        Listed<OrderPage>,
        (status = 400, description = "A filter makes no sense, or there is too much to look through"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn pending_orders(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
    request: PageRequest,
    links: Links,
) -> Reply<Json<OrderPage>> {
    let asked = OrderQuery::new(filters(&app, &query)?.of_status(Status::Pending), &query);
    let visible = app.visible_to(&caller).await?;
    Ok(Json(app.page_of_orders(&caller, &visible, &asked, &request, &links).await?))
}

/// What every list of orders can be asked for.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes what `PageRequest`, `Filters` and `OrderQuery` read")]
struct ListParameters {
    /// A number from 1, or `last`
    page: Option<String>,
    /// Entries on a page, 20 unless said, at most 100
    page_size: Option<u32>,
    /// Only those of a status
    status: Option<String>,
    /// Only those of some statuses, comma-separated
    #[param(rename = "status__in")]
    status_in: Option<String>,
    /// Only those of a payment status
    payment_status: Option<String>,
    /// Only those of a payment method
    payment_method: Option<String>,
    /// Only those of a shipping method
    shipping_method: Option<String>,
    /// Only those in a currency, ISO 4217
    currency: Option<String>,
    /// Only those of a store
    store: Option<uuid::Uuid>,
    /// Only those of a user
    user: Option<String>,
    /// Placed then or later: a time or a date
    #[param(rename = "created_at__gte")]
    created_at_gte: Option<String>,
    /// Placed before: a time or a date
    #[param(rename = "created_at__lt")]
    created_at_lt: Option<String>,
    /// Of this total or more
    #[param(rename = "total_amount__gte")]
    total_amount_gte: Option<String>,
    /// Of this total or less
    #[param(rename = "total_amount__lte")]
    total_amount_lte: Option<String>,
    /// Terms that `order_number`, `tracking_number` or `payment_reference` must contain
    search: Option<String>,
    /// `created_at`, `updated_at`, `confirmed_at`, `shipped_at`, `delivered_at`, `total_amount`,
    /// `status`, `payment_status`; `-` for descending; several comma-separated
    ordering: Option<String>,
    /// For staff: whether to show how the page was found, and what it cost
    explain: Option<bool>,
}

fn filters(app: &App, query: &Query) -> Outcome<Filters> {
    Filters::read(query, &app.config().time_zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use std::collections::BTreeSet;
    use utoipa::IntoParams;
    use utoipa::openapi::path::ParameterIn;

    /// What a list is filtered by, each with a value that makes sense.
    const ASKED: [(&str, &str); 13] = [
        ("status", "pending"),
        ("status__in", "pending,shipped"),
        ("payment_status", "paid"),
        ("payment_method", "paypal"),
        ("shipping_method", "express"),
        ("currency", "USD"),
        ("store", "0192f0c0-11aa-7b02-8c11-3d1e5a7b0a01"),
        ("user", "ada"),
        ("created_at__gte", "2026-11-22"),
        ("created_at__lt", "2026-11-23"),
        ("total_amount__gte", "1"),
        ("total_amount__lte", "2"),
        ("search", "ORD"),
    ];
    /// What else may be asked of a list.
    const MORE: [&str; 4] = ["page", "page_size", "ordering", "explain"];

    /// The fields of some filters, each as it is written.
    fn fields(query: &str) -> BTreeSet<String> {
        let filters = Filters::read(&Query::parse(query), &TimeZone::UTC).unwrap();
        let text = format!("{filters:#?}");
        let lines = text.trim_end_matches("\n}").split("\n    ").skip(1);
        lines.filter(|line| !line.starts_with([' ', '}'])).map(str::to_owned).collect()
    }

    #[test]
    fn the_document_names_every_filter_and_each_is_read() {
        let documented = ListParameters::into_params(|| Some(ParameterIn::Query));
        let documented: BTreeSet<_> = documented.into_iter().map(|parameter| parameter.name).collect();
        let known = ASKED.iter().map(|(name, _)| *name).chain(MORE);
        assert_eq!(documented, known.map(str::to_owned).collect());
        let mut unread = fields("");
        for (name, value) in ASKED {
            let read = fields(&format!("{name}={value}"));
            assert!(read != fields(""), "{name} filters nothing");
            unread.retain(|field| read.contains(field));
        }
        // The days that a search names are found out later.
        assert_eq!(unread, BTreeSet::from(["days: None,".to_owned()]), "no parameter sets it");
    }
}

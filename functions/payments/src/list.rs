//! `GET /api/payments/`

use axum::Json;
use oms_core::app::App;
use oms_core::lists::payments::PaymentQuery;
use oms_domain::{Error, OrderId};
use oms_http::pages::Links;
use oms_http::responses::Listed;
use oms_http::views::payment::PaymentView;
use oms_http::{Authenticated, Page, PageRequest, Query, Reply};

/// django-filter's words for a reference to what does not exist.
const NO_CHOICE: &str = "Select a valid choice. That choice is not one of the available choices.";

/// The payments of the orders that the caller may see, the newest first unless `ordering` says
/// otherwise.
#[utoipa::path(
    get, path = "/api/payments/", tag = "payments",
    params(
        ("order" = Option<uuid::Uuid>, Query, description = "Only this order's payments"),
        ("status" = Option<String>, Query, description = "Only those of a status"),
        ("payment_method" = Option<String>, Query, description = "Only those of a method"),
        ("currency" = Option<String>, Query, description = "Only those in a currency, ISO 4217"),
        ("attention" = Option<bool>, Query, description = "Only those that a person must look at, or only the others; for staff and vendors, of the stores that they run"),
        ("search" = Option<String>, Query, description = "In `transaction_id` and `order_number`"),
        ("ordering" = Option<String>, Query, description = "`created_at`, `amount`, `status`; `-` for descending"),
    ),
    responses(
        Listed<Page<PaymentView>>,
        (status = 400, description = "A filter makes no sense, or there are too many payments to look through or to sort"),
        (status = 403, description = "`attention` is for those who run the orders"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list(
    app: App,
    Authenticated(caller): Authenticated,
    query: Query,
    request: PageRequest,
    links: Links,
) -> Reply<Json<Page<PaymentView>>> {
    let wanted = PaymentQuery::read(&query)?;
    if let Some(order) = query.id("order")?.map(OrderId) {
        let no_choice = || Error::field("order", NO_CHOICE);
        let seen = app.orders(&caller).load(order).await.map_err(|error| error.not_found_as(no_choice))?;
        let order = if wanted.is_for_managers() { seen.managed()? } else { seen.order };
        return Ok(Json(wanted.page_of(&order, &request, &links)?));
    }
    let is_for_managers = wanted.is_for_managers();
    let visible = if is_for_managers { app.run_by(&caller).await? } else { app.visible_to(&caller).await? };
    Ok(Json(app.page_of_payments(&caller, &visible, &wanted, &request, &links).await?))
}

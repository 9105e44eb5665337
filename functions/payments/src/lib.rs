//! The HTTP function of the payments endpoints.

mod create;
mod payment_stats;
mod process;
mod refund;
mod retrieve;

use axum::Json;
use oms_core::app::App;
use oms_core::http::etag::Version;
use oms_core::http::{ApiError, Reply};
use oms_core::views::payment::PaymentView;
use oms_domain::{Order, PaymentId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The endpoints, and their description.
#[must_use]
pub fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .routes(routes!(payment_stats::payment_stats))
        .routes(routes!(retrieve::retrieve))
        .routes(routes!(process::process_payment))
        .routes(routes!(refund::refund_payment))
}

/// The endpoints.
pub fn router() -> axum::Router<App> {
    api().into()
}

/// A payment as the answer. Its version is its order's, of which it is a part.
type Shown = (Version, Json<PaymentView>);

fn show(order: &Order, id: PaymentId) -> Reply<Shown> {
    let payment = order.payment(id).ok_or_else(not_found)?;
    Ok((Version(order.version), Json(PaymentView::new(order, payment))))
}

const fn not_found() -> ApiError {
    ApiError::NotFound("Payment")
}

/// An order that cannot be seen hides its payments too: the answer speaks of what was asked for.
fn of_payment(error: ApiError) -> ApiError {
    if matches!(error, ApiError::NotFound(_)) { not_found() } else { error }
}

//! `cancel_order/`

use crate::tagged;
use oms_core::app::App;
use oms_domain::{OrderId, Outcome, Status};
use oms_http::Tagged;
use oms_http::responses::Changed;
use oms_http::validation::{BlankText, Fields, Mode};
use oms_http::views::order::OrderView;
use oms_http::{ActionBody, Reply, Target};
use utoipa::ToSchema;

/// Why an order is called off. An empty body gives no reason.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct CancelOrder {
    /// In the caller's words.
    #[schema(value_type = Option<String>, max_length = 500, example = "Ordered by mistake")]
    reason: String,
}

impl CancelOrder {
    fn read(body: ActionBody) -> Outcome<Self> {
        let mut fields = Fields::new(body.0, Mode::Partial);
        let reason = fields.optional::<BlankText<500>>("reason").unwrap_or_default();
        fields.finish()?;
        Ok(Self { reason: reason.0 })
    }
}

/// An order is called off: by its customer until it is shipped, by the store until it is
/// delivered. Stock not yet shipped goes back on the shelf, a pending payment is cancelled, a paid
/// one refunded.
#[utoipa::path(
    patch, path = "/api/orders/{id}/cancel_order/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    request_body(content = Option<CancelOrder>, description = "May be left out"),
    responses(Changed<OrderView>, (status = 400, description = "Its status does not allow it")),
    security(("bearer" = [])),
)]
pub(crate) async fn cancel_order(
    app: App,
    Target { caller, id, expected }: Target<OrderId>,
    body: ActionBody,
) -> Reply<Tagged<OrderView>> {
    let cancelled = app.orders(&caller).change(id, |seen, by| {
        let cancel = CancelOrder::read(body.clone())?;
        expected.check(seen.order.version)?;
        Ok(seen.order.cancel(seen.manages, &cancel.reason, by)?)
    });
    Ok(tagged(&app.pay_back(&caller, cancelled.await?, Status::Cancelled).await?))
}

//! `refund_order/`

use crate::refunding;
use http::StatusCode;
use oms_core::app::App;
use oms_domain::{OrderId, Outcome, Status};
use oms_http::Tagged;
use oms_http::responses::{Changed, ManagersOnly};
use oms_http::validation::{BlankText, Fields, Mode};
use oms_http::views::order::OrderView;
use oms_http::{ActionBody, Reply, Target};
use utoipa::ToSchema;

/// How an order is paid back. An empty body gives no reason and puts nothing back on the shelf.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct RefundOrder {
    /// In the caller's words.
    #[schema(value_type = Option<String>, max_length = 500, example = "Arrived broken")]
    reason: String,
    /// Whether its items go back on the shelf, once the money has gone back.
    #[schema(value_type = Option<bool>, example = false)]
    restock: bool,
}

impl RefundOrder {
    fn read(body: ActionBody) -> Outcome<Self> {
        let mut fields = Fields::new(body.0, Mode::Partial);
        let reason = fields.optional::<BlankText<500>>("reason").unwrap_or_default();
        let restock = fields.optional::<bool>("restock").unwrap_or_default();
        fields.finish()?;
        Ok(Self { reason: reason.0, restock })
    }
}

/// What is left of an order's payment goes back to its customer: shipped, out_for_delivery or
/// delivered → refunded.
#[utoipa::path(
    patch, path = "/api/orders/{id}/refund_order/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    request_body(content = Option<RefundOrder>, description = "May be left out"),
    responses(
        Changed<OrderView>, ManagersOnly,
        (status = 202, description = "The gateway has not answered yet: the refund is pending, and the order moves when it has", body = OrderView),
        (status = 400, description = "Its status or its payment does not allow it"),
        (status = 402, description = "The gateway refused the refund"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn refund_order(
    app: App,
    Target { caller, id, expected }: Target<OrderId>,
    body: ActionBody,
) -> Reply<(StatusCode, Tagged<OrderView>)> {
    let started = app.orders(&caller).change(id, |seen, by| {
        let order = seen.managed()?;
        let refund = RefundOrder::read(body.clone())?;
        expected.check(order.version)?;
        let (refunding, _) = order.start_order_refund(refund.restock, &refund.reason, by)?;
        Ok(refunding)
    });
    Ok(refunding(&app.pay_back(&caller, started.await?, Status::Refunded).await?))
}

//! `refund_order/`

use crate::{Shown, show};
use http::StatusCode;
use oms_core::app::App;
use oms_domain::{OrderId, Outcome, Status};
use oms_http::error::ErrorBody;
use oms_http::etag::IfMatch;
use oms_http::validation::{BlankText, Fields, Mode};
use oms_http::views::order::OrderView;
use oms_http::{Authenticated, JsonObject, PathId, Reply};
use utoipa::ToSchema;

/// How an order is paid back. An empty body gives no reason and puts nothing back on the shelf.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct RefundOrder {
    /// In the caller's words, at most 500 characters.
    #[schema(value_type = Option<String>, example = "Arrived broken")]
    reason: String,
    /// Whether its items go back on the shelf.
    #[schema(value_type = Option<bool>, example = false)]
    restock: bool,
}

impl RefundOrder {
    fn read(body: JsonObject) -> Outcome<Self> {
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
        (status = 200, description = "The order as it is now", body = OrderView),
        (status = 202, description = "The gateway has not answered yet: the refund is pending, and the order moves when it has", body = OrderView),
        (status = 400, description = "Its status or its payment does not allow it", body = ErrorBody),
        (status = 401, description = "No valid token", body = ErrorBody),
        (status = 402, description = "The gateway refused the refund", body = ErrorBody),
        (status = 403, description = "The caller does not run the order", body = ErrorBody),
        (status = 404, description = "No such order for the caller", body = ErrorBody),
        (status = 409, description = "Others changed it at the same time", body = ErrorBody),
        (status = 412, description = "`If-Match` names another version", body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn refund_order(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(id): PathId<OrderId>,
    expected: IfMatch,
    body: JsonObject,
) -> Reply<(StatusCode, Shown)> {
    let refund = RefundOrder::read(body)?;
    let started = app.orders(&caller).change(id, |seen, by| {
        let order = seen.managed()?;
        expected.check(order.version)?;
        let (order, _) = order.start_order_refund(refund.restock, &refund.reason, by)?;
        Ok(order.into())
    });
    let seen = app.pay_back(&caller, started.await?).await?;
    let is_done = seen.order.status == Status::Refunded;
    let status = if is_done { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, show(&seen)))
}

//! `ship_order/`

use super::act;
use oms_core::app::App;
use oms_domain::lifecycle::Shipment;
use oms_domain::{Actor, Order, OrderId, Outcome};
use oms_http::Tagged;
use oms_http::responses::{Changed, ManagersOnly};
use oms_http::validation::{BlankText, Fields, Mode, Moment};
use oms_http::views::order::OrderView;
use oms_http::{ActionBody, Reply, Target};
use utoipa::ToSchema;

/// What may be said when an order is shipped. An empty body says nothing.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct ShipOrder {
    /// The carrier's number.
    #[schema(value_type = Option<String>, max_length = 100, example = "1Z999AA10123456784")]
    tracking_number: Option<String>,
    /// When it should arrive; null leaves it as it is.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-25T12:00:00Z")]
    estimated_delivery: Option<jiff::Timestamp>,
}

impl ShipOrder {
    fn read(body: ActionBody) -> Outcome<Self> {
        let mut fields = Fields::new(body.0, Mode::Partial);
        let tracking_number = fields.optional::<BlankText<100>>("tracking_number");
        let estimated_delivery = fields.nullable::<Moment>("estimated_delivery").flatten();
        fields.finish()?;
        Ok(Self {
            tracking_number: tracking_number.map(|text| text.0),
            estimated_delivery: estimated_delivery.map(|moment| moment.0),
        })
    }
}

/// An order is handed to the carrier: confirmed or processing → shipped.
#[utoipa::path(
    patch, path = "/api/orders/{id}/ship_order/", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order")),
    request_body(content = Option<ShipOrder>, description = "May be left out"),
    responses(
        Changed<OrderView>, ManagersOnly,
        (status = 400, description = "Its status does not allow it"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn ship_order(
    app: App,
    target: Target<OrderId>,
    body: ActionBody,
) -> Reply<Tagged<OrderView>> {
    let read = || ShipOrder::read(body.clone());
    let ship = |order: Order, ShipOrder { tracking_number, estimated_delivery }, by: &Actor| {
        order.ship(Shipment { tracking_number, estimated_delivery }, by)
    };
    Ok(act(&app, &target, read, ship).await?)
}

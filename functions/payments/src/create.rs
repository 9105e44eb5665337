//! `POST /api/payments/`

use crate::tagged;
use http::StatusCode;
use oms_core::app::App;
use oms_domain::lifecycle::OrderChange;
use oms_domain::paying::NewPayment;
use oms_domain::place::invalid_pk;
use oms_domain::{Decimal, Error, OrderId, Outcome, PaymentMethod};
use oms_http::Tagged;
use oms_http::responses::Created;
use oms_http::validation::{Amount, BoundedMap, Fields, Mode};
use oms_http::views::payment::PaymentView;
use oms_http::{Authenticated, JsonObject, Reply};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// The largest `payment_details`, in bytes as they are stored.
const MAX_DETAILS_BYTES: usize = 4_096;

/// A new payment.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct CreatePayment {
    /// The order to pay.
    order: Uuid,
    /// What to pay with.
    #[schema(value_type = String, example = "credit_card")]
    payment_method: PaymentMethod,
    /// The order's total, in the order's currency; it is that where it is left out.
    #[schema(value_type = Option<String>, example = "75.98")]
    amount: Option<Decimal>,
    /// What the gateway needs: `{"token": "tok_approve"}`. Never a card number.
    #[schema(value_type = Option<Object>, example = json!({"token": "tok_approve"}))]
    payment_details: Map<String, Value>,
}

impl CreatePayment {
    fn read(body: JsonObject) -> Outcome<Self> {
        let mut fields = Fields::new(body.0, Mode::Create);
        let order = fields.required::<Uuid>("order");
        let payment_method = fields.required::<PaymentMethod>("payment_method");
        let amount = fields.optional::<Amount>("amount");
        let details = read_details(&mut fields).unwrap_or_default();
        fields.finish()?;
        let read = || {
            Some(Self {
                order: order?,
                payment_method: payment_method?,
                amount: amount.map(|amount| amount.0),
                payment_details: details,
            })
        };
        read().ok_or_else(|| Error::internal("a required field was neither read nor refused"))
    }
}

/// What the gateway needs, as far as we may know it.
pub(crate) fn read_details(fields: &mut Fields) -> Option<Map<String, Value>> {
    fields.optional::<BoundedMap<MAX_DETAILS_BYTES>>("payment_details").map(|details| details.0)
}

/// Adds a payment to an order. Nothing is charged before `process_payment/`.
#[utoipa::path(
    post, path = "/api/payments/", tag = "payments",
    request_body = CreatePayment,
    responses(
        Created<PaymentView>,
        (status = 400, description = "A field is wrong, or the order has a payment"),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create(
    app: App,
    Authenticated(caller): Authenticated,
    body: JsonObject,
) -> Reply<(StatusCode, Tagged<PaymentView>)> {
    let wanted = CreatePayment::read(body)?;
    let id = OrderId(wanted.order);
    let added = app.orders(&caller).change(id, |seen, by| {
        let new = NewPayment {
            payment_method: wanted.payment_method,
            amount: wanted.amount,
            payment_details: wanted.payment_details.clone(),
            provider: app.gateway().provider(),
        };
        Ok(OrderChange { order: seen.order.add_payment(new, by)?, stock: Vec::new() })
    });
    let unknown = || Error::field("order", invalid_pk(&wanted.order));
    let order = added.await.map_err(|error| error.not_found_as(unknown))?;
    let payment = order.order.payments.last().map(|payment| payment.id);
    let payment = payment.ok_or_else(|| Error::internal("the payment was not added"))?;
    Ok((StatusCode::CREATED, tagged(&order.order, payment)?))
}

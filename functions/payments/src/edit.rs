//! What PUT and PATCH of a payment have in common.

use crate::create::read_details;
use crate::{not_found, of_payment, tagged};
use oms_core::app::App;
use oms_domain::{Caller, Outcome, PaymentId, PaymentMethod};
use oms_http::JsonObject;
use oms_http::Tagged;
use oms_http::etag::IfMatch;
use oms_http::validation::{Fields, Mode};
use oms_http::views::payment::PaymentView;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What may be changed of a pending payment; what is left out stays as it is.
#[derive(Clone, Debug, ToSchema)]
pub(crate) struct PatchPayment {
    /// What to pay with.
    #[schema(value_type = Option<String>, example = "debit_card")]
    payment_method: Option<PaymentMethod>,
    /// What the gateway needs: `{"token": "tok_approve"}`. Never a card number.
    #[schema(value_type = Option<Object>, example = json!({"token": "tok_approve"}))]
    payment_details: Option<Map<String, Value>>,
    /// For those who run the order, in a PATCH of any payment: null where a person has looked at
    /// what was the matter, and nothing is left to do.
    #[schema(rename = "attention", value_type = Option<String>)]
    has_looked: bool,
}

impl PatchPayment {
    fn read(body: JsonObject, mode: Mode) -> Outcome<Self> {
        let is_null = body.0.get("attention").is_some_and(Value::is_null);
        let has_looked = is_null && mode == Mode::Partial;
        let mut fields = Fields::new(body.0, mode);
        let payment_method = fields.required("payment_method");
        let payment_details = read_details(&mut fields);
        fields.finish()?;
        Ok(Self { payment_method, payment_details, has_looked })
    }
}

/// Changes a pending payment as a body says, or any payment where it is only to be forgotten what
/// was the matter with it.
pub(crate) async fn change(
    app: &App,
    caller: &Caller,
    id: PaymentId,
    expected: &IfMatch,
    body: JsonObject,
    mode: Mode,
) -> Outcome<Tagged<PaymentView>> {
    let changed = app.orders(caller).change(id.order(), |seen, by| {
        seen.order.payment(id).ok_or_else(not_found)?;
        let PatchPayment { payment_method, payment_details, has_looked } =
            PatchPayment::read(body.clone(), mode)?;
        expected.check(seen.order.version)?;
        let has_looked = has_looked && seen.manages;
        let order = if has_looked { seen.order.dismiss_attention(id, by) } else { seen.order };
        if has_looked && payment_method.is_none() && payment_details.is_none() {
            return Ok(order.into());
        }
        Ok(order.edit_payment(id, payment_method, payment_details, by)?.into())
    });
    tagged(&changed.await.map_err(of_payment)?.order, id)
}

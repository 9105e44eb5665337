//! What Stripe's answers mean.

use crate::payments::gateway::{Customer, GatewayError};
use http::StatusCode;
use oms_domain::lifecycle::RefundOutcome;
use oms_domain::payment::ChargeOutcome;
use oms_domain::{Currency, Decimal, Money};
use serde_json::{Map, Value, json};

/// How a PaymentIntent ended; nothing while it has not.
pub(in crate::payments::gateway) fn outcome(intent: &Value) -> Option<ChargeOutcome> {
    match text(&intent["status"]) {
        "succeeded" => {
            let mut response = response(intent);
            response.insert("amount".to_owned(), intent["amount"].clone());
            response.insert("currency".to_owned(), intent["currency"].clone());
            Some(ChargeOutcome::Paid(response))
        }
        "requires_payment_method" => {
            let error = &intent["last_payment_error"];
            Some(refused(intent, error, "The payment was not completed."))
        }
        "canceled" => Some(called_off(intent, Customer::Away)),
        _ => None,
    }
}

/// A PaymentIntent that was called off because its customer was to be asked.
pub(super) fn called_off(intent: &Value, customer: Customer) -> ChargeOutcome {
    let why = customer.why_not();
    refused(intent, &json!({ "code": "authentication_required", "message": why }), why)
}

/// How a refund ended; nothing while it has not.
pub(in crate::payments::gateway) fn refund_outcome(refund: &Value) -> Option<RefundOutcome> {
    match text(&refund["status"]) {
        "succeeded" => Some(RefundOutcome::Succeeded),
        "failed" | "canceled" => Some(RefundOutcome::Refused),
        _ => None,
    }
}

/// What an error means: a decline, or a question that is still open.
pub(super) fn refusal(status: StatusCode, body: &Value) -> Result<ChargeOutcome, GatewayError> {
    let error = &body["error"];
    let is_final = match status {
        StatusCode::PAYMENT_REQUIRED => true,
        // The request itself is wrong: an unknown token, more than is left.
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => error["type"] == "invalid_request_error",
        _ => false,
    };
    if is_final {
        Ok(refused(&error["payment_intent"], error, "The payment was refused."))
    } else {
        Err(unanswered(status, body))
    }
}

/// An answer that leaves the question open. Its message may repeat the secret key, so that is not
/// told.
pub(super) fn unanswered(status: StatusCode, body: &Value) -> GatewayError {
    let error = &body["error"];
    let what = format!("status {status}, {} {}", text(&error["type"]), text(&error["code"]));
    GatewayError::Undecided(what)
}

pub(super) fn refused(intent: &Value, error: &Value, otherwise: &str) -> ChargeOutcome {
    let code = [&error["decline_code"], &error["code"], &error["type"]];
    let code = code.into_iter().find_map(Value::as_str).unwrap_or("declined");
    let mut response = response(intent);
    response.insert("decline_code".to_owned(), json!(code));
    let why = error["message"].as_str().filter(|why| !why.is_empty()).unwrap_or(otherwise);
    ChargeOutcome::Declined(response, why.to_owned())
}

pub(super) fn declined(code: &str, why: &str) -> ChargeOutcome {
    refused(&Value::Null, &json!({ "code": code, "message": why }), why)
}

/// What is kept of a PaymentIntent. Its secret is not.
pub(super) fn response(intent: &Value) -> Map<String, Value> {
    let mut response = Map::from_iter([("gateway".to_owned(), json!("stripe"))]);
    for name in ["id", "status"] {
        if intent[name].is_string() {
            response.insert(name.to_owned(), intent[name].clone());
        }
    }
    response
}

pub(super) fn undecided(answer: &Value) -> GatewayError {
    GatewayError::Undecided(format!("{} is {}", text(&answer["id"]), text(&answer["status"])))
}

pub(super) fn entries(list: &Value) -> Result<&Vec<Value>, GatewayError> {
    list["data"].as_array().ok_or_else(|| GatewayError::Undecided("the answer is no list".to_owned()))
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// An amount as Stripe counts: in cents, but in whole yen. Stripe's digits are those of ISO 4217
/// with three exceptions, and the last of three digits must be 0. Nothing where it does not come
/// out even.
pub(in crate::payments::gateway) fn minor_units(amount: Decimal, currency: Currency) -> Option<i64> {
    let (digits, step) = digits_and_step(currency);
    let units = amount.checked_mul(Decimal::from(10_i64.checked_pow(digits)?))?.normalize();
    let units = if units.scale() == 0 { i64::try_from(units).ok()? } else { return None };
    (units % step == 0).then_some(units)
}

/// What so many of them come to.
pub(in crate::payments::gateway) fn units_in(units: i64, currency: Currency) -> Decimal {
    let amount = Decimal::new(units, digits_and_step(currency).0);
    Money::rounded(amount, currency).amount()
}

pub(super) fn digits_and_step(currency: Currency) -> (u32, i64) {
    if [Currency::ISK, Currency::UGX].contains(&currency) {
        (2, 100)
    } else if currency == Currency::MGA {
        (0, 1)
    } else {
        let digits = oms_domain::money::digits(currency);
        (digits, if digits > 2 { 10 } else { 1 })
    }
}

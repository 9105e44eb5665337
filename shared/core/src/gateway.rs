//! The payment gateway: takes money and gives it back, once for each key.

use crate::config::{Config, Gateway as Chosen};
use oms_domain::lifecycle::RefundOutcome;
use oms_domain::payment::ChargeOutcome;
use oms_domain::{Currency, Decimal, PaymentId, RefundId};
use serde_json::{Map, Value, json};

/// A gateway, chosen by `PAYMENT_GATEWAY`.
#[derive(Clone, Debug)]
pub enum Gateway {
    /// Decides by the token alone, moves no money.
    Simulated,
}

/// What to charge. The payment's id is the key: the same id never charges twice.
#[derive(Clone, Copy, Debug)]
pub struct Charge<'a> {
    /// The payment.
    pub payment: PaymentId,
    /// How much.
    pub amount: Decimal,
    /// In which currency.
    pub currency: Currency,
    /// The client's token and the like.
    pub details: &'a Map<String, Value>,
}

/// Why the gateway gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// The gateway that is configured is not part of this build.
    #[error("PAYMENT_GATEWAY={0} is not available in this version")]
    NotAvailable(&'static str),
}

impl Gateway {
    /// The gateway that the configuration asks for.
    ///
    /// # Errors
    /// [`GatewayError::NotAvailable`].
    pub fn from_config(config: &Config) -> Result<Self, GatewayError> {
        match config.payment_gateway {
            Chosen::Simulated => Ok(Gateway::Simulated),
            Chosen::Stripe => Err(GatewayError::NotAvailable("stripe")),
        }
    }

    /// Takes the money, or says why not.
    ///
    /// # Errors
    /// Where no answer came: the payment stays in `processing`.
    pub async fn charge(&self, charge: Charge<'_>) -> Result<ChargeOutcome, GatewayError> {
        match self {
            Gateway::Simulated => Ok(simulated_charge(charge)),
        }
    }

    /// Gives money back. The refund's id is the key.
    ///
    /// # Errors
    /// Where no answer came: the refund stays pending.
    pub async fn refund(&self, _refund: RefundId, _amount: Decimal) -> Result<RefundOutcome, GatewayError> {
        match self {
            Gateway::Simulated => Ok(RefundOutcome::Succeeded),
        }
    }
}

/// `payment_details.token` chooses what happens; none means approval.
fn simulated_charge(charge: Charge<'_>) -> ChargeOutcome {
    let token = charge.details.get("token").and_then(Value::as_str).unwrap_or("tok_approve");
    let declined = |code: &str, why: &str| {
        let response = Map::from_iter([
            ("gateway".to_owned(), json!("simulated")),
            ("id".to_owned(), json!(format!("sim_{}", charge.payment.0.simple()))),
            ("status".to_owned(), json!("declined")),
            ("decline_code".to_owned(), json!(code)),
        ]);
        ChargeOutcome::Declined(response, why.to_owned())
    };
    match token {
        "tok_approve" => ChargeOutcome::Paid(Map::from_iter([
            ("gateway".to_owned(), json!("simulated")),
            ("id".to_owned(), json!(format!("sim_{}", charge.payment.0.simple()))),
            ("status".to_owned(), json!("succeeded")),
            ("amount".to_owned(), json!(charge.amount.to_string())),
            ("currency".to_owned(), json!(charge.currency.code())),
        ])),
        "tok_decline" => declined("generic_decline", "The card was declined."),
        "tok_decline_insufficient_funds" => {
            declined("insufficient_funds", "The card has insufficient funds.")
        }
        "tok_authenticate" => {
            declined("authentication_required", "The bank asks the customer to confirm the payment.")
        }
        _ => declined("invalid_token", "The payment token is not known."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_chooses_what_happens() {
        let order = oms_domain::OrderId::from_fresh(crate::config::random_uuid_v7());
        for (token, code) in [
            ("tok_approve", None),
            ("tok_decline", Some("generic_decline")),
            ("tok_decline_insufficient_funds", Some("insufficient_funds")),
            ("tok_authenticate", Some("authentication_required")),
            ("tok_of_another_world", Some("invalid_token")),
        ] {
            let details = Map::from_iter([("token".to_owned(), json!(token))]);
            let payment = order.payment(0);
            let charge = Charge { payment, amount: Decimal::ONE, currency: Currency::USD, details: &details };
            let declined = match simulated_charge(charge) {
                ChargeOutcome::Paid(_) => None,
                ChargeOutcome::Declined(response, _) => response["decline_code"].as_str().map(str::to_owned),
            };
            assert_eq!(declined.as_deref(), code, "{token}");
        }
    }
}

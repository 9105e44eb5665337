//! The payment gateway: takes money and gives it back, once for each key.
//!
//! The key of a charge is its payment's id, that of a refund the refund's. Asking again with the
//! same key moves no money and brings the same answer, so that whoever has lost an answer asks
//! again.

mod simulated;
mod stripe;
pub mod stripe_events;

pub use simulated::{Simulated, SimulatedOutcome};
pub use stripe::Stripe;

use jiff::Timestamp;
use oms_domain::lifecycle::RefundOutcome;
use oms_domain::payment::{ChargeOutcome, PaymentProvider};
use oms_domain::{Currency, Decimal, PaymentId, RefundId};
use oms_runtime::config::{Config, Gateway as Chosen, Secret};
use oms_runtime::deadline::{self, OutOfTime};
use serde_json::{Map, Value};
use std::error::Error;
use std::fmt::Display;
use std::time::Instant;

/// A gateway, chosen by `PAYMENT_GATEWAY`.
#[derive(Clone, Debug)]
pub enum Gateway {
    /// Decides by the token alone, moves no money.
    Simulated(Simulated),
    /// Stripe's PaymentIntents.
    Stripe(Stripe),
}

/// What to charge. The payment's id is the key: the same id never charges twice.
#[derive(Clone, Copy, Debug)]
pub struct Charge<'a> {
    /// The payment.
    pub payment: PaymentId,
    /// How much, in the payment's currency and exactly in its digits.
    pub amount: Decimal,
    /// In which currency.
    pub currency: Currency,
    /// The client's token and the like.
    pub details: &'a Map<String, Value>,
    /// When it was first asked for.
    pub since: Timestamp,
    /// Whether its customer may be asked.
    pub customer: Customer,
}

/// Whether the bank may ask its customer about a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Customer {
    /// Nobody is there to be asked: it is declined.
    Away,
    /// They are, for now.
    There,
    /// They were, and have run out of time, or their order has been called off.
    Gone,
}

impl Customer {
    /// Why a charge is called off about which a bank wants to ask.
    const fn why_not(self) -> &'static str {
        match self {
            Customer::Away | Customer::There => "The bank asks the customer to confirm the payment.",
            Customer::Gone => "The customer did not confirm the payment in time.",
        }
    }
}

/// What a customer has to do before their bank lets them pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextAction {
    /// What kind of thing, in the gateway's words.
    pub kind: String,
    /// What lets a browser or an app do it. For the payer only: it is kept nowhere.
    pub client_secret: Secret,
}

/// How a charge stands that the gateway has answered about.
#[derive(Clone, Debug, PartialEq)]
pub enum Charged {
    /// It has ended.
    Ended(Answer),
    /// It waits for the customer.
    Asks(NextAction),
}

impl From<ChargeOutcome> for Charged {
    /// It has ended, and says so once.
    fn from(outcome: ChargeOutcome) -> Self {
        Charged::Ended(Answer { outcome, times: 1 })
    }
}

/// What to give back. The refund's id is the key: the same id never pays back twice.
#[derive(Clone, Copy, Debug)]
pub struct RefundRequest<'a> {
    /// The refund.
    pub refund: RefundId,
    /// How much of the payment, in its currency and exactly in its digits.
    pub amount: Decimal,
    /// In which currency.
    pub currency: Currency,
    /// What the gateway said when it took the money.
    pub charged: &'a Map<String, Value>,
    /// When it was first asked for.
    pub since: Timestamp,
}

/// What a gateway says about a charge, and how often it says so: once, as a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What it says.
    pub outcome: ChargeOutcome,
    /// How often.
    pub times: u8,
}

/// Why it is not known whether money moved. Asking again with the same key finds out.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// No answer came.
    #[error("the gateway gave no answer")]
    NoAnswer(#[source] Box<dyn Error + Send + Sync>),
    /// An answer came, but it does not say how it ends.
    #[error("the gateway does not say how it ends: {0}")]
    Undecided(String),
    /// The function has to answer before the gateway has.
    #[error("the gateway was not waited for any longer")]
    OutOfTime(#[from] OutOfTime),
    /// The money is at another gateway than the one that is configured.
    #[error("the payment is one of {0}, which is not PAYMENT_GATEWAY")]
    Elsewhere(PaymentProvider),
}

impl Gateway {
    /// The gateway that the configuration asks for.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        match &config.payment_gateway {
            Chosen::Simulated => Gateway::Simulated(Simulated::new(config)),
            Chosen::Stripe(stripe) => Gateway::Stripe(Stripe::new(stripe.clone())),
        }
    }

    /// What payments say of themselves that it has moved.
    #[must_use]
    pub const fn provider(&self) -> PaymentProvider {
        match self {
            Gateway::Simulated(_) => PaymentProvider::Simulated,
            Gateway::Stripe(_) => PaymentProvider::Stripe,
        }
    }

    /// Whether it moves real money; nothing where it moves none at all.
    #[must_use]
    pub fn is_live(&self) -> Option<bool> {
        match self {
            Gateway::Simulated(_) => None,
            Gateway::Stripe(stripe) => Some(stripe.is_live()),
        }
    }

    /// The payment that the gateway knows under a name of its own; nothing where it knows none.
    ///
    /// # Errors
    /// Where it gives no answer.
    pub async fn payment_of(&self, name: &str) -> Result<Option<PaymentId>, GatewayError> {
        match self {
            Gateway::Simulated(_) => Ok(None),
            Gateway::Stripe(stripe) => stripe.payment_of(name).await,
        }
    }

    /// Takes the money, or says why not, or what the customer has to do first.
    ///
    /// # Errors
    /// Where it is not known how it ended: the payment stays in `processing`.
    pub async fn charge(&self, charge: Charge<'_>) -> Result<Charged, GatewayError> {
        let answer = async {
            match self {
                Gateway::Simulated(simulated) => simulated.charge(charge).await,
                Gateway::Stripe(stripe) => stripe.charge(charge).await,
            }
        };
        let (began, answer) = (Instant::now(), in_time(answer).await);
        let said = match &answer {
            Ok(Charged::Ended(Answer { outcome: ChargeOutcome::Paid(_), .. })) => "paid",
            Ok(Charged::Ended(Answer { outcome: ChargeOutcome::Declined(..), .. })) => "declined",
            Ok(Charged::Asks(_)) => "waits for the customer",
            Err(_) => "undecided",
        };
        self.log("charge", &charge.payment, said, began);
        answer
    }

    /// Closes a charge that has failed, so that nobody can pay it any more. One that is closed
    /// stays so.
    ///
    /// # Errors
    /// Where the gateway does not answer.
    pub async fn close(&self, failed: &Map<String, Value>) -> Result<(), GatewayError> {
        let closed = async {
            match self {
                // It ends each charge for ever.
                Gateway::Simulated(_) => Ok(()),
                Gateway::Stripe(stripe) => stripe.close(failed).await,
            }
        };
        deadline::in_time(closed).await?
    }

    /// Gives money back.
    ///
    /// # Errors
    /// Where it is not known how it ended: the refund stays pending.
    pub async fn refund(&self, refund: RefundRequest<'_>) -> Result<RefundOutcome, GatewayError> {
        let answer = async {
            match self {
                Gateway::Simulated(simulated) => simulated.refund(refund).await,
                Gateway::Stripe(stripe) => stripe.refund(refund).await,
            }
        };
        let (began, answer) = (Instant::now(), in_time(answer).await);
        let said = match &answer {
            Ok(RefundOutcome::Succeeded) => "succeeded",
            Ok(RefundOutcome::Refused) => "refused",
            Err(_) => "undecided",
        };
        self.log("refund", &refund.refund, said, began);
        answer
    }

    fn log(&self, call: &str, key: &impl Display, said: &str, began: Instant) {
        let duration_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::debug!(gateway = %self.provider(), call, %key, said, duration_us, "asked the gateway");
    }
}

/// Waits for a gateway as long as there is time left to save what it says.
async fn in_time<T>(answer: impl Future<Output = Result<T, GatewayError>>) -> Result<T, GatewayError> {
    deadline::in_time(answer).await?
}

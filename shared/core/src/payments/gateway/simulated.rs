//! A gateway for trials and tests. It moves no money, but remembers as a real one does: each key
//! has one answer for ever, whoever asks, and what it holds can be compared with what we say.
//!
//! Its ledger is in our table because there is nothing else to run, but it is somebody else's: it
//! is reached by a client of its own, nothing but this file reads or writes it, no write of ours is
//! ever in one transaction with one of its, and its units are not counted as a request's.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | a charge, paid or declined, and what is left of it | `GATEWAY#SIMULATED#<key>` | `CHARGE` |
//! | a refund, succeeded or failed | `GATEWAY#SIMULATED#<key>` | `REFUND` |
//! | a request that got lost on its way | `GATEWAY#SIMULATED#<key>` | `LOST` |

mod script;

use super::{Answer, Charge, Charged, Customer, GatewayError, NextAction, RefundRequest};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use oms_domain::lifecycle::RefundOutcome;
use oms_domain::payment::ChargeOutcome;
use oms_domain::{Decimal, PaymentId};
use oms_runtime::config::{Config, Secret};
use oms_runtime::retry;
use oms_runtime::sdk;
use script::Script;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// How long `tok_slow` thinks, about the charge as about each refund.
const SLOW: Duration = Duration::from_secs(3);
const CHARGE: &str = "CHARGE";
const REFUND: &str = "REFUND";
const LOST: &str = "LOST";
/// The status of a charge that waits for its customer.
const WAITS: &str = "requires_action";

type Item = HashMap<String, AttributeValue>;

/// The simulated gateway.
#[derive(Clone, Debug)]
pub struct Simulated {
    client: Client,
    table: String,
}

/// What a simulated customer does about what their bank asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SimulatedOutcome {
    /// They confirm the payment.
    Succeed,
    /// They cannot.
    Fail,
}

impl Simulated {
    /// With its ledger in the deployment's table.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        Self { client: sdk::dynamodb(config), table: config.table_name.clone() }
    }

    /// Does what the payment's token says, once for each key.
    ///
    /// # Errors
    /// Where the token says so, or the ledger cannot be reached.
    pub async fn charge(&self, charge: Charge<'_>) -> Result<Charged, GatewayError> {
        let script = Script::of(charge.details);
        let key = charge.payment.to_string();
        if script == Script::AskTheCustomer && charge.customer != Customer::Away {
            return self.ask(charge).await;
        }
        match script {
            Script::AnswerSlowly => tokio::time::sleep(SLOW).await,
            Script::LoseTheRequest => {
                if self.put_new(item(&key, LOST)).await?.is_none() {
                    return Err(lost("the request got lost"));
                }
            }
            Script::Approve
            | Script::Decline { .. }
            | Script::AskTheCustomer
            | Script::LoseTheAnswer
            | Script::AnswerTwice
            | Script::RefuseTheFirstRefund
            | Script::LoseTheAnswerAboutRefunds => {}
        }
        let decided = decided(script, charge);
        let asked = entry(charge, &decided, script.of_refunds());
        let known = self.put_new(asked.clone()).await?;
        if known.is_none() && script == Script::LoseTheAnswer {
            return Err(lost("the answer got lost"));
        }
        let same = |known: &Item, name: &str| text(known, name) == text(&asked, name);
        if known.is_some_and(|known| !same(&known, "amount") || !same(&known, "status")) {
            return Err(GatewayError::Undecided("the key was used for another charge".to_owned()));
        }
        let times = if script == Script::AnswerTwice { 2 } else { 1 };
        Ok(Charged::Ended(Answer { outcome: decided, times }))
    }

    /// Waits for the customer, or says what they did; calls it off where they are gone.
    async fn ask(&self, charge: Charge<'_>) -> Result<Charged, GatewayError> {
        let mut asked = item(&charge.payment.to_string(), CHARGE);
        asked.insert("status".to_owned(), AttributeValue::S(WAITS.to_owned()));
        let known = self.put_new(asked.clone()).await?.unwrap_or(asked);
        let known = match charge.customer {
            Customer::Gone if text(&known, "status") == WAITS => {
                let outcome = refused(charge.payment, "authentication_required", charge.customer.why_not());
                self.decide(&entry(charge, &outcome, &[])).await?
            }
            Customer::Away | Customer::There | Customer::Gone => known,
        };
        Ok(match text(&known, "status") {
            WAITS => Charged::Asks(NextAction {
                kind: "simulate_action".to_owned(),
                client_secret: Secret::from(&*format!("{}_secret_simulated", simulated_id(charge.payment))),
            }),
            "succeeded" => paid(charge).into(),
            _ => refused(charge.payment, text(&known, "code"), text(&known, "why")).into(),
        })
    }

    /// Plays the customer who does what their bank asks of them, or fails to. Once they have, or
    /// their time is over, it changes nothing.
    ///
    /// # Errors
    /// Where the ledger cannot be reached.
    pub async fn act(&self, charge: Charge<'_>, does: SimulatedOutcome) -> Result<(), GatewayError> {
        let entry = match does {
            SimulatedOutcome::Succeed => entry(charge, &paid(charge), &[]),
            SimulatedOutcome::Fail => {
                let (code, why) = ("authentication_failed", "The customer could not confirm the payment.");
                entry(charge, &refused(charge.payment, code, why), &[])
            }
        };
        self.decide(&entry).await.map(|_| ())
    }

    /// Ends a charge that waits for its customer; how it has ended, by this or before.
    async fn decide(&self, entry: &Item) -> Result<Item, GatewayError> {
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(entry.clone()))
            .condition_expression("#status = :waits")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":waits", AttributeValue::S(WAITS.to_owned()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) => Ok(entry.clone()),
            Err(PutItemError::ConditionalCheckFailedException(known)) => Ok(known.item.unwrap_or_default()),
            Err(error) => Err(no_answer(error)),
        }
    }

    /// Gives back some of what is left of a charge, once for each key.
    ///
    /// # Errors
    /// Where the charge's token says so, or the ledger cannot be reached.
    pub async fn refund(&self, refund: RefundRequest<'_>) -> Result<RefundOutcome, GatewayError> {
        let key = refund.refund.to_string();
        for tries in 1..=retry::LOST_RACES {
            if let Some(known) = self.get(&key, REFUND).await? {
                return Ok(outcome_of(&known));
            }
            let charge = self.get(&refund.refund.payment().to_string(), CHARGE).await?.unwrap_or_default();
            if text(&charge, "script") == "slow" && tries == 1 {
                tokio::time::sleep(SLOW).await;
            }
            let is_refused = left(&charge) < refund.amount
                || (text(&charge, "script") == "refuse" && !charge.contains_key("refused"));
            let outcome = if is_refused { RefundOutcome::Refused } else { RefundOutcome::Succeeded };
            if self.write_refund(&charge, refund, outcome).await? {
                if text(&charge, "script") == "lose" {
                    return Err(lost("the answer got lost"));
                }
                return Ok(outcome);
            }
            retry::backoff(tries).await;
        }
        Err(GatewayError::Undecided("too many refunds of one charge at a time".to_owned()))
    }

    /// Writes a refund and what it leaves of its charge, if the charge is still as it was seen.
    async fn write_refund(
        &self,
        charge: &Item,
        refund: RefundRequest<'_>,
        outcome: RefundOutcome,
    ) -> Result<bool, GatewayError> {
        let mut entry = item(&refund.refund.to_string(), REFUND);
        let status = if outcome == RefundOutcome::Succeeded { "succeeded" } else { "failed" };
        entry.extend([
            ("charge".to_owned(), AttributeValue::S(refund.refund.payment().to_string())),
            ("amount".to_owned(), AttributeValue::S(refund.amount.to_string())),
            ("currency".to_owned(), AttributeValue::S(refund.currency.code().to_owned())),
            ("status".to_owned(), AttributeValue::S(status.to_owned())),
        ]);
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(entry))
            .condition_expression("attribute_not_exists(pk)");
        let mut writes = vec![TransactWriteItem::builder().put(put.build().map_err(no_answer)?).build()];
        if charge.contains_key("left") {
            writes.push(TransactWriteItem::builder().update(self.take(charge, refund, outcome)?).build());
        }
        let request = self.client.transact_write_items().set_transact_items(Some(writes));
        match request.send().await.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) => Ok(true),
            Err(TransactWriteItemsError::TransactionCanceledException(_)) => Ok(false),
            Err(error) => Err(no_answer(error)),
        }
    }

    fn take(
        &self,
        charge: &Item,
        refund: RefundRequest<'_>,
        outcome: RefundOutcome,
    ) -> Result<Update, GatewayError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item(&refund.refund.payment().to_string(), CHARGE)))
            .condition_expression("#left = :seen AND attribute_exists(pk)")
            .expression_attribute_names("#left", "left")
            .expression_attribute_values(":seen", AttributeValue::S(text(charge, "left").to_owned()));
        let update = match outcome {
            RefundOutcome::Succeeded => {
                let rest = AttributeValue::S((left(charge) - refund.amount).to_string());
                update.update_expression("SET #left = :rest").expression_attribute_values(":rest", rest)
            }
            RefundOutcome::Refused => update
                .update_expression("SET refused = :yes")
                .expression_attribute_values(":yes", AttributeValue::Bool(true)),
        };
        update.build().map_err(no_answer)
    }

    async fn get(&self, key: &str, kind: &str) -> Result<Option<Item>, GatewayError> {
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(item(key, kind)))
            .consistent_read(true);
        Ok(request.send().await.map_err(no_answer)?.item)
    }

    /// Writes what is new; what was there before comes back.
    async fn put_new(&self, item: Item) -> Result<Option<Item>, GatewayError> {
        let request = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(_) => Ok(None),
            Err(PutItemError::ConditionalCheckFailedException(known)) => {
                Ok(Some(known.item.unwrap_or_default()))
            }
            Err(error) => Err(no_answer(error)),
        }
    }
}

fn decided(script: Script, charge: Charge<'_>) -> ChargeOutcome {
    match script {
        Script::Decline { code, why } => refused(charge.payment, code, why),
        Script::AskTheCustomer => {
            refused(charge.payment, "authentication_required", charge.customer.why_not())
        }
        Script::Approve
        | Script::LoseTheRequest
        | Script::LoseTheAnswer
        | Script::AnswerSlowly
        | Script::AnswerTwice
        | Script::RefuseTheFirstRefund
        | Script::LoseTheAnswerAboutRefunds => paid(charge),
    }
}

fn response(payment: PaymentId) -> Map<String, Value> {
    Map::from_iter([
        ("gateway".to_owned(), json!("simulated")),
        ("id".to_owned(), json!(simulated_id(payment))),
    ])
}

fn refused(payment: PaymentId, code: &str, why: &str) -> ChargeOutcome {
    let mut response = response(payment);
    response.insert("status".to_owned(), json!("declined"));
    response.insert("decline_code".to_owned(), json!(code));
    ChargeOutcome::Declined(response, why.to_owned())
}

fn paid(charge: Charge<'_>) -> ChargeOutcome {
    let mut response = response(charge.payment);
    response.insert("status".to_owned(), json!("succeeded"));
    response.insert("amount".to_owned(), json!(charge.amount.to_string()));
    response.insert("currency".to_owned(), json!(charge.currency.code()));
    ChargeOutcome::Paid(response)
}

fn simulated_id(payment: PaymentId) -> String {
    format!("sim_{}", payment.0.simple())
}

/// A charge as the ledger keeps it, with what its token says of refunds.
fn entry(charge: Charge<'_>, decided: &ChargeOutcome, of_refunds: &[(&str, &str)]) -> Item {
    let mut entry = item(&charge.payment.to_string(), CHARGE);
    let mut put =
        |name: &str, value: &str| entry.insert(name.to_owned(), AttributeValue::S(value.to_owned()));
    put("amount", &charge.amount.to_string());
    put("currency", charge.currency.code());
    match decided {
        ChargeOutcome::Paid(_) => {
            put("status", "succeeded");
            put("left", &charge.amount.to_string());
        }
        ChargeOutcome::Declined(response, why) => {
            put("status", "declined");
            put("code", response.get("decline_code").and_then(Value::as_str).unwrap_or_default());
            put("why", why);
        }
    }
    for (name, value) in of_refunds {
        put(name, value);
    }
    entry
}

fn outcome_of(refund: &Item) -> RefundOutcome {
    if text(refund, "status") == "succeeded" { RefundOutcome::Succeeded } else { RefundOutcome::Refused }
}

/// What has not gone back of a charge; nothing of one that is declined or unknown.
fn left(charge: &Item) -> Decimal {
    text(charge, "left").parse().unwrap_or_default()
}

fn item(key: &str, kind: &str) -> Item {
    let pk = AttributeValue::S(oms_table::keys::simulated_gateway(key));
    HashMap::from([("pk".to_owned(), pk), ("sk".to_owned(), AttributeValue::S(kind.to_owned()))])
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

fn lost(what: &'static str) -> GatewayError {
    GatewayError::NoAnswer(what.into())
}

fn no_answer(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> GatewayError {
    GatewayError::NoAnswer(error.into())
}

//! What is remembered of requests with an `Idempotency-Key`: written in the same transaction as
//! what the request changed, so that one is there exactly when the other is.

use super::writes::{meter_write, part};
use super::{Table, TableError, key, keys, text};
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnConsumedCapacity, TransactWriteItem};
use jiff::Timestamp;

/// How long a request is remembered, in seconds: a day.
pub const KEPT_S: i64 = 86_400;

const FINGERPRINT: &str = "fingerprint";
const OWNER: &str = "owner";
const STATUS: &str = "status";
const LOCATION: &str = "location";
const BODY: &str = "body";
const BUSY_UNTIL: &str = "busy_until";

/// What is remembered of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Says which request it was: method, path, parameters and body.
    pub fingerprint: String,
    /// The id of the request that made it.
    pub owner: String,
    /// The status that was answered, or is going to be.
    pub status: u16,
    /// Where what it made or changed can be read, in the state that the request left it in where
    /// that can be told.
    pub location: String,
    /// The body that was answered; none where `location` gives the same.
    pub body: Option<String>,
    /// Until when, in seconds since 1970, the request may still be at work; 0 once it has ended.
    pub busy_until: i64,
    /// Until when it is remembered, in seconds since 1970.
    pub expires_at: i64,
}

fn number(item: &super::Item, name: &str) -> i64 {
    let number = item.get(name).and_then(|value| value.as_n().ok());
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

impl Table {
    /// What is remembered under a user's key; nothing once it has expired.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn remembered(
        &self,
        user: &str,
        idempotency_key: &str,
        now: Timestamp,
    ) -> Result<Option<Remembered>, TableError> {
        let pk = keys::idempotency(user, idempotency_key);
        let Some(item) = self.get_item(pk, keys::IDEMPOTENCY.to_owned()).await? else {
            return Ok(None);
        };
        let remembered = Remembered {
            fingerprint: text(&item, FINGERPRINT).to_owned(),
            owner: text(&item, OWNER).to_owned(),
            status: u16::try_from(number(&item, STATUS)).unwrap_or_default(),
            location: text(&item, LOCATION).to_owned(),
            body: item.get(BODY).and_then(|body| body.as_s().ok()).cloned(),
            busy_until: number(&item, BUSY_UNTIL),
            expires_at: number(&item, keys::EXPIRES_AT),
        };
        Ok(Some(remembered).filter(|one| one.expires_at > now.as_second()))
    }

    /// Remembers a request as part of the transaction that does its work. The transaction fails
    /// where another request is remembered under the key already.
    pub(crate) fn remember(
        &self,
        user: &str,
        idempotency_key: &str,
        what: &Remembered,
    ) -> Result<TransactWriteItem, TableError> {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let number = |value: i64| AttributeValue::N(value.to_string());
        let mut item = key(keys::idempotency(user, idempotency_key), keys::IDEMPOTENCY.to_owned());
        item.insert(FINGERPRINT.into(), text(&what.fingerprint));
        item.insert(OWNER.into(), text(&what.owner));
        item.insert(STATUS.into(), number(what.status.into()));
        item.insert(LOCATION.into(), text(&what.location));
        item.insert(BUSY_UNTIL.into(), number(what.busy_until));
        item.insert(keys::EXPIRES_AT.into(), number(what.expires_at));
        if let Some(body) = &what.body {
            item.insert(BODY.into(), text(body));
        }
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk) OR #owner = :owner OR #expires <= :now")
            .expression_attribute_names("#pk", keys::PK)
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_names("#expires", keys::EXPIRES_AT)
            .expression_attribute_values(":owner", text(&what.owner))
            .expression_attribute_values(":now", number(what.expires_at - KEPT_S));
        Ok(part(put.build().map_err(TableError::request)?))
    }

    /// Adds the answer to what is remembered of a request, once it is known.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where it is no longer this request's.
    pub async fn remember_answer(
        &self,
        user: &str,
        idempotency_key: &str,
        owner: &str,
        status: u16,
        body: &str,
    ) -> Result<(), TableError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(keys::idempotency(user, idempotency_key), keys::IDEMPOTENCY.to_owned())))
            .update_expression("SET #status = :status, #body = :body, #busy = :none")
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#status", STATUS)
            .expression_attribute_names("#body", BODY)
            .expression_attribute_names("#busy", BUSY_UNTIL)
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_values(":status", AttributeValue::N(status.to_string()))
            .expression_attribute_values(":body", AttributeValue::S(body.to_owned()))
            .expression_attribute_values(":none", AttributeValue::N("0".to_owned()))
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        meter_write(answer.consumed_capacity());
        Ok(())
    }
}

//! What is remembered of requests with an `Idempotency-Key`: written in the same transaction as
//! what the request changed, so that one is there exactly when the other is.

use crate::writes::{meter_write, part, while_held};
use crate::{Table, TableError, key, keys, text};
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnConsumedCapacity, TransactWriteItem};
use jiff::Timestamp;

/// How long a request is remembered, in seconds: a day.
pub const RETENTION_S: i64 = 86_400;

const FINGERPRINT: &str = "fingerprint";
const OWNER: &str = "owner";
const STATUS: &str = "status";
const LOCATION: &str = "location";
const BODY: &str = "body";
const BUSY_UNTIL: &str = "busy_until";
const MANAGES: &str = "manages";

/// A request's idempotency key, whose record is written with what the request writes.
pub trait RequestKey: Send + Sync {
    /// Whose request it is.
    fn user(&self) -> &str;
    /// The key itself.
    fn key(&self) -> &str;
    /// What to remember with the next write, of the item with these keys.
    fn record(&self, pk: &str, sk: &str) -> Remembered;
    /// Notes that the record has been written.
    fn wrote(&self);
}

/// The idempotency key of the request that a write is made for; none where it has none, or where
/// the write is not what the key stands for.
pub type Keyed<'a> = Option<&'a dyn RequestKey>;

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
    /// Whether its maker ran the order that it was about, where that matters to the answer.
    pub manages: Option<bool>,
    /// Until when, in seconds since 1970, the request may still be at work; 0 once it has ended, or
    /// where it writes but once.
    pub busy_until: i64,
    /// Until when it is remembered, in seconds since 1970.
    pub expires_at: i64,
}

/// How a remembered request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It has been answered, or what is to be answered is certain.
    Ended,
    /// It may still be at work.
    Running,
    /// It began and will not end: its function died, or had no time left.
    CutOff,
}

impl Remembered {
    /// How it stands.
    #[must_use]
    pub fn stand(&self, now: Timestamp) -> Stand {
        if self.busy_until > now.as_second() {
            Stand::Running
        } else if self.busy_until == 0 || self.body.is_some() {
            Stand::Ended
        } else {
            Stand::CutOff
        }
    }
}

fn number(item: &crate::Item, name: &str) -> i64 {
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
        let (pk, sk) = keys::idempotency(user, idempotency_key);
        let Some(item) = self.get_item(pk, sk).await? else {
            return Ok(None);
        };
        let remembered = Remembered {
            fingerprint: text(&item, FINGERPRINT).to_owned(),
            owner: text(&item, OWNER).to_owned(),
            status: u16::try_from(number(&item, STATUS)).unwrap_or_default(),
            location: text(&item, LOCATION).to_owned(),
            body: item.get(BODY).and_then(|body| body.as_s().ok()).cloned(),
            manages: item.get(MANAGES).and_then(|value| value.as_bool().ok()).copied(),
            busy_until: number(&item, BUSY_UNTIL),
            expires_at: number(&item, keys::EXPIRES_AT),
        };
        Ok(Some(remembered).filter(|one| one.expires_at > now.as_second()))
    }

    /// Remembers a request as part of the transaction that does its work. The transaction fails
    /// where another request is remembered under the key already.
    pub fn remember(
        &self,
        user: &str,
        idempotency_key: &str,
        what: &Remembered,
    ) -> Result<TransactWriteItem, TableError> {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let number = |value: i64| AttributeValue::N(value.to_string());
        let (pk, sk) = keys::idempotency(user, idempotency_key);
        let mut item = key(pk, sk);
        item.insert(FINGERPRINT.into(), text(&what.fingerprint));
        item.insert(OWNER.into(), text(&what.owner));
        item.insert(STATUS.into(), number(what.status.into()));
        item.insert(LOCATION.into(), text(&what.location));
        item.insert(BUSY_UNTIL.into(), number(what.busy_until));
        item.insert(keys::EXPIRES_AT.into(), number(what.expires_at));
        if let Some(manages) = what.manages {
            item.insert(MANAGES.into(), AttributeValue::Bool(manages));
        }
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
            .expression_attribute_values(":now", number(what.expires_at - RETENTION_S));
        Ok(part(put.build().map_err(TableError::request)?))
    }

    /// Adds the answer to what is remembered of a request, once it is known; without its body where
    /// that can only be read again. Done twice, it is the same.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where it is no longer this request's.
    pub async fn remember_answer(
        &self,
        user: &str,
        idempotency_key: &str,
        owner: &str,
        status: u16,
        body: Option<&str>,
    ) -> Result<(), TableError> {
        let set_body = if body.is_some() { ", #body = :body" } else { "" };
        let update = self
            .update_remembered(user, idempotency_key, owner)
            .update_expression(format!("SET #status = :status, #busy = :none{set_body}"))
            .expression_attribute_names("#status", STATUS)
            .expression_attribute_values(":status", AttributeValue::N(status.to_string()))
            .expression_attribute_values(":none", AttributeValue::N("0".to_owned()));
        let update = body.into_iter().fold(update, |update, body| {
            let body = AttributeValue::S(body.to_owned());
            update.expression_attribute_names("#body", BODY).expression_attribute_values(":body", body)
        });
        meter_write(while_held(|| update.clone().send()).await?.consumed_capacity());
        Ok(())
    }

    /// Says of a request that it is no longer at work, and has not come to its end: a repeat may go
    /// on with it at once.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where it is no longer this request's.
    pub async fn let_go(
        &self,
        user: &str,
        idempotency_key: &str,
        owner: &str,
        now_s: i64,
    ) -> Result<(), TableError> {
        let update = self
            .update_remembered(user, idempotency_key, owner)
            .update_expression("SET #busy = :now")
            .expression_attribute_values(":now", AttributeValue::N(now_s.to_string()));
        meter_write(while_held(|| update.clone().send()).await?.consumed_capacity());
        Ok(())
    }

    /// Makes the record of a request that was cut off that of a repeat, which will be at work until
    /// a time in seconds since 1970. Where it is the repeat's already, the answer to an earlier try
    /// got lost.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where another repeat was faster.
    pub async fn take_over(
        &self,
        user: &str,
        idempotency_key: &str,
        earlier: &Remembered,
        owner: &str,
        busy_until: i64,
    ) -> Result<(), TableError> {
        let update = self
            .update_remembered(user, idempotency_key, &earlier.owner)
            .update_expression("SET #busy = :until, #owner = :new")
            .condition_expression("#owner IN (:owner, :new)")
            .expression_attribute_values(":new", AttributeValue::S(owner.to_owned()))
            .expression_attribute_values(":until", AttributeValue::N(busy_until.to_string()));
        meter_write(while_held(|| update.clone().send()).await?.consumed_capacity());
        Ok(())
    }

    /// A change of what is remembered of a request, as long as it is that request's.
    fn update_remembered(&self, user: &str, idempotency_key: &str, owner: &str) -> UpdateItemFluentBuilder {
        let (pk, sk) = keys::idempotency(user, idempotency_key);
        self.client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(pk, sk)))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#busy", BUSY_UNTIL)
            .expression_attribute_names("#owner", OWNER)
            .expression_attribute_values(":owner", AttributeValue::S(owner.to_owned()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }
}

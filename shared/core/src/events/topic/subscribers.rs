//! Who hears the events: subscriptions at the topic, each with a filter policy.
//!
//! The topic knows one subscription for each protocol and endpoint. All that is done here can be
//! repeated: it makes the topic follow what is wanted, from whatever it does now.

use super::Bus;
use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use oms_domain::subscription::{Protocol, Subscription, SubscriptionStatus};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::error::Error;

/// How many pages of the topic's subscriptions are looked through for one: 100 entries each.
const MAX_PAGES: usize = 20;
const FILTER_POLICY: &str = "FilterPolicy";

/// What a subscriber should hear.
#[derive(Clone, Debug)]
pub struct Wanted {
    protocol: &'static str,
    endpoint: String,
    filter: Value,
}

impl Wanted {
    /// A subscription as the topic knows it. What is on this machine is reached without TLS.
    #[must_use]
    pub fn new(subscription: &Subscription) -> Self {
        let mut filter = json!({ "event_type": subscription.event_types });
        if let Some(store) = subscription.store {
            filter["store"] = json!([store]);
        }
        let protocol = match subscription.protocol {
            Protocol::Https if subscription.endpoint.starts_with("http://") => "http",
            Protocol::Https => "https",
            Protocol::Email => "email",
            Protocol::Sqs => "sqs",
            Protocol::Sms => "sms",
        };
        Self { protocol, endpoint: subscription.endpoint.clone(), filter }
    }
}

/// How a subscription stands at the topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its name; none where the topic does not tell it before the endpoint has agreed.
    pub arn: Option<String>,
    /// Whether the endpoint hears.
    pub status: SubscriptionStatus,
}

/// Why the topic did not follow.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    /// It will not have this endpoint.
    #[error("the topic refuses the endpoint: {0}")]
    Refused(String),
    /// Somebody else has subscribed the endpoint, whom no record of ours names.
    #[error("the endpoint is subscribed already")]
    Taken,
    /// It has as many subscriptions as it can.
    #[error("the topic has no room for another subscription")]
    Full,
    /// It could not be asked, after the SDK's retries.
    #[error("the topic cannot be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
}

/// What an error of the topic means here.
enum Meaning {
    /// There is no such subscription.
    Gone,
    /// Something about the request does not please it.
    Invalid(String),
    Other(SubscribeError),
}

fn meaning<E, R>(error: SdkError<E, R>) -> Meaning
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let told = error.as_service_error().map(|told| (told.code(), told.message().unwrap_or_default()));
    match told {
        Some((Some("NotFound" | "NotFoundException"), _)) => Meaning::Gone,
        Some((Some("InvalidParameter" | "InvalidParameterException"), message)) => {
            Meaning::Invalid(message.to_owned())
        }
        Some((Some("FilterPolicyLimitExceeded" | "SubscriptionLimitExceeded"), _)) => {
            Meaning::Other(SubscribeError::Full)
        }
        Some(_) | None => Meaning::Other(SubscribeError::Unreachable(Box::new(error))),
    }
}

impl Meaning {
    fn into_error(self) -> SubscribeError {
        match self {
            Meaning::Gone => SubscribeError::Refused("it does not exist".to_owned()),
            Meaning::Invalid(message) => SubscribeError::Refused(message),
            Meaning::Other(error) => error,
        }
    }
}

impl Bus {
    /// Makes the topic tell an endpoint what is wanted, and nothing else. `arn` is what the topic
    /// called it when it was last asked. Where that has ended, another subscription of the endpoint
    /// is whoever's who made it at the topic: it is taken over only where the caller `adopts` it.
    ///
    /// # Errors
    /// [`SubscribeError`].
    pub async fn subscribe(
        &self,
        wanted: &Wanted,
        arn: Option<&str>,
        adopts: bool,
    ) -> Result<Answer, SubscribeError> {
        let known = match arn {
            Some(arn) => self.attributes_of(arn).await?.map(|attributes| (arn.to_owned(), attributes)),
            None => None,
        };
        let found = match known {
            Some(found) => Some(found),
            None if arn.is_some() && !adopts && self.has(wanted).await? => return Err(SubscribeError::Taken),
            None => self.begin(wanted).await?,
        };
        let Some((arn, attributes)) = found else {
            return Ok(Answer { arn: None, status: SubscriptionStatus::Pending });
        };
        let filter =
            attributes.get(FILTER_POLICY).and_then(|filter| serde_json::from_str::<Value>(filter).ok());
        if filter.as_ref() != Some(&wanted.filter) {
            self.set_filter(&arn, &wanted.filter).await?;
        }
        Ok(Answer { status: status(&attributes), arn: Some(arn) })
    }

    /// Whether an endpoint hears.
    ///
    /// # Errors
    /// [`SubscribeError::Unreachable`].
    pub async fn status(&self, wanted: &Wanted, arn: Option<&str>) -> Result<Answer, SubscribeError> {
        let arn = match arn {
            Some(arn) => Some(arn.to_owned()),
            None => self.find(wanted).await?,
        };
        let Some(arn) = arn else {
            return Ok(Answer { arn: None, status: SubscriptionStatus::Pending });
        };
        let status =
            self.attributes_of(&arn).await?.map_or(SubscriptionStatus::Unsubscribed, |found| status(&found));
        Ok(Answer { arn: Some(arn), status })
    }

    /// Makes an endpoint hear nothing any more. One that has not agreed yet cannot be removed from
    /// the topic, which forgets it by itself after some days; until then it would hear nothing.
    ///
    /// # Errors
    /// [`SubscribeError::Unreachable`].
    pub async fn unsubscribe(&self, wanted: &Wanted, arn: Option<&str>) -> Result<(), SubscribeError> {
        let arn = match arn {
            Some(arn) => Some(arn.to_owned()),
            None => self.find(wanted).await?,
        };
        let Some(arn) = arn else { return Ok(()) };
        let gone = self.client.unsubscribe().subscription_arn(&arn).send().await;
        match gone.map_err(meaning) {
            Ok(_) | Err(Meaning::Gone) => Ok(()),
            Err(Meaning::Invalid(_)) => self.set_filter(&arn, &json!({ "event_type": ["none"] })).await,
            Err(Meaning::Other(error)) => Err(error),
        }
    }

    /// Subscribes an endpoint that the topic is not known to have; its name and attributes, where
    /// the topic tells them.
    async fn begin(
        &self,
        wanted: &Wanted,
    ) -> Result<Option<(String, HashMap<String, String>)>, SubscribeError> {
        let begun = self
            .client
            .subscribe()
            .topic_arn(&self.topic)
            .protocol(wanted.protocol)
            .endpoint(&wanted.endpoint)
            .attributes(FILTER_POLICY, wanted.filter.to_string())
            .return_subscription_arn(true)
            .send()
            .await;
        let told = match begun.map_err(meaning) {
            Ok(begun) => begun.subscription_arn,
            // It is there with another filter: an attempt before this one did not come to its end.
            Err(Meaning::Invalid(message)) if message.contains("already exists") => None,
            Err(other) => return Err(other.into_error()),
        };
        let arn = match told.filter(|arn| is_arn(arn)) {
            Some(arn) => Some(arn),
            None => self.find(wanted).await?,
        };
        let Some(arn) = arn else { return Ok(None) };
        let attributes = self.attributes_of(&arn).await?.unwrap_or_default();
        Ok(Some((arn, attributes)))
    }

    /// Whether the topic has a subscription of an endpoint, whoever made it.
    ///
    /// # Errors
    /// [`SubscribeError::Unreachable`].
    pub async fn has(&self, wanted: &Wanted) -> Result<bool, SubscribeError> {
        Ok(self.look_up(wanted).await?.is_some())
    }

    /// What the topic calls the subscription of an endpoint, if it has one and tells its name.
    async fn find(&self, wanted: &Wanted) -> Result<Option<String>, SubscribeError> {
        Ok(self.look_up(wanted).await?.filter(|arn| is_arn(arn)))
    }

    /// Looks an endpoint up among the topic's subscriptions.
    async fn look_up(&self, wanted: &Wanted) -> Result<Option<String>, SubscribeError> {
        let mut next = None;
        for _ in 0..MAX_PAGES {
            let list = self.client.list_subscriptions_by_topic().topic_arn(&self.topic);
            let page = list.set_next_token(next).send().await;
            let page = page.map_err(|error| meaning(error).into_error())?;
            let found = page.subscriptions().iter().find(|one| {
                one.protocol() == Some(wanted.protocol) && one.endpoint() == Some(&wanted.endpoint)
            });
            if let Some(found) = found {
                return Ok(Some(found.subscription_arn().unwrap_or_default().to_owned()));
            }
            next = page.next_token;
            if next.is_none() {
                break;
            }
        }
        Ok(None)
    }

    async fn attributes_of(&self, arn: &str) -> Result<Option<HashMap<String, String>>, SubscribeError> {
        let told = self.client.get_subscription_attributes().subscription_arn(arn).send().await;
        match told.map_err(meaning) {
            Ok(told) => Ok(Some(told.attributes.unwrap_or_default())),
            Err(Meaning::Gone) => Ok(None),
            Err(other) => Err(other.into_error()),
        }
    }

    async fn set_filter(&self, arn: &str, filter: &Value) -> Result<(), SubscribeError> {
        let set = self
            .client
            .set_subscription_attributes()
            .subscription_arn(arn)
            .attribute_name(FILTER_POLICY)
            .attribute_value(filter.to_string())
            .send()
            .await;
        set.map(|_| ()).map_err(|error| meaning(error).into_error())
    }
}

/// Before the endpoint has agreed, the topic may say so instead of telling a name.
fn is_arn(text: &str) -> bool {
    text.starts_with("arn:")
}

fn status(attributes: &HashMap<String, String>) -> SubscriptionStatus {
    match attributes.get("PendingConfirmation").map(String::as_str) {
        Some("true") => SubscriptionStatus::Pending,
        Some(_) | None => SubscriptionStatus::Confirmed,
    }
}

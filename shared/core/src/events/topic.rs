//! What the outside hears: events on the SNS topic, and who hears them.

mod event;
mod mail;
mod subscribers;

pub use event::Event;
pub use subscribers::{Answer, SubscribeError, Wanted};

use aws_sdk_sns::Client;
use aws_sdk_sns::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sns::operation::get_topic_attributes::GetTopicAttributesError;
use aws_sdk_sns::types::MessageAttributeValue;

/// The topic, and how to reach it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus {
    client: Client,
    topic: String,
}

/// `TOPIC_ARN` is missing.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("TOPIC_ARN is not set: it names the SNS topic that events are published to")]
pub struct NoTopic;

/// Why an event was not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// It is nothing that SNS takes: too large, or an attribute that makes no sense.
    #[error("the topic takes no such event")]
    Invalid(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else that SNS or the SDK said.
    #[error("the event could not be published")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What SNS answers to a message that it will never take.
const INVALID: [&str; 3] = ["InvalidParameter", "ParameterValueInvalid", "ValidationException"];

impl PublishError {
    fn request(error: impl ProvideErrorMetadata + std::error::Error + Send + Sync + 'static) -> Self {
        match error.code() {
            Some(code) if INVALID.contains(&code) => Self::Invalid(Box::new(error)),
            _ => Self::Request(Box::new(error)),
        }
    }

    /// Whether it would be the same each time.
    pub(super) const fn is_lasting(&self) -> bool {
        matches!(self, Self::Invalid(_))
    }
}

impl Bus {
    /// A topic by its ARN.
    #[must_use]
    pub const fn new(client: Client, topic: String) -> Self {
        Self { client, topic }
    }

    /// The topic's ARN.
    #[must_use]
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Publishes an event. Published again it has the same `event_id`, by which subscribers drop
    /// repeats.
    ///
    /// # Errors
    /// Where SNS does not take it, after the SDK's retries.
    pub async fn publish(&self, event: &Event) -> Result<(), PublishError> {
        let mut publish = self
            .client
            .publish()
            .topic_arn(&self.topic)
            .subject(event.subject())
            .message_structure("json")
            .message(event.message());
        for (name, value) in event.attributes() {
            let value = attribute(value).map_err(|error| PublishError::Invalid(Box::new(error)))?;
            publish = publish.message_attributes(name, value);
        }
        publish.send().await.map_err(PublishError::request)?;
        Ok(())
    }

    /// Asks whether the topic is there.
    ///
    /// # Errors
    /// Where SNS does not answer for it, after the SDK's retries.
    pub async fn reach(&self) -> Result<(), Box<SdkError<GetTopicAttributesError>>> {
        self.client.get_topic_attributes().topic_arn(&self.topic).send().await?;
        Ok(())
    }
}

fn attribute(value: &str) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder().data_type("String").string_value(value).build()
}

//! What the outside hears: events on the SNS topic, and who hears them.

mod event;
mod mail;
mod subscribers;

pub use event::Event;
pub use subscribers::{Answer, SubscribeError, Wanted};

use aws_sdk_sns::Client;
use aws_sdk_sns::error::{BuildError, SdkError};
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
#[error("the event could not be published")]
pub struct PublishError(#[source] Box<dyn std::error::Error + Send + Sync>);

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
            let value = attribute(value).map_err(|error| PublishError(Box::new(error)))?;
            publish = publish.message_attributes(name, value);
        }
        publish.send().await.map_err(|error| PublishError(Box::new(error)))?;
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

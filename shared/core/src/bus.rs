//! What the outside hears: events on the SNS topic.

use crate::views::order::OrderView;
use crate::views::time;
use aws_sdk_sns::Client;
use aws_sdk_sns::error::SdkError;
use aws_sdk_sns::operation::get_topic_attributes::GetTopicAttributesError;
use aws_sdk_sns::types::MessageAttributeValue;
use oms_domain::notice::Notice;
use oms_domain::{Change, Order};
use serde_json::{Value, json};

/// The most that is published of an order, in bytes of JSON: SNS takes 256 KB, and the readable
/// text goes with it.
const MAX_EVENT_BYTES: usize = 200_000;
/// The longest subject that SNS takes.
const MAX_SUBJECT: usize = 100;

/// The topic, and how to reach it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus {
    client: Client,
    topic: String,
}

/// Why an event was not published.
#[derive(Debug, thiserror::Error)]
#[error("the event could not be published")]
pub struct PublishError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// One event, as each kind of subscriber gets it.
#[derive(Clone, Debug)]
pub struct Event {
    attributes: Vec<(&'static str, String)>,
    subject: String,
    json: Value,
    text: String,
}

impl Event {
    /// The event of a notice, about an order as it was after the change.
    #[must_use]
    pub fn new(order: &Order, change: &Change, notice: &Notice) -> Self {
        let event_type = notice.event_type;
        let json = json!({
            "event_id": notice.id,
            "event_type": event_type,
            "version": change.version,
            "occurred_at": time(change.at),
            "order": order_json(order),
            "change": { "from": notice.from, "to": notice.to },
        });
        let subject = format!("{}: {}", event_type.label(), order.order_number);
        Self {
            attributes: vec![
                ("event_type", event_type.to_string()),
                ("order_id", order.id.to_string()),
                ("order_number", order.order_number.clone()),
                ("store", order.store.id.to_string()),
                ("user", order.user.id.to_string()),
                ("status", order.status.to_string()),
                ("event_id", notice.id.to_string()),
            ],
            subject: subject.chars().filter(|c| c.is_ascii() && !c.is_control()).take(MAX_SUBJECT).collect(),
            json,
            text: readable(order, &event_type.message(order)),
        }
    }

    /// The body of an SNS message with a form for each protocol.
    fn message(&self) -> String {
        json!({ "default": self.json.to_string(), "email": self.text }).to_string()
    }
}

/// The order for machines. What was said about its payments stays inside: tokens are nobody
/// else's business. An order that is too large for a message goes without its items, which a
/// subscriber can fetch.
fn order_json(order: &Order) -> Value {
    let mut view = serde_json::to_value(OrderView::new(order, true)).unwrap_or_default();
    if let Some(fields) = view.as_object_mut() {
        for private in ["payments", "can_cancel", "can_refund"] {
            fields.remove(private);
        }
        let length = serde_json::to_vec(&fields).map_or(usize::MAX, |json| json.len());
        if length > MAX_EVENT_BYTES {
            for large in ["items", "extra_data", "notes", "special_instructions"] {
                fields.remove(large);
            }
        }
    }
    view
}

/// The mail: what happened, what was bought, what it came to, where the parcel is.
fn readable(order: &Order, what_happened: &str) -> String {
    let code = order.currency.code();
    let mut text = format!("Hello {},\n\n{what_happened}\n\n", greeting(order));
    for line in &order.lines {
        let variant = line.variant.as_ref().map(|v| format!(" ({})", v.name)).unwrap_or_default();
        text +=
            &format!("  {} x {}{variant}  {code} {}\n", line.quantity, line.product.name, line.total_price);
    }
    text += &format!("\nTotal: {code} {}\n", order.total_amount);
    if !order.tracking_number.is_empty() {
        text += &format!("Tracking number: {}\n", order.tracking_number);
    }
    text + &format!("\nOrder {} at {}\n", order.order_number, order.store.name)
}

fn greeting(order: &Order) -> &str {
    let user = &order.user;
    if user.first_name.is_empty() { &user.username } else { &user.first_name }
}

impl Bus {
    /// A topic by its ARN.
    #[must_use]
    pub const fn new(client: Client, topic: String) -> Self {
        Self { client, topic }
    }

    /// Publishes an event. Published again it has the same `event_id`, by which subscribers drop
    /// repeats.
    ///
    /// # Errors
    /// Where SNS does not take it, after the SDK's retries.
    pub async fn publish(&self, event: &Event) -> Result<(), PublishError> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| PublishError(error);
        let mut publish = self
            .client
            .publish()
            .topic_arn(&self.topic)
            .subject(&event.subject)
            .message_structure("json")
            .message(event.message());
        for (name, value) in &event.attributes {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            let value = value.build().map_err(|error| failed(Box::new(error)))?;
            publish = publish.message_attributes(*name, value);
        }
        publish.send().await.map_err(|error| failed(Box::new(error)))?;
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

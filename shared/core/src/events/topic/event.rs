//! One event, as each kind of subscriber gets it: readable mail, a short text, JSON for machines.

use super::mail;
use oms_domain::order_events::OrderEvent;
use oms_domain::text::one_line;
use oms_domain::{Change, Order};
use oms_http::exact;
use oms_http::views::order::OrderView;
use oms_http::views::time;
use serde_json::{Value, json};

/// The largest message that SNS takes with its attributes, all its forms together, in bytes.
const MAX_MESSAGE_BYTES: usize = 262_144;
/// What the attributes and the other forms of a message may take of that.
const MAX_REST_BYTES: usize = 40_000;
/// The longest subject that SNS takes, in characters, all of them ASCII.
const MAX_SUBJECT: usize = 100;
/// What a message goes without first where it would be too large, in this order; then the largest
/// field. A subscriber can read them from the API.
const FIRST_TO_GO: [&str; 3] = ["extra_data", "notes", "special_instructions"];

/// One event, as each kind of subscriber gets it.
#[derive(Clone, Debug)]
pub struct Event {
    attributes: Vec<(&'static str, String)>,
    subject: String,
    json: String,
    mail: String,
    text: String,
}

impl Event {
    /// The event of a notice, about an order as it was after the change. `tracking_url` is where
    /// parcels can be followed, with `{}` for the carrier's number.
    #[must_use]
    pub fn new(order: &Order, change: &Change, notice: &OrderEvent, tracking_url: Option<&str>) -> Self {
        let event_type = notice.event_type;
        let mut event = json!({
            "event_id": notice.id,
            "event_type": event_type,
            "version": change.version,
            "occurred_at": time(change.at),
            "order": order_json(order),
            "change": { "from": notice.from, "to": notice.to },
        });
        let what_happened = event_type.report(order, change);
        Self {
            attributes: vec![
                ("event_type", event_type.to_string()),
                ("order_id", order.id.to_string()),
                ("order_number", order.order_number.clone()),
                ("store", order.store.id.to_string()),
                ("user", one_line(&order.user.id.0)),
                ("status", order.status.to_string()),
                ("event_id", notice.id.to_string()),
            ],
            subject: subject(&format!("{}: {}", event_type.label(), order.order_number)),
            json: within_limit(&mut event),
            mail: mail::write(order, change, &what_happened, tracking_url),
            text: mail::short(&format!("{}: {what_happened}", order.store.name)),
        }
    }

    /// What subscribers may filter by.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.attributes.iter().map(|(name, value)| (*name, value.as_str()))
    }

    pub(super) fn subject(&self) -> &str {
        &self.subject
    }

    /// The body of an SNS message with a form for each protocol.
    pub(super) fn message(&self) -> String {
        json!({ "default": self.json, "email": self.mail, "sms": self.text }).to_string()
    }
}

/// A subject that SNS takes: ASCII, one line, not too long.
fn subject(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii() && !c.is_control()).take(MAX_SUBJECT).collect()
}

/// The order for machines. What was said about its payments stays inside: tokens are nobody
/// else's business. So does what depends on who asks.
fn order_json(order: &Order) -> Value {
    let mut view = serde_json::to_value(OrderView::new(order, true)).unwrap_or_default();
    if let Some(fields) = view.as_object_mut() {
        for private in ["payments", "can_cancel", "can_refund"] {
            fields.remove(private);
        }
    }
    view
}

/// The event as text that fits into a message: without the order's largest fields where it must
/// be. Standing in a text itself, a quote or a backslash takes twice the room.
fn within_limit(event: &mut Value) -> String {
    let fits = |json: &str| escaped_length(json) + MAX_REST_BYTES <= MAX_MESSAGE_BYTES;
    let written = |event: &Value| {
        let json = event.to_string();
        // Numbers as the client sent them, which are no texts.
        String::from_utf8(exact::unmarked(json.as_bytes()).into_owned()).unwrap_or(json)
    };
    let mut json = written(event);
    while !fits(&json) {
        let Some(order) = event["order"].as_object_mut() else { break };
        let first = FIRST_TO_GO.iter().find(|name| order.contains_key(**name)).map(|name| (*name).to_owned());
        let size = |(name, value): (&String, &Value)| (escaped_length(&value.to_string()), name.clone());
        let Some(goes) = first.or_else(|| order.iter().map(size).max().map(|(_, name)| name)) else { break };
        order.remove(&goes);
        json = written(event);
    }
    json
}

fn escaped_length(json: &str) -> usize {
    json.len() + json.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_line_of_ascii() {
        assert_eq!(
            subject("Order shipped: ORD-20261122-0001\r\nBcc: é"),
            "Order shipped: ORD-20261122-0001Bcc: "
        );
        assert_eq!(subject(&"x".repeat(200)).len(), MAX_SUBJECT);
    }

    #[test]
    fn an_event_that_is_too_large_goes_without_what_can_be_read_elsewhere() {
        let note = "\"\\\n".repeat(10_000);
        let mut event =
            json!({ "event_id": 1, "order": { "id": 7, "notes": note, "items": [note.repeat(3)] } });
        let kept: Value = serde_json::from_str(&within_limit(&mut event)).unwrap();
        assert_eq!(kept, json!({ "event_id": 1, "order": { "id": 7 } }));
        let mut event = json!({ "order": { "id": 7, "new": note, "newer": note.repeat(4) } });
        let kept: Value = serde_json::from_str(&within_limit(&mut event)).unwrap();
        assert_eq!(kept, json!({ "order": { "id": 7, "new": note } }), "whatever the fields are called");
        let mut small = json!({ "event_id": 1, "order": { "id": 7, "notes": note } });
        let kept: Value = serde_json::from_str(&within_limit(&mut small)).unwrap();
        assert_eq!(kept["order"]["notes"], note.as_str());
        let message = json!({ "default": within_limit(&mut small) }).to_string();
        assert!(message.len() < MAX_MESSAGE_BYTES, "{}", message.len());
    }
}

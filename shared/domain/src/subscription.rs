//! Who outside hears of events: mail addresses, servers, queues and telephones.

use crate::choices::choices;
use crate::order_events::EventType;
use crate::{StoreId, SubscriptionId, UserId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

choices! {
    /// How a subscriber is told.
    Protocol {
        /// A readable mail.
        Email = "email", "Email";
        /// A POST of JSON to a server.
        Https = "https", "HTTPS";
        /// JSON in a queue of SQS.
        Sqs = "sqs", "SQS";
        /// A short text.
        Sms = "sms", "SMS";
    }
}

choices! {
    /// Whether a subscriber hears.
    SubscriptionStatus {
        /// Not yet: the endpoint has to agree first.
        Pending = "pending", "Pending confirmation";
        /// It does.
        Confirmed = "confirmed", "Confirmed";
        /// No longer, or never: the endpoint said so, or did not answer in time.
        Unsubscribed = "unsubscribed", "Unsubscribed";
    }
}

/// A subscriber, and what they want to hear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The same for the same protocol and endpoint.
    pub id: SubscriptionId,
    /// How they are told.
    pub protocol: Protocol,
    /// Where: a mail address, a URL, the ARN of a queue, a telephone number.
    pub endpoint: String,
    /// What they want to hear of; never empty.
    pub event_types: Vec<EventType>,
    /// The store whose events they want; none for those of every store.
    #[serde(default)]
    pub store: Option<StoreId>,
    /// Who subscribed them.
    pub created_by: UserId,
    /// When they were subscribed.
    pub created_at: Timestamp,
    /// When what they want to hear last changed.
    pub updated_at: Timestamp,
}

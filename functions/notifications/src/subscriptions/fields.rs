//! What clients write of a subscription.

use super::endpoint::{self, MAX_ENDPOINT_CHARS};
use oms_core::http::validation::{Fields, Mode, Text};
use oms_core::http::{JsonObject, Reply};
use oms_domain::StoreId;
use oms_domain::notice::EventType;
use oms_domain::subscription::{Protocol, Subscription};
use utoipa::ToSchema;
use uuid::Uuid;

/// A subscription to make, or to put in place of another. `protocol` and `endpoint` stay as they
/// were made.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = SubscriptionFields)]
pub(crate) struct SubscriptionFields {
    /// `email`, `https`, `sqs` or `sms`.
    #[schema(value_type = String, example = "email")]
    pub(super) protocol: Option<Protocol>,
    /// A mail address, an https URL, the ARN of a standard queue, or a telephone number in E.164
    /// form.
    #[schema(value_type = String, example = "orders@shop.example.com")]
    pub(super) endpoint: Option<String>,
    /// The events to hear of.
    #[schema(value_type = Vec<String>, example = json!(["order.confirmed", "order.shipped"]))]
    pub(super) event_types: Option<Vec<EventType>>,
    /// The store whose events to hear of. Staff may leave it out to hear of all.
    #[schema(value_type = Option<Uuid>)]
    pub(super) store: Option<Option<StoreId>>,
}

/// Any part of a subscription.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = SubscriptionPatch)]
#[expect(dead_code, reason = "the document describes it; the handler reads fields one by one")]
pub(crate) struct SubscriptionPatch {
    /// As it was made.
    #[schema(example = "email")]
    protocol: Option<String>,
    /// As it was made.
    #[schema(example = "orders@shop.example.com")]
    endpoint: Option<String>,
    /// The events to hear of.
    #[schema(example = json!(["order.delivered"]))]
    event_types: Option<Vec<String>>,
    /// The store whose events to hear of.
    store: Option<Uuid>,
}

impl SubscriptionFields {
    /// Reads a body. `seen` is the subscription that it changes, `is_local` whether the topic is on
    /// this machine.
    ///
    /// # Errors
    /// 400 with every problem.
    pub(super) fn read(
        body: JsonObject,
        mode: Mode,
        seen: Option<&Subscription>,
        is_local: bool,
    ) -> Reply<Self> {
        let mut f = Fields::new(body.0, mode);
        let protocol = f.required::<Protocol>("protocol");
        let text = f.required::<Text<MAX_ENDPOINT_CHARS>>("endpoint");
        let event_types = f.values::<EventType>("event_types", 1..=EventType::ALL.len());
        let store = f.nullable::<Uuid>("store").map(|store| store.map(StoreId));
        let mut endpoint = None;
        if let (Some(protocol), Some(text)) = (protocol.or(seen.map(|seen| seen.protocol)), text) {
            match endpoint::read(protocol, &text.0, is_local) {
                Ok(read) => endpoint = Some(read),
                Err(message) => f.error("endpoint", message),
            }
        }
        if let Some(seen) = seen {
            let fixed = "This cannot be changed: make another subscription.";
            if protocol.is_some_and(|protocol| protocol != seen.protocol) {
                f.error("protocol", fixed);
            }
            if endpoint.as_ref().is_some_and(|endpoint| *endpoint != seen.endpoint) {
                f.error("endpoint", fixed);
            }
        }
        f.finish()?;
        let event_types = event_types.map(|mut types| {
            types.sort();
            types.dedup();
            types
        });
        Ok(Self { protocol, endpoint, event_types, store })
    }
}

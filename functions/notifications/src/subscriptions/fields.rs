//! What clients write of a subscription.

use super::endpoint::{self, MAX_ENDPOINT_CHARS};
use oms_core::app::App;
use oms_domain::order_events::EventType;
use oms_domain::subscription::{Protocol, Subscription};
use oms_domain::{Caller, Outcome, StoreId};
use oms_http::JsonObject;
use oms_http::validation::{Fields, Mode, Text};
use utoipa::ToSchema;
use uuid::Uuid;

/// A subscription to make, or to put in place of another. `protocol` and `endpoint` stay as they
/// were made.
#[derive(Clone, Debug, Default, ToSchema)]
#[schema(as = SubscriptionFields)]
pub(crate) struct SubscriptionFields {
    /// `email`, `https` or `sqs`, or what the deployment's settings name; `sms` is for staff.
    #[schema(value_type = String, example = "email")]
    pub(super) protocol: Option<Protocol>,
    /// A mail address, an https URL, the ARN of a standard queue, or a telephone number in E.164
    /// form.
    #[schema(value_type = String, max_length = 2_048, example = "orders@shop.example.com")]
    pub(super) endpoint: Option<String>,
    /// The events to hear of. Without any: all that users are told of, which are those of an
    /// order's status, and `payment.paid`, `payment.failed` and `payment.refunded`.
    #[schema(value_type = Option<Vec<String>>, example = json!(["order.confirmed", "order.shipped"]))]
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
    #[schema(max_length = 2_048, example = "orders@shop.example.com")]
    endpoint: Option<String>,
    /// The events to hear of.
    #[schema(example = json!(["order.delivered"]))]
    event_types: Option<Vec<String>>,
    /// The store whose events to hear of.
    store: Option<Uuid>,
}

/// What a body may say: of which subscription, and where subscribers can be.
#[derive(Clone, Debug)]
pub(super) struct May {
    /// The subscription that it changes.
    seen: Option<Subscription>,
    /// How new subscribers may be told.
    protocols: Vec<Protocol>,
    /// Whether the caller may have telephones told, which is charged by the message.
    tells_telephones: bool,
    /// Whether the topic is on this machine.
    is_local: bool,
}

impl May {
    /// A new subscription.
    pub(super) fn make(app: &App, caller: &Caller) -> Self {
        Self {
            seen: None,
            protocols: app.config().subscription_protocols.clone(),
            tells_telephones: caller.is_staff(),
            is_local: app.config().aws.sns_is_on_this_machine(),
        }
    }

    /// A change of one that there is, which is told as it was made to be.
    pub(super) fn change(app: &App, seen: &Subscription) -> Self {
        let is_local = app.config().aws.sns_is_on_this_machine();
        Self { seen: Some(seen.clone()), protocols: Protocol::ALL.to_vec(), tells_telephones: true, is_local }
    }
}

impl SubscriptionFields {
    /// Reads a body.
    ///
    /// # Errors
    /// 400 with every problem.
    pub(super) fn read(body: JsonObject, mode: Mode, may: &May) -> Outcome<Self> {
        let JsonObject(mut body) = body;
        // As if it were left out.
        body.retain(|name, value| name != "event_types" || !value.is_null());
        let mut f = Fields::new(body, mode);
        let protocol = f.required::<Protocol>("protocol");
        let text = f.required::<Text<MAX_ENDPOINT_CHARS>>("endpoint");
        let event_types = f.optional_values::<EventType>("event_types", 0..=EventType::ALL.len());
        let store = f.nullable::<Uuid>("store").map(|store| store.map(StoreId));
        if let Some(protocol) = protocol.filter(|protocol| !may.protocols.contains(protocol)) {
            f.error("protocol", format!("\"{protocol}\" is not a valid choice."));
        } else if protocol == Some(Protocol::Sms) && !may.tells_telephones {
            f.error("protocol", "Only staff may subscribe telephones.");
        }
        let mut endpoint = None;
        let known = may.seen.as_ref().map(|seen| seen.protocol);
        if let (Some(protocol), Some(text)) = (protocol.or(known), text) {
            match endpoint::read(protocol, &text.0, may.is_local) {
                Ok(read) => endpoint = Some(read),
                Err(message) => f.error("endpoint", message),
            }
        }
        if let Some(seen) = &may.seen {
            let fixed = "This cannot be changed: make another subscription.";
            if protocol.is_some_and(|protocol| protocol != seen.protocol) {
                f.error("protocol", fixed);
            }
            if endpoint.as_ref().is_some_and(|endpoint| *endpoint != seen.endpoint) {
                f.error("endpoint", fixed);
            }
        }
        f.finish()?;
        let event_types = match (event_types, mode) {
            (Some(mut types), _) if !types.is_empty() => {
                types.sort();
                types.dedup();
                Some(types)
            }
            (Some(_), _) | (None, Mode::Create | Mode::Update) => Some(EventType::by_default()),
            (None, Mode::Partial) => None,
        };
        Ok(Self { protocol, endpoint, event_types, store })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use oms_domain::Error;
    use serde_json::{Value, json};

    fn problems(protocols: &[Protocol], is_staff: bool, protocol: &str, endpoint: &str) -> Option<Value> {
        let may =
            May { seen: None, protocols: protocols.to_vec(), tells_telephones: is_staff, is_local: false };
        let body = json!({ "protocol": protocol, "endpoint": endpoint, "event_types": ["order.shipped"] });
        let Value::Object(body) = body else { unreachable!() };
        match SubscriptionFields::read(JsonObject(body), Mode::Create, &may) {
            Ok(_) => None,
            Err(Error::Invalid(problems)) => Some(problems),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn telephones_are_for_staff_where_the_settings_let_them_be_told() {
        let usual = [Protocol::Email, Protocol::Https, Protocol::Sqs];
        let number = "+14155550123";
        let no_choice = Some(json!({ "protocol": ["\"sms\" is not a valid choice."] }));
        for is_staff in [true, false] {
            assert_eq!(problems(&usual, is_staff, "sms", number), no_choice);
            assert_eq!(problems(&usual, is_staff, "email", "ada@example.com"), None);
        }
        let staff_only = Some(json!({ "protocol": ["Only staff may subscribe telephones."] }));
        assert_eq!(problems(Protocol::ALL, false, "sms", number), staff_only);
        assert_eq!(problems(Protocol::ALL, true, "sms", number), None);
        let no_mail = problems(&[Protocol::Sqs], true, "email", "ada@example.com");
        assert_eq!(no_mail, Some(json!({ "protocol": ["\"email\" is not a valid choice."] })));
    }

    #[test]
    fn no_event_types_at_all_are_as_those_that_are_left_out() {
        let usual = [Protocol::Email];
        let may = || May { seen: None, protocols: usual.to_vec(), tells_telephones: true, is_local: false };
        let read = |mode, event_types: Option<Value>| {
            let mut body = serde_json::Map::new();
            body.insert("protocol".to_owned(), json!("email"));
            body.insert("endpoint".to_owned(), json!("ada@example.com"));
            body.extend(event_types.map(|value| ("event_types".to_owned(), value)));
            SubscriptionFields::read(JsonObject(body), mode, &may()).unwrap().event_types
        };
        for left_out in [None, Some(Value::Null)] {
            assert_eq!(read(Mode::Create, left_out.clone()), Some(EventType::by_default()));
            assert_eq!(read(Mode::Update, left_out.clone()), Some(EventType::by_default()));
            assert_eq!(read(Mode::Partial, left_out), None);
        }
    }
}

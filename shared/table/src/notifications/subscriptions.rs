//! Subscribers to the events: what we want them to hear, written before the topic is told, and how
//! far the topic has followed. There are so few that one query reads them all.

use crate::entity::{FIRST_VERSION, Versioned};
use crate::idempotency::Keyed;
use crate::{Item, Table, TableError, entity, keys};
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::subscription::{Protocol, Subscription, SubscriptionStatus};
use oms_domain::{StoreId, SubscriptionId};
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

/// The most subscribers: as many filter policies as a topic has.
pub const MAX_SUBSCRIPTIONS: usize = 200;
/// The most subscribers to the events of one store, so that no store takes the place of all.
pub const MAX_SUBSCRIPTIONS_OF_STORE: usize = 20;

const WHAT: &str = "a subscription";

/// A subscriber as the table knows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionRecord {
    /// Who they are, and what they are to hear.
    #[serde(flatten)]
    pub subscription: Subscription,
    /// The topic's name for them, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The version that the topic is known to follow; 0 for none.
    #[serde(default)]
    pub applied: u64,
    /// Whether they hear, when the topic was last asked.
    pub status: SubscriptionStatus,
}

/// The id of the one subscription that an endpoint can have of a topic. Being made of them, it
/// makes a repeated creation find what the first one left.
#[must_use]
pub fn id_of(topic: &str, protocol: Protocol, endpoint: &str) -> SubscriptionId {
    let mut hash = Context::new(&SHA256);
    for part in [topic, protocol.as_str(), endpoint] {
        hash.update(part.as_bytes());
        hash.update(b"\n");
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finish().as_ref()[..16]);
    SubscriptionId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

impl Table {
    /// All subscribers, in no order.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn subscriptions(&self) -> Result<Vec<Versioned<SubscriptionRecord>>, TableError> {
        let items = self.collection(keys::SUBSCRIPTIONS.to_owned(), keys::SUBSCRIPTION_PREFIX).await?;
        items.into_iter().map(|item| entity::read_versioned(item, &[], WHAT)).collect()
    }

    /// A subscriber.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn subscription(
        &self,
        id: SubscriptionId,
    ) -> Result<Option<Versioned<SubscriptionRecord>>, TableError> {
        let item = self.get_item(keys::SUBSCRIPTIONS.to_owned(), keys::subscription(id)).await?;
        item.map(|item| entity::read_versioned(item, &[], WHAT)).transpose()
    }

    /// Writes a subscriber in place of what was seen, or a new one where nothing was: in the next
    /// version, which the topic does not follow yet.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else was faster.
    pub async fn want_subscription(
        &self,
        seen: Option<&Versioned<SubscriptionRecord>>,
        record: &SubscriptionRecord,
        key: Keyed<'_>,
    ) -> Result<Versioned<SubscriptionRecord>, TableError> {
        let Some(seen) = seen else {
            self.put(self.put_new(to_item(record, FIRST_VERSION)?)?, key).await?;
            return Ok(Versioned::new(record.clone(), FIRST_VERSION));
        };
        let next = seen.next(record.clone());
        self.put(self.put_seen(seen, to_item(record, next.version)?)?, key).await?;
        Ok(next)
    }

    /// Notes how far the topic follows; what it should follow stays as it is.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where that has changed meanwhile.
    pub async fn note_subscription(
        &self,
        seen: &Versioned<SubscriptionRecord>,
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        self.put(self.put_seen(seen, to_item(&seen.entity, seen.version)?)?, key).await
    }

    /// Removes a subscriber that was seen in version `seen`.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else was faster.
    pub async fn delete_subscription(&self, id: SubscriptionId, seen: u64) -> Result<(), TableError> {
        let delete = self.delete_seen(keys::SUBSCRIPTIONS.to_owned(), keys::subscription(id), seen)?;
        self.transact_as_seen(vec![delete], None).await
    }
}

/// Whether a subscriber to the events of a store, or of all, has no room beside the others: a new
/// one, or one that heard of another store.
#[must_use]
pub fn is_full(all: &[Versioned<SubscriptionRecord>], id: SubscriptionId, store: Option<StoreId>) -> bool {
    let others = || all.iter().map(|one| &one.entity.subscription).filter(|one| one.id != id);
    let of_store = others().filter(|one| store.is_some() && one.store == store);
    others().count() >= MAX_SUBSCRIPTIONS || of_store.count() >= MAX_SUBSCRIPTIONS_OF_STORE
}

pub(crate) fn to_item(record: &SubscriptionRecord, version: u64) -> Result<Item, TableError> {
    let item = entity::item(record, version, &[], WHAT)?;
    let mut item = entity::with_texts(item, [(keys::PK, keys::SUBSCRIPTIONS.to_owned())]);
    item.insert(keys::SK.to_owned(), AttributeValue::S(keys::subscription(record.subscription.id)));
    Ok(item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use oms_domain::UserId;
    use uuid::Uuid;

    fn record(id: u128, store: Option<u128>) -> Versioned<SubscriptionRecord> {
        let subscription = Subscription {
            id: SubscriptionId(Uuid::from_u128(id)),
            protocol: Protocol::Email,
            endpoint: format!("{id}@example.com"),
            event_types: Vec::new(),
            store: store.map(|store| StoreId(Uuid::from_u128(store))),
            created_by: UserId("vendor".into()),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        };
        let status = SubscriptionStatus::Pending;
        Versioned::new(SubscriptionRecord { subscription, arn: None, applied: 0, status }, FIRST_VERSION)
    }

    #[test]
    fn a_store_has_room_for_twenty_and_the_topic_for_two_hundred() {
        let is_full = |all: &[_], id, store: Option<u128>| {
            let store = store.map(|store| StoreId(Uuid::from_u128(store)));
            is_full(all, SubscriptionId(Uuid::from_u128(id)), store)
        };
        let mut all: Vec<_> = (0..20).map(|id| record(id, Some(7))).collect();
        all.push(record(20, Some(8)));
        assert!(is_full(&all, 99, Some(7)), "a new one");
        assert!(is_full(&all, 20, Some(7)), "one of another store that moves there");
        assert!(!is_full(&all, 19, Some(7)), "one that is there");
        assert!(!is_full(&all, 99, Some(8)) && !is_full(&all, 99, None));
        all.extend((21..200).map(|id| record(id, None)));
        assert!(is_full(&all, 200, Some(8)) && is_full(&all, 200, None));
        assert!(!is_full(&all, 199, Some(8)), "one that is there, and moves");
    }

    #[test]
    fn an_endpoint_has_one_id_at_each_topic() {
        let id = |topic, protocol, endpoint| id_of(topic, protocol, endpoint);
        let ada = id("t", Protocol::Email, "ada@example.com");
        assert_eq!(ada, id("t", Protocol::Email, "ada@example.com"));
        assert_ne!(ada, id("u", Protocol::Email, "ada@example.com"));
        assert_ne!(ada, id("t", Protocol::Sms, "ada@example.com"));
        assert_eq!((ada.0.get_version_num(), ada.0.get_variant()), (8, uuid::Variant::RFC4122));
    }
}

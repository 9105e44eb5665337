//! How an order is kept as an item: its fields as they are, except that those which lists show
//! stand in the map `summary` ([`super::summary`]), which the indexes carry. No field is stored twice.

use super::keys::{self, Index};
use super::{Item, TableError, entity, summary, text};
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::{Change, Order, OrderId, StoreId, UserId};
use serde::{Deserialize, Serialize};

/// The shape of the items that this code writes; reading upgrades older ones.
pub(crate) const SCHEMA: u32 = 1;
/// Where an item says which shape it has.
pub(crate) const SCHEMA_ATTRIBUTE: &str = "schema";
/// The largest order that is saved, in bytes of its JSON: DynamoDB's limit of 400 KB less room
/// for its own overhead.
const MAX_BYTES: usize = 350_000;

/// The item of an order.
pub(crate) fn to_item(order: &Order, shards: u16) -> Result<Item, TableError> {
    check_size(order)?;
    let mut item: Item = serde_dynamo::to_item(order).map_err(TableError::shape("an order"))?;
    let summary = summary::take(order, &mut item)?;
    item.remove("id");
    item.insert(keys::SUMMARY.into(), AttributeValue::M(summary));
    let texts = [(keys::PK, keys::order(order.id)), (keys::SK, keys::ORDER.to_owned())];
    let item = entity::with_texts(item, texts);
    // A deleted order is in no list: the indexes leave out what has no key of theirs.
    let mut item = if order.is_deleted() { item } else { entity::with_texts(item, lists(order, shards)) };
    item.insert(SCHEMA_ATTRIBUTE.into(), AttributeValue::N(SCHEMA.to_string()));
    Ok(item)
}

/// What lists show of an order.
pub(crate) fn summary_of(order: &Order) -> Result<Item, TableError> {
    let mut item = serde_dynamo::to_item(order).map_err(TableError::shape("an order"))?;
    summary::take(order, &mut item)
}

/// The order as it is to be kept, and the older changes that are kept beside it: the half that is
/// too many, or all but the last that are too much.
pub(crate) fn split(order: &Order) -> (Order, Vec<Change>) {
    let (trimmed, older) = order.clone().trimmed();
    if check_size(&trimmed).is_ok() { (trimmed, older) } else { order.clone().stripped() }
}

fn check_size(value: &impl Serialize) -> Result<(), TableError> {
    let bytes = serde_json::to_vec(value).map_or(usize::MAX, |json| json.len());
    if bytes > MAX_BYTES { Err(TableError::TooLarge) } else { Ok(()) }
}

/// The older changes of an order's log, as an item of their own.
pub(crate) fn log_to_item(order: OrderId, older: Vec<Change>) -> Result<Item, TableError> {
    check_size(&older)?;
    let first = older.first().map_or(0, |change| change.version);
    let log = OlderLog { schema: SCHEMA, log: older };
    let item = serde_dynamo::to_item(log).map_err(TableError::shape("a log"))?;
    let texts = [(keys::PK, keys::order(order)), (keys::SK, keys::older_log(first))];
    Ok(entity::with_texts(item, texts))
}

/// The changes that such an item holds.
pub(crate) fn log_from_item(item: Item) -> Result<Vec<Change>, TableError> {
    let older: OlderLog = serde_dynamo::from_item(item).map_err(TableError::shape("a log"))?;
    Ok(older.log)
}

#[derive(Serialize, Deserialize)]
struct OlderLog {
    schema: u32,
    log: Vec<Change>,
}

/// Where an order stands in the lists.
fn lists(order: &Order, shards: u16) -> [(&'static str, String); 4] {
    [
        (Index::User.hash_key(), keys::list_of_user(&order.user.id)),
        (Index::Store.hash_key(), keys::list_of_store(order.store.id)),
        (Index::All.hash_key(), keys::list_of_all(order.id, shards)),
        (keys::LIST_AT, keys::list_at(order.created_at, order.id)),
    ]
}

/// The order of an item.
pub(crate) fn from_item(mut item: Item) -> Result<Order, TableError> {
    let id = text(&item, keys::PK).trim_start_matches("ORDER#").to_owned();
    if let Some(AttributeValue::M(summary)) = item.remove(keys::SUMMARY) {
        item.extend(summary::fields_of(summary));
    }
    item.insert("id".into(), AttributeValue::S(id));
    serde_dynamo::from_item(item).map_err(TableError::shape("an order"))
}

/// Whose an order is, and which store's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderOwners {
    /// The order.
    pub id: OrderId,
    /// Whose it is.
    pub user: UserId,
    /// Who sells it.
    pub store: StoreId,
}

/// The attributes that [`owners_of`] reads.
pub(crate) const OWNER_PATHS: [&str; 4] =
    [keys::PK, summary::OWNER_PATHS[0], summary::OWNER_PATHS[1], DELETED_AT];
const DELETED_AT: &str = "deleted_at";

/// Whose the order of an item is; nobody's where it has been deleted.
pub(crate) fn owners_of(item: &Item) -> Option<OrderOwners> {
    let summary = item.get(keys::SUMMARY)?.as_m().ok().filter(|_| !item.contains_key(DELETED_AT))?;
    let (user, store) = summary::owners_of(summary)?;
    Some(OrderOwners {
        id: keys::order_of(text(item, keys::PK))?,
        user: UserId(user.to_owned()),
        store: store.parse().ok()?,
    })
}

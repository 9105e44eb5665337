//! How an order is kept as an item: its fields as they are, except that those which lists show
//! stand in the map `summary` ([`crate::orders::summary`]), which the indexes carry. No field is
//! stored twice. Beside them stands what the order keeps for its store alone ([`Kept`]).

use crate::keys::{self, Index};
use crate::list_shards::ListShards;
use crate::orders::{stored, summary};
use crate::schema::{Kind, SCHEMA, SaveTokens, Shape, UnknownFields};
use crate::{Item, Layout, TableError, entity, number, size, text};
use aws_sdk_dynamodb::types::AttributeValue;
use oms_domain::change::Growth;
use oms_domain::personal_data::PersonalData;
use oms_domain::{Change, ChangeKind, Order, OrderId, StoreId, Stored, UserId};
use serde::{Deserialize, Serialize};

/// The largest content of an order, in bytes as they are stored: all but its payments and its log.
/// 40 lines with the largest extra data take 170,000 of them. It leaves room for 20 payments.
pub const MAX_CONTENT_BYTES: usize = 256 * 1024;
/// The largest order that takes another payment or part refund, in bytes as they are stored, all
/// but its log. It leaves room for all that brings an order to its end: a tracking number, reasons,
/// what the gateway answers, and the log of the last change.
const MAX_OPEN_BYTES: usize = size::MAX_ITEM_BYTES - 24 * 1024;

/// How much of an order's log may have been moved beside it, in bytes as they are stored, so that
/// its content may still be edited: some 250 edits of the largest extra data, or 20,000 of a few
/// words. All of it is read where the order's whole history is.
const MAX_MOVED_BYTES: u64 = 8 * 1024 * 1024;
/// The attribute that says how much that is.
pub(super) const MOVED: &str = "moved";

/// What goes with an order from its item into the item that takes its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    pub(super) tokens: SaveTokens,
    /// How many bytes of its log have been moved beside it.
    pub(super) moved: u64,
    pub(super) unknown: UnknownFields,
}

impl Kept {
    fn put_into(&self, item: &mut Item) {
        self.tokens.put_into(item);
        if self.moved > 0 {
            item.insert(MOVED.to_owned(), AttributeValue::N(self.moved.to_string()));
        }
    }
}

/// The item of an order.
///
/// # Errors
/// [`TableError::TooLarge`] where it is larger than an item may be.
pub fn to_item(order: &Order, layout: Layout) -> Result<Item, TableError> {
    let item = item_of_any_size(order, layout)?;
    if size::fits(&item) { Ok(item) } else { Err(TableError::TooLarge) }
}

fn item_of_any_size(order: &Order, layout: Layout) -> Result<Item, TableError> {
    let nothing = Kept::default();
    let kept = order.stored.get().unwrap_or(&nothing);
    let unknown = &kept.unknown;
    if order.erased_at.is_some() {
        unknown.must_be_none()?;
    }
    let mut item = newest(order, layout)?;
    kept.put_into(&mut item);
    Kind::Order.write_as(&mut item, unknown.at_least(layout.schema));
    unknown.put_back(&mut item)?;
    Ok(item)
}

/// The item of an order in the newest shape, but for what it keeps for its store.
fn newest(order: &Order, layout: Layout) -> Result<Item, TableError> {
    let mut item: Item = serde_dynamo::to_item(order).map_err(TableError::shape("an order"))?;
    let summary = summary::take(order, &mut item)?;
    item.remove("id");
    item.insert(keys::SUMMARY.into(), AttributeValue::M(summary));
    let texts = [(keys::PK, keys::order(order.id)), (keys::SK, keys::ORDER.to_owned())];
    let item = entity::with_texts(item, texts);
    // A deleted order is in no list but that of its user's deleted ones: the indexes leave out what
    // has no key of theirs.
    Ok(if order.is_deleted() {
        entity::with_texts(item, list_of_deleted(order))
    } else {
        entity::with_texts(item, lists(order, layout))
    })
}

/// What lists show of an order.
pub fn summary_of(order: &Order) -> Result<Item, TableError> {
    let mut item = serde_dynamo::to_item(order).map_err(TableError::shape("an order"))?;
    summary::take(order, &mut item)
}

/// The order with the token of its save, beside those of the last ones before.
pub fn signed(order: &Order, token: u32) -> Order {
    let kept: Kept = order.stored.get().cloned().unwrap_or_default();
    let stored = Stored::new(Kept { tokens: kept.tokens.with(order.version, token), ..kept });
    Order { stored, ..order.clone() }
}

/// Whether an order's item came of the save that made a version with this token, whatever others
/// have made of it since.
pub fn is_signed(mut item: Item, version: u64, token: u32) -> bool {
    Kind::Order.upgrade(&mut item);
    SaveTokens::of(&item).has(version, token)
}

/// The item of an order that was changed since it was `seen` (never, where it is new), and the
/// older changes that are kept beside it: the half that is too many, or all but the last that are
/// too much.
///
/// # Errors
/// [`TableError::TooLarge`] where the changes let it grow beyond what leaves room for later ones.
pub fn to_items(order: &Order, seen: Option<u64>, layout: Layout) -> Result<(Item, Vec<Change>), TableError> {
    let (trimmed, older) = order.clone().trimmed();
    let item = item_of_any_size(&having_moved(trimmed, &older)?, layout)?;
    check_growth(order, seen.unwrap_or(0), &item)?;
    if size::fits(&item) {
        return Ok((item, older));
    }
    let (stripped, older) = order.clone().stripped();
    Ok((to_item(&having_moved(stripped, &older)?, layout)?, older))
}

/// An order of whose log some more is moved beside it.
fn having_moved(order: Order, older: &[Change]) -> Result<Order, TableError> {
    if older.is_empty() {
        return Ok(order);
    }
    let log: Item =
        serde_dynamo::to_item(OlderLog { log: older.to_vec() }).map_err(TableError::shape("a log"))?;
    let kept: Kept = order.stored.get().cloned().unwrap_or_default();
    let moved = kept.moved.saturating_add(size::of_item(&log) as u64);
    Ok(Order { stored: Stored::new(Kept { moved, ..kept }), ..order })
}

fn check_growth(order: &Order, seen: u64, item: &Item) -> Result<(), TableError> {
    let part = |name: &str| item.get(name).map_or(0, |value| name.len() + size::of_value(value));
    let all = size::of_item(item) - part("log");
    let content = all - part("payments");
    let moved = order.stored.get().map_or(0, |kept: &Kept| kept.moved);
    let fresh = order.log.iter().filter(|change| change.version > seen);
    let is_too_large = |kind_of_change: ChangeKind| match kind_of_change.growth() {
        Growth::Content => content > MAX_CONTENT_BYTES || all > MAX_OPEN_BYTES || moved > MAX_MOVED_BYTES,
        // All that is left goes back whatever there is room for: it is the way to an end.
        Growth::Money if kind_of_change == ChangeKind::StartRefund && !order.can_refund_more() => false,
        Growth::Money => all > MAX_OPEN_BYTES,
        Growth::Little => false,
    };
    if fresh.map(|change| change.action).any(is_too_large) { Err(TableError::TooLarge) } else { Ok(()) }
}

/// The older changes of an order's log, as an item of their own.
///
/// # Errors
/// [`TableError::TooLarge`] where one change of many in a request is as large as an item.
pub fn log_to_item(order: OrderId, older: Vec<Change>, layout: Layout) -> Result<Item, TableError> {
    let first = older.first().map_or(0, |change| change.version);
    let item = serde_dynamo::to_item(OlderLog { log: older }).map_err(TableError::shape("a log"))?;
    let texts = [(keys::PK, keys::order(order)), (keys::SK, keys::older_log(first))];
    let mut item = entity::with_texts(item, texts);
    Kind::OlderLog.write_as(&mut item, layout.schema);
    if size::of_item(&item) > size::MAX_ITEM_BYTES { Err(TableError::TooLarge) } else { Ok(item) }
}

/// The same of changes that the order itself has held so far, with what of them is not known.
pub fn moved_log_to_item(order: &Order, older: Vec<Change>, layout: Layout) -> Result<Item, TableError> {
    let mut item = log_to_item(order.id, older, layout)?;
    if let Some(Kept { unknown, .. }) = order.stored.get() {
        unknown.put_back_into_older_log(&mut item);
    }
    Ok(item)
}

/// The same of such an item without what says who somebody is; none where it says nothing of that.
///
/// # Errors
/// [`TableError::Newer`] where a newer version wrote it: what is not known cannot be erased.
pub fn erased_log(order: OrderId, older: Item, layout: Layout) -> Result<Option<Item>, TableError> {
    let Shape { schema, .. } = Shape::of(&older);
    if schema > SCHEMA {
        return Err(TableError::Newer { schema });
    }
    let log = log_from_item(older)?;
    let mut erased = log.clone();
    erased.iter_mut().for_each(Change::erase);
    if erased == log { Ok(None) } else { log_to_item(order, erased, layout).map(Some) }
}

/// The changes that such an item holds.
pub fn log_from_item(mut item: Item) -> Result<Vec<Change>, TableError> {
    Kind::OlderLog.upgrade(&mut item);
    let older: OlderLog = serde_dynamo::from_item(item).map_err(TableError::shape("a log"))?;
    Ok(older.log)
}

#[derive(Serialize, Deserialize)]
struct OlderLog {
    log: Vec<Change>,
}

/// Where an order stands in the lists.
fn lists(order: &Order, layout: Layout) -> [(&'static str, String); 4] {
    let [store, all] = split_lists(order, layout.lists);
    [
        (Index::User.hash_key(), keys::list_of_user(&order.user.id)),
        store,
        all,
        (keys::LIST_AT, keys::list_at(order.created_at, order.id)),
    ]
}

/// In which parts it stands of those that are split.
pub(crate) fn split_lists(order: &Order, lists: ListShards) -> [(&'static str, String); 2] {
    let of_store = keys::shard_of(order.id, lists.of_store);
    [
        (Index::Store.hash_key(), keys::list_of_store(order.store.id, of_store)),
        (Index::All.hash_key(), keys::list_of_all(order.id, lists.all)),
    ]
}

/// Where a deleted order is found by whoever erases its user.
fn list_of_deleted(order: &Order) -> [(&'static str, String); 2] {
    [
        (Index::User.hash_key(), keys::list_of_deleted(&order.user.id)),
        (keys::LIST_AT, keys::list_at(order.created_at, order.id)),
    ]
}

/// The order of an item.
pub fn from_item(mut item: Item) -> Result<Order, TableError> {
    Kind::Order.upgrade(&mut item);
    let kept = Kept {
        tokens: SaveTokens::of(&item),
        moved: number(&item, MOVED).unwrap_or_default(),
        unknown: UnknownFields::default(),
    };
    // Looked for in items of newer versions alone, so that others are not copied.
    let newer = (Shape::of(&item).schema > SCHEMA).then(|| item.clone());
    let order = stored::order_of(item)?;
    let unknown = match newer {
        None => UnknownFields::default(),
        Some(item) => UnknownFields::of(&item, &summary::DERIVED, || {
            let mut known =
                newest(&order, Layout { lists: ListShards::ONE, stock_shards: 1, schema: SCHEMA })?;
            kept.put_into(&mut known);
            Ok(known)
        })?,
    };
    Ok(keeping(order, Kept { unknown, ..kept }))
}

/// An order with what it keeps for its store.
pub(super) fn keeping(order: Order, kept: Kept) -> Order {
    Order { stored: Stored::new(kept), ..order }
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
pub const OWNER_PATHS: [&str; 4] = [keys::PK, summary::OWNER_PATHS[0], summary::OWNER_PATHS[1], DELETED_AT];
/// Where an item says when its order was deleted.
pub(crate) const DELETED_AT: &str = "deleted_at";

/// Whose the order of an item is; nobody's where it has been deleted.
pub fn owners_of(item: &Item) -> Option<OrderOwners> {
    owners_ever_of(item).filter(|_| !item.contains_key(DELETED_AT))
}

/// The same, also of a deleted order.
pub fn owners_ever_of(item: &Item) -> Option<OrderOwners> {
    let summary = item.get(keys::SUMMARY)?.as_m().ok()?;
    let (user, store) = summary::owners_of(summary)?;
    Some(OrderOwners {
        id: keys::order_of(text(item, keys::PK))?,
        user: UserId(user.to_owned()),
        store: store.parse().ok()?,
    })
}

#[cfg(test)]
mod tests;

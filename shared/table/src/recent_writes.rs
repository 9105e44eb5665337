//! The trail of a user: which orders they have changed last, and to which version.
//!
//! | pk | sk | attributes |
//! |---|---|---|
//! | `USER#<sub>` | `TRAIL#<time of the change>#<order>` | `v` version, `s` the order's store, `u` its user unless it is the same, `p` the products whose stock moved |
//!
//! It is a hint, written beside the order and not with it: it says where to look, for what indexes
//! and counters may not have yet, and nothing is ever made of what it says. One that speaks of a
//! change which was never saved does no harm; one that is missing makes a change show as late as
//! everybody else sees it.

use crate::{Item, Table, TableError, key, keys, text};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};
use jiff::{SignedDuration, Timestamp};
use oms_domain::place::StockMove;
use oms_domain::{Order, OrderId, ProductId, StoreId, UserId};
use oms_runtime::{clock, meter, retry};
use std::collections::BTreeSet;
use uuid::Uuid;

/// For how long a trail is followed, and kept: longer than the stream's consumer is ever late while
/// nobody is called out of bed.
const FOLLOWED_FOR: SignedDuration = SignedDuration::from_mins(15);
/// How many steps of it are followed: less than 4 KB, which is a unit.
const MAX_RECENT_WRITES: usize = 16;

/// Of how many products it says that their stock moved: as many as an order has lines, 16 bytes
/// each. Where more moved, the rest may show a moment late.
const MAX_PRODUCTS: usize = 40;

/// After how long a write is noted once more.
const SLOW: SignedDuration = SignedDuration::from_secs(2);

const VERSION_WRITTEN: &str = "v";
const PRODUCTS: &str = "p";
pub(crate) const STORE: &str = "s";
pub(crate) const USER: &str = "u";

/// A change that a user has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentWrite {
    /// The order.
    pub order: OrderId,
    /// When it was changed.
    pub at: Timestamp,
    /// The version that the change was to make of it.
    pub version: u64,
    /// Whose order it is.
    pub user: UserId,
    /// Whose goods.
    pub store: StoreId,
}

fn recent_write_of(item: &Item, by: &UserId) -> Option<RecentWrite> {
    let (at, order) = text(item, keys::SK).strip_prefix(keys::RECENT_WRITE_PREFIX)?.split_once('#')?;
    let user = Some(text(item, USER)).filter(|user| !user.is_empty());
    Some(RecentWrite {
        order: order.parse().ok()?,
        at: at.parse().ok()?,
        version: item.get(VERSION_WRITTEN)?.as_n().ok()?.parse().ok()?,
        user: user.map_or_else(|| by.clone(), |user| UserId(user.to_owned())),
        store: text(item, STORE).parse().ok()?,
    })
}

fn products_of(item: &Item) -> impl Iterator<Item = ProductId> {
    let ids = item.get(PRODUCTS).and_then(|products| products.as_bs().ok()).into_iter().flatten();
    ids.filter_map(|id| Some(ProductId(Uuid::from_slice(id.as_ref()).ok()?)))
}

/// Makes a write that was begun at some time and notes it, both at the same time. One that took
/// long, since it met others or the table was busy, is noted once more as of its end: lists look
/// for what is some seconds old, and what stands in no index yet must not be older.
///
/// # Errors
/// Those of the write.
pub async fn noting<T, E, N: Future<Output = ()>>(
    begun: Timestamp,
    write: impl Future<Output = Result<T, E>>,
    note: impl Fn(Timestamp) -> N,
) -> Result<T, E> {
    let both = async { futures::join!(write, note(begun)) };
    let (written, ()) = meter::at_once(both).await;
    let now = clock::now();
    if written.is_ok() && now.duration_since(begun) > SLOW {
        note(now).await;
    }
    written
}

impl Table {
    /// Notes that a user is changing an order at some time, and moving stock.
    pub async fn note_recent_write(&self, by: &UserId, order: &Order, moves: &[StockMove], at: Timestamp) {
        let sk = keys::step(keys::RECENT_WRITE_PREFIX, at, order.id);
        let mut item = key(keys::user(by), sk);
        item.insert(VERSION_WRITTEN.into(), AttributeValue::N(order.version.to_string()));
        item.insert(STORE.into(), AttributeValue::S(order.store.id.to_string()));
        if order.user.id != *by {
            item.insert(USER.into(), AttributeValue::S(order.user.id.0.clone()));
        }
        let products: BTreeSet<ProductId> = moves.iter().map(|moved| moved.product).collect();
        if !products.is_empty() {
            let ids = products.iter().take(MAX_PRODUCTS).map(|id| Blob::new(id.0.into_bytes()));
            item.insert(PRODUCTS.into(), AttributeValue::Bs(ids.collect()));
        }
        self.note(item, at).await;
    }

    /// Writes a step of a trail: a small write of its own, tried for some seconds while the table
    /// is busy; then it fails with a line in the log only.
    pub(crate) async fn note(&self, mut step: Item, at: Timestamp) {
        let ends = at.checked_add(FOLLOWED_FOR).unwrap_or(at);
        step.insert(keys::EXPIRES_AT.into(), AttributeValue::N(ends.as_second().to_string()));
        let sk = text(&step, keys::SK).to_owned();
        let put = self.client.put_item().table_name(&self.name).set_item(Some(step));
        let put = put.return_consumed_capacity(ReturnConsumedCapacity::Total);
        let mut tries = 0;
        loop {
            let error = match put.clone().send().await.map_err(TableError::from) {
                Ok(answer) => return crate::writes::meter_write(answer.consumed_capacity()),
                Err(error) => error,
            };
            let is_worth_it = matches!(error, TableError::Throttled) && tries < retry::NOTES;
            if !is_worth_it || !retry::while_busy(&mut tries).await {
                let error = oms_runtime::logging::chain(&error);
                tracing::warn!(step = sk, error, "could not note a change: its maker may see it late");
                return;
            }
        }
    }

    /// The orders that a user has changed within the last quarter of an hour, the last 16 changes:
    /// each once, in its last version. A consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn recent_writes(&self, user: &UserId, now: Timestamp) -> Result<Vec<RecentWrite>, TableError> {
        let items = self.steps(user, keys::RECENT_WRITE_PREFIX, now).await?;
        let mut steps: Vec<RecentWrite> =
            items.iter().filter_map(|item| recent_write_of(item, user)).collect();
        steps.sort_by_key(|step| (step.order, std::cmp::Reverse(step.version)));
        steps.dedup_by_key(|step| step.order);
        Ok(steps)
    }

    /// The products of which a user has taken stock or given it back within some time, by their
    /// last 16 changes of orders. A consistent read.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn stock_moved(
        &self,
        user: &UserId,
        now: Timestamp,
        within: SignedDuration,
    ) -> Result<BTreeSet<ProductId>, TableError> {
        let steps = self.steps(user, keys::RECENT_WRITE_PREFIX, now).await?;
        let since = keys::step(keys::RECENT_WRITE_PREFIX, now.checked_sub(within).unwrap_or(now), "");
        let last = steps.iter().filter(|step| *text(step, keys::SK) >= *since);
        Ok(last.flat_map(products_of).collect())
    }

    /// The last 16 steps of a user's trail within the last quarter of an hour, the newest first.
    pub(crate) async fn steps(
        &self,
        user: &UserId,
        trail: &str,
        now: Timestamp,
    ) -> Result<Vec<Item>, TableError> {
        let since = now.checked_sub(FOLLOWED_FOR).unwrap_or(Timestamp::MIN);
        let page = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(i32::try_from(MAX_RECENT_WRITES).unwrap_or(i32::MAX))
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :from AND :to")
            .expression_attribute_names("#pk", keys::PK)
            .expression_attribute_names("#sk", keys::SK)
            .expression_attribute_values(":pk", AttributeValue::S(keys::user(user)))
            .expression_attribute_values(":from", AttributeValue::S(format!("{trail}{since:.6}")))
            .expression_attribute_values(":to", AttributeValue::S(format!("{trail}~")))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        crate::meter_read(page.consumed_capacity());
        Ok(page.items.unwrap_or_default())
    }
}

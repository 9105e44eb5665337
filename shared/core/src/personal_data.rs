//! Erasing a person: whatever the table keeps of them, in orders and beside them.
//!
//! It is done in passes, until one finds nothing: what is written meanwhile, and what an index did
//! not have yet, the next pass finds. Every step can be repeated, so that what was cut off anywhere
//! is ended by doing it again. An erased order is one change of it, which moves no figure and is
//! told to nobody; the rows of lists follow from the stream as for any change.

use crate::app::App;
use crate::events::subscriptions::EndError;
use futures::{StreamExt, TryStreamExt};
use oms_domain::lifecycle::OrderChange;
use oms_domain::{Actor, Error, Order, OrderId, Outcome, UserId};
use oms_runtime::deadline::{self, OutOfTime};
use oms_runtime::retry;
use oms_table::entity::Versioned;
use oms_table::notifications::subscriptions::SubscriptionRecord;
use std::collections::BTreeSet;

/// How many orders that stand in the way are named.
const MAX_NAMED: usize = 20;
/// How many orders are read at a time.
const READ_AT_ONCE: usize = 50;
/// How many orders are erased at the same time.
const ERASED_AT_ONCE: usize = 8;
/// How many passes there are at most. Two do, where nothing happens meanwhile.
const MAX_PASSES: u32 = 10;

/// What the table keeps of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Their orders, deleted ones too.
    pub orders: u64,
    /// Those of them that hold personal data.
    pub unerased: u64,
    /// Those of them whose goods or money still move, so that nothing can be erased; some where
    /// they are many.
    pub unfinished: Vec<OrderId>,
    /// Their addresses.
    pub addresses: usize,
    /// What they have been told.
    pub notifications: usize,
    /// The endpoints that they have subscribed.
    pub subscriptions: usize,
    /// Their requests that are remembered by an idempotency key.
    pub requests: usize,
}

/// What an erasure has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// How many orders the person has.
    pub orders: u64,
    /// How many things were erased or removed now: orders, older parts of their logs, addresses,
    /// notifications, subscriptions and remembered requests.
    pub changes: u64,
}

/// What a pass does to an order, and what of it cannot be erased.
enum Needs {
    Nothing,
    Erasing,
    Finishing,
}

impl App {
    /// Whether anything is kept of somebody.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn is_known(&self, person: &UserId) -> Outcome<bool> {
        Ok(self.table().is_known(person).await? || !self.subscribed_by(person).await?.is_empty())
    }

    /// What there is of a person, without a change to it.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn kept_of(&self, person: &UserId) -> Outcome<Kept> {
        let table = self.table();
        let mut kept = Kept {
            addresses: table.addresses(person).await?.len(),
            notifications: table.count_notifications(person).await?,
            subscriptions: self.subscribed_by(person).await?.len(),
            requests: table.remembered_requests(person).await?.len(),
            ..Kept::default()
        };
        let orders = self.orders_ever_of(person).await?;
        kept.orders = orders.len() as u64;
        for some in chunks(&orders) {
            for order in table.orders_and_tombstones(some).await? {
                match self.needs(&order, person) {
                    Needs::Nothing => {}
                    Needs::Erasing => kept.unerased += 1,
                    Needs::Finishing => {
                        kept.unerased += 1;
                        kept.unfinished.push(order.id);
                    }
                }
            }
        }
        kept.unfinished.sort_unstable();
        kept.unfinished.truncate(MAX_NAMED);
        Ok(kept)
    }

    /// Refuses an erasure that some orders stand against.
    ///
    /// # Errors
    /// 409 with the first [`MAX_NAMED`] of them; 503 where the table cannot be read or there is no
    /// time for all of them.
    pub async fn check_erasable(&self, person: &UserId) -> Outcome<()> {
        let orders = self.orders_ever_of(person).await?;
        let mut unfinished = Vec::new();
        for some in chunks(&orders) {
            check_time()?;
            let orders = self.table().orders_and_tombstones(some).await?;
            let of_them = orders.iter().filter(|order| matches!(self.needs(order, person), Needs::Finishing));
            unfinished.extend(of_them.map(|order| order.id));
            if unfinished.len() >= MAX_NAMED {
                break;
            }
        }
        unfinished.sort_unstable();
        unfinished.truncate(MAX_NAMED);
        if unfinished.is_empty() { Ok(()) } else { Err(Error::Unfinished(unfinished)) }
    }

    /// Erases a person, unless an order of theirs stands against it: then nothing is done. `tell`
    /// hears how far it is. Done again, it finds nothing.
    ///
    /// # Errors
    /// As [`check_erasable`](Self::check_erasable), also for an order that came in between, with
    /// some of the others erased; 503 where the table cannot be written or the invocation ends: the
    /// same again goes on.
    pub async fn erase_person(&self, person: &UserId, by: &UserId, tell: &dyn Fn(Erased)) -> Outcome<Erased> {
        self.check_erasable(person).await?;
        let mut erased = Erased::default();
        for pass in 1..=MAX_PASSES {
            let before = erased.changes;
            self.erase_orders(person, by, &mut erased, tell).await?;
            erased.changes += self.erase_beside_orders(person).await?;
            tell(erased);
            if erased.changes == before {
                // The last of all: they tell where to look for what an index does not have yet.
                self.table().delete_trails(person).await?;
                tracing::info!(%person, %by, orders = erased.orders, "a person was erased");
                return Ok(erased);
            }
            retry::backoff(pass).await;
        }
        Err(Error::LostRace)
    }

    async fn erase_orders(
        &self,
        person: &UserId,
        by: &UserId,
        erased: &mut Erased,
        tell: &dyn Fn(Erased),
    ) -> Outcome<()> {
        let orders = self.orders_ever_of(person).await?;
        erased.orders = orders.len() as u64;
        for some in chunks(&orders) {
            check_time()?;
            let orders = self.table().orders_and_tombstones(some).await?;
            let erasing = orders.into_iter().map(|order| self.erase_order(order, by));
            let changes: Vec<u64> =
                futures::stream::iter(erasing).buffer_unordered(ERASED_AT_ONCE).try_collect().await?;
            erased.changes += changes.iter().sum::<u64>();
            tell(*erased);
        }
        Ok(())
    }

    /// Erases an order, then what of its log stands beside it: what is moved there from then on is
    /// erased already. How many of these had anything to erase.
    async fn erase_order(&self, order: Order, by: &UserId) -> Outcome<u64> {
        let (id, seen) = (order.id, order.version);
        let erase = |order: Order, by: &Actor| match order.erase(by) {
            Ok(order) => Ok(OrderChange::from(order)),
            Err(_) => Err(Error::Unfinished(vec![id])),
        };
        let order = self.write_down(order, by, erase).await?;
        let mut changes = u64::from(order.version > seen);
        if !order.log_reaches(0) {
            changes += self.table().erase_older_log(id).await? as u64;
        }
        Ok(changes)
    }

    /// Removes what there is of a person beside their orders; how many things that were.
    async fn erase_beside_orders(&self, person: &UserId) -> Outcome<u64> {
        check_time()?;
        let table = self.table();
        let mut changes = table.delete_notifications(person, self.now()).await?;
        for entry in table.addresses(person).await? {
            changes += 1;
            table.delete_address(&entry).await?;
        }
        for seen in self.subscribed_by(person).await? {
            changes += 1;
            self.end_subscription(&seen).await.map_err(not_ended)?;
        }
        changes += table.forget_requests(person).await?;
        Ok(changes as u64)
    }

    /// The subscriptions that somebody has made.
    ///
    /// # Errors
    /// 503 where the table cannot be read.
    pub async fn subscribed_by(&self, person: &UserId) -> Outcome<Vec<Versioned<SubscriptionRecord>>> {
        let mut all = self.table().subscriptions().await?;
        all.retain(|one| one.entity.subscription.created_by == *person);
        Ok(all)
    }

    /// Every order of a person that the index has, and those that they have changed just now.
    async fn orders_ever_of(&self, person: &UserId) -> Outcome<BTreeSet<OrderId>> {
        let mut orders = self.table().orders_ever_of(person).await?;
        let recent = self.table().recent_writes(person, self.now()).await?;
        orders.extend(recent.into_iter().filter(|write| write.user == *person).map(|write| write.order));
        Ok(orders)
    }

    fn needs(&self, order: &Order, person: &UserId) -> Needs {
        match order.clone().erase(&self.acting(person)) {
            Ok(erased) if erased.version == order.version => Needs::Nothing,
            Ok(_) => Needs::Erasing,
            Err(_) => Needs::Finishing,
        }
    }
}

fn chunks(orders: &BTreeSet<OrderId>) -> impl Iterator<Item = Vec<OrderId>> {
    let orders: Vec<OrderId> = orders.iter().copied().collect();
    let chunks: Vec<_> = orders.chunks(READ_AT_ONCE).map(<[OrderId]>::to_vec).collect();
    chunks.into_iter()
}

fn check_time() -> Outcome<()> {
    if deadline::is_near() { Err(Error::Unavailable(OutOfTime.into())) } else { Ok(()) }
}

/// Why an erasure did not get past a subscription: nobody asked for it, so that it is no fault of
/// the caller's.
fn not_ended(error: EndError) -> Error {
    match error {
        EndError::NoTopic(error) => Error::internal(error),
        EndError::Topic(error) => Error::Unavailable(error.into()),
        EndError::Table(error) => error.into(),
    }
}

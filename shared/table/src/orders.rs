//! Orders: load, save if still as seen, place.

use super::unpaid::Pass;
use super::writes::part;
use super::{Item, OrderOwners, Table, TableError, keys, record};
use aws_sdk_dynamodb::types::TransactWriteItem;
use oms_domain::place::{StockMove, summed};
use oms_domain::{Change, Order, OrderId, UserId};
use oms_runtime::{meter, scope};

impl Table {
    /// The order as it is now; none where it has been deleted.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn order(&self, id: OrderId) -> Result<Option<Order>, TableError> {
        let order = self.order_or_tombstone(id).await?;
        Ok(order.filter(|order| !order.is_deleted()))
    }

    /// The order as it is now, also where it has been deleted: for what must end even so.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn order_or_tombstone(&self, id: OrderId) -> Result<Option<Order>, TableError> {
        let item = self.get_item(keys::order(id), keys::ORDER.to_owned()).await?;
        item.map(record::from_item).transpose()
    }

    /// Several orders as they are now, in no particular order; what does not exist or has been
    /// deleted is left out.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn orders(&self, ids: impl IntoIterator<Item = OrderId>) -> Result<Vec<Order>, TableError> {
        let orders = self.orders_and_tombstones(ids).await?;
        Ok(orders.into_iter().filter(|order| !order.is_deleted()).collect())
    }

    /// Several orders as they are now, also those that have been deleted, in no particular order.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn orders_and_tombstones(
        &self,
        ids: impl IntoIterator<Item = OrderId>,
    ) -> Result<Vec<Order>, TableError> {
        let keys = ids.into_iter().map(|id| (keys::order(id), keys::ORDER.to_owned()));
        let items = self.get_items(keys.collect()).await?;
        items.into_iter().map(record::from_item).collect()
    }

    /// Whose some orders are, and whose stores': enough to tell who may see them. What does not exist
    /// or has been deleted is left out. It costs what reading the orders whole would, a unit for each
    /// of 4 KB or less, but brings a hundredth of it over the wire.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn owners_of_orders(
        &self,
        ids: impl IntoIterator<Item = OrderId>,
    ) -> Result<Vec<OrderOwners>, TableError> {
        let keys = ids.into_iter().map(|id| (keys::order(id), keys::ORDER.to_owned()));
        let items = self.get_parts(keys.collect(), &record::OWNER_PATHS).await?;
        Ok(items.iter().filter_map(record::owners_of).collect())
    }

    /// Makes an order's log reach back to a version, or to its placing where that is 0, from where
    /// its older changes are kept. Reads nothing where it does.
    ///
    /// # Errors
    /// [`TableError::LogTooShort`] where they are not there; [`TableError`] where the table cannot
    /// be read.
    pub async fn recall(&self, order: &mut Order, version: u64) -> Result<(), TableError> {
        if order.log_reaches(version) {
            return Ok(());
        }
        for item in self.collection(keys::order(order.id), keys::LOG_PREFIX).await? {
            order.recall(record::log_from_item(item)?);
        }
        if order.log_reaches(version) { Ok(()) } else { Err(TableError::LogTooShort(order.id)) }
    }

    /// Saves a placed or changed order if the table still holds the version that was seen (none,
    /// for a placed one), and moves stock with it. One conditional write where nothing else is to
    /// be written; else one transaction. What goes back to a shelf that is no more goes nowhere. At
    /// the same time whoever makes the request leaves a step of their trail.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else was faster,
    /// [`TableError::InsufficientStock`] where a shelf has too few pieces,
    /// [`TableError::TooLarge`].
    pub async fn save(
        &self,
        seen: Option<u64>,
        order: &Order,
        moves: impl IntoIterator<Item = StockMove>,
    ) -> Result<(), TableError> {
        self.save_beside(seen, order, moves, Vec::new()).await
    }

    /// Saves a placed order and takes its stock, like [`save`](Self::save). With a pass it is counted among its
    /// user's unpaid orders, in the same transaction.
    ///
    /// # Errors
    /// As [`save`](Self::save); [`TableError::Conflict`] also where others have used up the pass.
    pub async fn place(&self, order: &Order, pass: Option<&Pass>) -> Result<(), TableError> {
        let taken = order.lines.iter().map(StockMove::taken_by);
        let passed = pass.map(|pass| self.pass_update(&order.user.id, pass, order.created_at)).transpose()?;
        self.save_beside(None, order, taken, Vec::from_iter(passed)).await
    }

    async fn save_beside(
        &self,
        seen: Option<u64>,
        order: &Order,
        moves: impl IntoIterator<Item = StockMove>,
        beside: Vec<TransactWriteItem>,
    ) -> Result<(), TableError> {
        let request = scope::current();
        let Some(by) = request.as_ref().and_then(|request| request.user()) else {
            return self.save_alone(seen, order, moves, beside).await;
        };
        let by = UserId(by.to_owned());
        let both = async {
            futures::join!(self.save_alone(seen, order, moves, beside), self.leave_step(&by, order))
        };
        let (saved, ()) = meter::at_once(both).await;
        saved
    }

    async fn save_alone(
        &self,
        seen: Option<u64>,
        order: &Order,
        moves: impl IntoIterator<Item = StockMove>,
        beside: Vec<TransactWriteItem>,
    ) -> Result<(), TableError> {
        if let Some(key) = crate::idempotency::current() {
            key.is_about(order);
        }
        let token = oms_runtime::ids::random_token();
        let order = &record::signed(order, token);
        let (item, older) = record::to_items(order, seen, self.shards)?;
        let put = self.put_over(seen, item)?;
        let moves = summed(moves);
        if moves.is_empty() && older.is_empty() && beside.is_empty() {
            return match self.put_or_see(&put).await? {
                None => Ok(()),
                Some(there) => self.check_token(there, order.version, token).await,
            };
        }
        let mut items = vec![part(put)];
        items.extend(beside);
        if !older.is_empty() {
            items.push(part(self.put_any(record::log_to_item(order.id, older)?)?));
        }
        self.transact_with_stock(items, moves).await.map_err(TableError::or_conflict)
    }

    /// Whether what stands there came of the save with this token, whatever others have made of it since.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where it did not.
    async fn check_token(&self, there: Item, version: u64, token: u32) -> Result<(), TableError> {
        let mut there = record::from_item(there)?;
        if there.version > version {
            self.recall(&mut there, version).await?;
        }
        let is_ours = |change: &Change| change.version == version && change.token == Some(token);
        if !there.log.iter().any(is_ours) {
            return Err(TableError::Conflict);
        }
        tracing::warn!(order = %there.id, version, "the answer to a save got lost; the save did not");
        Ok(())
    }
}

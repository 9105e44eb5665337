//! Orders: load, save if still as seen, place.

pub mod import;
pub mod item;
pub mod order_numbers;
pub mod part;
pub mod scan;
pub(crate) mod stored;
pub(crate) mod summary;
pub mod unpaid;
pub mod watermarks;

use crate::idempotency::Keyed;
use crate::orders::stored::Whole;
use crate::orders::unpaid::Pass;
use crate::recent_writes::noting;
use crate::writes::part;
use crate::{OrderOwners, Table, TableError, keys};
use oms_domain::place::{StockMove, summed};
use oms_domain::{Order, OrderId, UserId};

/// All that one save of an order writes: in one conditional write, or in one transaction.
#[derive(Clone, Copy)]
pub struct Save<'a> {
    /// The order as it is to be.
    pub order: &'a Order,
    /// The version that was seen; none for an order that is placed.
    pub expected_version: Option<u64>,
    /// What is taken from stock and goes back to it.
    pub stock: &'a [StockMove],
    /// Counts the order among its user's unpaid ones, if that is limited.
    pub pass: Option<&'a Pass>,
    /// The key of the request, whose record is written with it.
    pub idempotency: Keyed<'a>,
    /// Who makes the change and may look for it in lists before these have it: noted at the same
    /// time, in a write of its own.
    pub recent_write: Option<&'a UserId>,
}

impl<'a> Save<'a> {
    /// The order and nothing else.
    #[must_use]
    pub const fn only(order: &'a Order, expected_version: Option<u64>) -> Self {
        Self { order, expected_version, stock: &[], pass: None, idempotency: None, recent_write: None }
    }
}

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
        let order = self.get::<Whole>(keys::order(id), keys::ORDER.to_owned()).await?;
        Ok(order.map(|Whole(order)| order))
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
        let orders = self.get_batches(keys.collect(), &[], true).await?;
        Ok(orders.into_iter().map(|Whole(order)| order).collect())
    }

    /// Whose some orders are, and whose stores': enough to tell who may see them. What does not
    /// exist or has been deleted is left out. It costs what reading the orders whole would, a unit
    /// for each of 4 KB or less, but brings a hundredth of it over the wire.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn owners_of_orders(
        &self,
        ids: impl IntoIterator<Item = OrderId>,
    ) -> Result<Vec<OrderOwners>, TableError> {
        let keys = ids.into_iter().map(|id| (keys::order(id), keys::ORDER.to_owned()));
        let items = self.get_parts(keys.collect(), &item::OWNER_PATHS).await?;
        Ok(items.iter().filter_map(item::owners_of).collect())
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
        let mut pages = self.pages(keys::order(order.id), keys::LOG_PREFIX, false);
        while !order.log_reaches(version) {
            let Some(newest) = pages.next().await? else { return Err(TableError::LogTooShort(order.id)) };
            let older = newest.into_iter().map(item::log_from_item).collect::<Result<Vec<_>, _>>()?;
            order.recall(older.into_iter().flatten().collect());
        }
        Ok(())
    }

    /// Saves an order if the table still holds the version that was seen, and with it all else that
    /// the save says. One conditional write where nothing else is to be written; else one
    /// transaction. What goes back to a stock level that is no more goes nowhere.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where somebody else was faster, or has used up the pass;
    /// [`TableError::InsufficientStock`] where a stock level has too few;
    /// [`TableError::TooLarge`].
    pub async fn save(&self, save: Save<'_>) -> Result<(), TableError> {
        let Some(by) = save.recent_write else { return self.write(save).await };
        let Save { order, stock, .. } = save;
        noting(order.updated_at, self.write(save), |at| self.note_recent_write(by, order, stock, at)).await
    }

    async fn write(&self, save: Save<'_>) -> Result<(), TableError> {
        debug_assert!(
            save.expected_version.is_none_or(|seen| save.order.version > seen),
            "a change counts up"
        );
        let token = oms_runtime::ids::random_token();
        let order = &item::signed(save.order, token);
        let (item, older) = item::to_items(order, save.expected_version, self.layout_of_lists().await?)?;
        let put = self.put_over(save.expected_version, item)?;
        let moves = summed(save.stock.iter().copied());
        let passed =
            save.pass.map(|pass| self.pass_update(&order.user.id, pass, order.created_at)).transpose()?;
        if moves.is_empty() && older.is_empty() && passed.is_none() && save.idempotency.is_none() {
            let Some(there) = self.put_or_see(&put).await? else { return Ok(()) };
            if !item::is_signed(there, order.version, token) {
                return Err(TableError::Conflict);
            }
            tracing::warn!(order = %order.id, version = order.version, "the answer to a save got lost; the save did not");
            return Ok(());
        }
        let mut items = vec![part(put)];
        items.extend(passed);
        if !older.is_empty() {
            items.push(part(self.put_any(item::moved_log_to_item(order, older, self.layout)?)?));
        }
        let written = self.transact_with_stock(items, moves, save.idempotency).await;
        written.map_err(TableError::or_conflict)
    }
}

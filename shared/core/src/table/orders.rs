//! Orders: load, save if still as seen, place.

use super::writes::part;
use super::{Table, TableError, keys, record};
use oms_domain::place::{StockMove, summed};
use oms_domain::{Order, OrderId};

impl Table {
    /// The order as it is now.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn order(&self, id: OrderId) -> Result<Option<Order>, TableError> {
        let item = self.get_item(keys::order(id), keys::ORDER.to_owned()).await?;
        item.map(record::from_item).transpose()
    }

    /// Several orders as they are now, in no particular order; what does not exist is left out.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn orders(&self, ids: impl IntoIterator<Item = OrderId>) -> Result<Vec<Order>, TableError> {
        let keys = ids.into_iter().map(|id| (keys::order(id), keys::ORDER.to_owned()));
        let items = self.get_items(keys.collect()).await?;
        items.into_iter().map(record::from_item).collect()
    }

    /// Saves a placed or changed order if the table still holds the version before its last
    /// change (none, for a placed one), and moves stock with it. One conditional write where no
    /// stock moves; else one transaction.
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
        let item = record::to_item(order, self.shards)?;
        let moves = summed(moves);
        if moves.is_empty() {
            return self.put(self.put_over(seen, item)?).await;
        }
        let put = part(self.put_over(seen, item)?);
        match self.transact_with_stock(vec![put], moves).await {
            Err(TableError::Cancelled(reasons))
                if TableError::failed_conditions(&reasons).next().is_some() =>
            {
                Err(TableError::Conflict)
            }
            answer => answer,
        }
    }
}

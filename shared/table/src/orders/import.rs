//! Orders that come from elsewhere, whole: with their ids, their numbers and their logs.
//!
//! Beside the order stand its older changes, and the watermarks of consumers that are not to hear
//! of what has long happened. Everything else is made by the stream's consumers, as for any order.

use crate::orders::item;
use crate::orders::watermarks::WatermarkAdvance;
use crate::writes::part;
use crate::{Item, Layout, Table, TableError};
use oms_domain::order::MAX_LOG;
use oms_domain::{Change, Order, OrderId};

/// How many of the older changes stand in an item at most; half as many as the order itself keeps.
const OLDER: usize = MAX_LOG / 2;
/// How many items of older changes an order may have: a transaction writes 100 items.
const MAX_OLDER_ITEMS: usize = 90;

/// What came of an order that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It is written.
    Written,
    /// It was there already, just the same.
    Same,
    /// Another state of it is there, which stays.
    Different,
}

impl Table {
    /// Writes an order with its whole log, unless one with its id is there. What `consumer` has to
    /// say of its changes counts as said. Being repeated does no harm.
    ///
    /// # Errors
    /// [`TableError::TooLarge`] where its item would be; [`TableError`] where the table cannot be
    /// written.
    pub async fn import(&self, order: &Order, consumer: &str) -> Result<Imported, TableError> {
        let (item, older) = self.with_older_changes(order, self.layout_of_lists().await?)?;
        if older.len() > MAX_OLDER_ITEMS {
            return Err(TableError::TooLarge);
        }
        let mut items = vec![part(self.put_new(item)?)];
        for older in older {
            items.push(part(self.put_any(older)?));
        }
        let told = WatermarkAdvance { order: order.id, seen: 0, to: order.version };
        items.push(self.move_watermark(consumer, &told)?);
        match self.transact(items, None).await.map_err(TableError::or_conflict) {
            Ok(()) => Ok(Imported::Written),
            Err(TableError::Conflict) => self.compare(order).await,
            Err(error) => Err(error),
        }
    }

    /// The order's item, and those of the changes that it does not keep itself.
    fn with_older_changes(&self, order: &Order, layout: Layout) -> Result<(Item, Vec<Item>), TableError> {
        let (trimmed, older) = order.clone().trimmed();
        let (item, older) = match item::to_item(&trimmed, layout) {
            Err(TableError::TooLarge) => {
                let (stripped, older) = order.clone().stripped();
                (item::to_item(&stripped, layout)?, older)
            }
            item => (item?, older),
        };
        let mut items = Vec::new();
        for older in older.chunks(OLDER) {
            self.add_older_items(order.id, older, &mut items)?;
        }
        Ok((item, items))
    }

    async fn compare(&self, order: &Order) -> Result<Imported, TableError> {
        let Some(mut there) = self.order_or_tombstone(order.id).await? else {
            // Not the order, but what stands beside one was there.
            return Ok(Imported::Different);
        };
        self.recall(&mut there, 0).await?;
        Ok(if there == *order { Imported::Same } else { Imported::Different })
    }

    /// Adds the item of some older changes, or of each half of them where they are too large
    /// together.
    fn add_older_items(
        &self,
        order: OrderId,
        older: &[Change],
        items: &mut Vec<Item>,
    ) -> Result<(), TableError> {
        match item::log_to_item(order, older.to_vec(), self.layout) {
            Err(TableError::TooLarge) if older.len() > 1 => {
                let (first, second) = older.split_at(older.len() / 2);
                self.add_older_items(order, first, items)?;
                self.add_older_items(order, second, items)
            }
            item => {
                items.push(item?);
                Ok(())
            }
        }
    }
}

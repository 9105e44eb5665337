//! How far each consumer of the table's stream has got with each order: the last version of the
//! order that it has applied. What is at or below it is a repeat.

use crate::writes::{VERSION, part};
use crate::{Table, TableError, key, keys, text};
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use oms_domain::OrderId;
use std::collections::HashMap;

/// The move of one order's watermark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatermarkAdvance {
    /// The order.
    pub order: OrderId,
    /// Where the watermark was seen; 0 where there was none.
    pub seen: u64,
    /// Where it goes.
    pub to: u64,
}

impl Table {
    /// The watermarks of a consumer for some orders; an order without one is left out.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read.
    pub async fn watermarks(
        &self,
        consumer: &str,
        orders: impl IntoIterator<Item = OrderId>,
    ) -> Result<HashMap<OrderId, u64>, TableError> {
        let wanted = orders.into_iter().map(|id| (keys::order(id), keys::watermark(consumer)));
        let items = self.get_items(wanted.collect()).await?;
        let marks = items.iter().filter_map(|item| {
            let version = item.get(VERSION)?.as_n().ok()?.parse().ok()?;
            Some((keys::order_of(text(item, keys::PK))?, version))
        });
        Ok(marks.collect())
    }

    /// Moves a watermark by itself, where what it stands for can be repeated without harm.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where it is not as it was seen.
    pub async fn advance(&self, consumer: &str, claim: &WatermarkAdvance) -> Result<(), TableError> {
        self.put(self.watermark_put(consumer, claim)?, None).await
    }

    pub(crate) fn move_watermark(
        &self,
        consumer: &str,
        claim: &WatermarkAdvance,
    ) -> Result<TransactWriteItem, TableError> {
        Ok(part(self.watermark_put(consumer, claim)?))
    }

    fn watermark_put(&self, consumer: &str, claim: &WatermarkAdvance) -> Result<Put, TableError> {
        let mut item = key(keys::order(claim.order), keys::watermark(consumer));
        item.insert(VERSION.into(), AttributeValue::N(claim.to.to_string()));
        self.put_over(Some(claim.seen).filter(|seen| *seen > 0), item)
    }
}

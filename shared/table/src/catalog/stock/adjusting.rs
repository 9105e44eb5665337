//! Adjusting a shelf, after a delivery or a count.

use crate::catalog::stock::shards::Looked;
use crate::catalog::stock::{AVAILABLE, Shelf};
use crate::idempotency::Keyed;
use crate::writes::update_part;
use crate::{Table, TableError, key, keys};
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use oms_domain::catalog::MAX_STOCK;
use oms_domain::place::StockMove;
use oms_domain::{ProductId, VariantId};
use oms_runtime::retry;

/// What a count of a shelf, or a delivery, says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// So many pieces more, or fewer where it is negative.
    By(i64),
    /// That many pieces, whatever there were.
    To(u64),
    /// That many pieces, on the condition that there are as many as were seen.
    From {
        /// How many were seen.
        seen: u64,
        /// How many there are from now on.
        to: u64,
    },
}

impl Table {
    /// Adjusts a shelf in one write, which meets no other halfway: what is taken meanwhile is
    /// taken from what there is.
    ///
    /// # Errors
    /// [`TableError::InsufficientStock`] where it would leave fewer than none.
    /// [`TableError::Conflict`] where there is no such shelf any more, it does not hold what was
    /// seen, or so many more pieces would be more than [`MAX_STOCK`].
    pub async fn adjust_stock(
        &self,
        product: ProductId,
        variant: Option<VariantId>,
        adjustment: Adjustment,
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        let shelf = Shelf { product, variant };
        // Transactions, although of one item: they wait for those of orders that take from the
        // shelf, and carry the record of an idempotency key.
        match adjustment {
            Adjustment::To(pieces) => self.count_stock(shelf, pieces, None, key).await,
            Adjustment::From { seen, to } => self.count_stock(shelf, to, Some(seen), key).await,
            Adjustment::By(pieces @ 0..) => self.add_stock(shelf, pieces, key).await,
            Adjustment::By(pieces) => {
                let taken = vec![StockMove { product, variant, quantity: pieces }];
                match self.transact_with_stock(Vec::new(), taken, key).await {
                    Err(TableError::InsufficientStock { available: 0 }) if !self.has_shelf(shelf).await? => {
                        Err(TableError::Conflict)
                    }
                    answer => answer,
                }
            }
        }
    }

    async fn has_shelf(&self, shelf: Shelf) -> Result<bool, TableError> {
        let first = self.get_item(keys::product(shelf.product), keys::stock_level(shelf.variant, 0));
        Ok(first.await?.is_some())
    }

    /// Says how many pieces lie on a shelf that exists, if there are as many as expected. They are
    /// in one item again.
    async fn count_stock(
        &self,
        shelf: Shelf,
        pieces: u64,
        expected: Option<u64>,
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        let mut seen = match expected {
            Some(_) => self.look_at(shelf).await?,
            None => Looked::default(),
        };
        let mut tries = 0;
        loop {
            if expected.is_some_and(|expected| expected != seen.total()) {
                return Err(TableError::Conflict);
            }
            let first = self
                .update_of(shelf, 0)
                .expression_attribute_names("#available", AVAILABLE)
                .expression_attribute_values(":pieces", AttributeValue::N(pieces.to_string()))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            let first = match expected {
                Some(_) => seen
                    .counted(first, "#available = :seen AND ")
                    .expression_attribute_values(":seen", AttributeValue::N(seen.at(0).to_string())),
                None => seen.counted(first, "attribute_exists(#available) AND "),
            };
            let mut items = vec![update_part(first)?];
            for shard in 1..seen.shards {
                items.push(self.delete_shard(shelf, shard, expected.map(|_| seen.at(shard)))?);
            }
            let answer = self.transact(items, key).await;
            let Err(TableError::Cancelled(reasons)) = answer else { return answer };
            seen = self.look_again(shelf, reasons, &mut tries).await?;
        }
    }

    /// Puts pieces on a shelf that exists and has room for them.
    async fn add_stock(&self, shelf: Shelf, pieces: i64, key: Keyed<'_>) -> Result<(), TableError> {
        let most = MAX_STOCK.saturating_sub(pieces).max(0).unsigned_abs();
        let mut seen = Looked::default();
        let mut tries = 0;
        loop {
            if seen.total() > most {
                return Err(TableError::Conflict);
            }
            // In the other shards there can only be less by now, unless some was moved there.
            let room = most - seen.elsewhere();
            let update = self
                .pieces(shelf, 0, pieces)
                .expression_attribute_values(":room", AttributeValue::N(room.to_string()))
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            let update = update_part(seen.undealt(update, "#available <= :room AND "))?;
            let answer = self.transact(vec![update], key).await;
            let Err(TableError::Cancelled(reasons)) = answer else { return answer };
            seen = self.look_again(shelf, reasons, &mut tries).await?;
        }
    }

    /// What lies where on a shelf that was not as it was seen.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where there is no such shelf.
    async fn look_again(
        &self,
        shelf: Shelf,
        reasons: Vec<CancellationReason>,
        tries: &mut u32,
    ) -> Result<Looked, TableError> {
        let failed = TableError::failed_conditions(&reasons).next();
        let Some((index, there)) = failed else { return Err(TableError::Cancelled(reasons)) };
        if index == 0 && there.is_none() {
            return Err(TableError::Conflict);
        }
        if !retry::while_busy(tries).await {
            return Err(TableError::Throttled);
        }
        self.look_at(shelf).await
    }

    /// Removes a shard, which holds so many pieces where that is said.
    fn delete_shard(
        &self,
        shelf: Shelf,
        shard: u16,
        holds: Option<u64>,
    ) -> Result<TransactWriteItem, TableError> {
        let (pk, sk) = (keys::product(shelf.product), keys::stock_level(shelf.variant, shard));
        // What is empty may not be there at all.
        let Some(pieces @ 1..) = holds else { return self.delete_any(pk, sk) };
        let delete = Delete::builder()
            .table_name(&self.name)
            .set_key(Some(key(pk, sk)))
            .condition_expression("#available = :seen")
            .expression_attribute_names("#available", AVAILABLE)
            .expression_attribute_values(":seen", AttributeValue::N(pieces.to_string()))
            .build()
            .map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }
}

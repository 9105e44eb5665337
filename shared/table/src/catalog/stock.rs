//! The shelves: how many pieces of a product or of one of its variants there are.

use crate::idempotency::Keyed;
use crate::writes::part;
use crate::{Item, Table, TableError, key, keys};
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use oms_domain::place::StockMove;
use oms_domain::{ProductId, VariantId};

const AVAILABLE: &str = "available";

/// How many pieces lie on one shelf of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockLevel {
    /// Of which kind; the product's own shelf where none.
    pub variant: Option<VariantId>,
    /// How many.
    pub available: u64,
}

pub(crate) fn available(item: &Item) -> u64 {
    let number = item.get(AVAILABLE).and_then(|value| value.as_n().ok());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

pub(crate) fn stock_level(item: &Item) -> Option<StockLevel> {
    let variant = match crate::text(item, keys::SK).strip_prefix(keys::STOCK_PREFIX)? {
        "" => None,
        id => Some(id.parse().ok()?),
    };
    Some(StockLevel { variant, available: available(item) })
}

/// What a count of a shelf, or a delivery, says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjustment {
    /// So many pieces more, or fewer where it is negative.
    By(i64),
    /// That many pieces, whatever there were.
    To(u64),
}

impl Table {
    /// Adjusts a shelf in one write, which meets no other halfway: what is taken meanwhile is
    /// taken from what there is.
    ///
    /// # Errors
    /// [`TableError::InsufficientStock`] where it would leave fewer than none,
    /// [`TableError::Conflict`] where there is no such shelf any more.
    pub async fn adjust_stock(
        &self,
        product: ProductId,
        variant: Option<VariantId>,
        adjustment: Adjustment,
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        let update = match adjustment {
            Adjustment::By(quantity) => self.stock_update(&StockMove { product, variant, quantity })?,
            Adjustment::To(quantity) => self.stock_count(product, variant, quantity)?,
        };
        // A transaction, although of one item: it waits for those of orders that take from the
        // shelf, and carries the record of an idempotency key.
        let answer = self.transact(vec![update], key).await;
        let Err(TableError::Cancelled(reasons)) = answer else {
            return answer;
        };
        let failed = TableError::failed_conditions(&reasons).next();
        Err(match failed {
            Some((_, Some(stock_level))) => {
                TableError::InsufficientStock { available: available(stock_level) }
            }
            Some((_, None)) => TableError::Conflict,
            None => TableError::Cancelled(reasons),
        })
    }

    /// Writes all or nothing: `items`, and the moves of stock. Pieces that come back to a shelf
    /// that is no more, because its product or variant was deleted, are written off.
    ///
    /// # Errors
    /// [`TableError::Cancelled`] where a condition of `items` failed, with the reasons in their
    /// order; else [`TableError::InsufficientStock`] where a shelf has too few pieces.
    pub async fn transact_with_stock(
        &self,
        items: Vec<TransactWriteItem>,
        mut moves: Vec<StockMove>,
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        loop {
            let mut all = items.clone();
            for moved in &moves {
                all.push(self.stock_update(moved)?);
            }
            let answer = self.transact(all, key).await;
            let Err(TableError::Cancelled(reasons)) = answer else {
                return answer;
            };
            let failed: Vec<_> = TableError::failed_conditions(&reasons).collect();
            if failed.is_empty() || failed.iter().any(|(index, _)| *index < items.len()) {
                return Err(TableError::Cancelled(reasons));
            }
            let failed = failed.into_iter();
            let failed: Vec<_> =
                failed.map(|(index, stock_level)| (index - items.len(), stock_level)).collect();
            let taken = failed.iter().find(|(index, _)| moves[*index].quantity <= 0);
            if let Some((_, stock_level)) = taken {
                let available = stock_level.map_or(0, available);
                return Err(TableError::InsufficientStock { available });
            }
            let mut index = 0;
            moves.retain(|_| {
                index += 1;
                !failed.iter().any(|(gone, _)| gone + 1 == index)
            });
        }
    }

    /// Takes pieces off a shelf, or puts some back, as part of a transaction. Taking more than
    /// there are fails the transaction with what there is.
    fn stock_update(&self, moved: &StockMove) -> Result<TransactWriteItem, TableError> {
        let quantity = AttributeValue::N(moved.quantity.to_string());
        let least = AttributeValue::N(moved.quantity.saturating_neg().max(0).to_string());
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key(keys::product(moved.product), keys::stock_level(moved.variant))))
            .update_expression("ADD #available :pieces")
            .condition_expression("#available >= :least")
            .expression_attribute_names("#available", AVAILABLE)
            .expression_attribute_values(":pieces", quantity)
            .expression_attribute_values(":least", least)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Says how many pieces lie on a shelf that exists, as part of a transaction.
    fn stock_count(
        &self,
        product: ProductId,
        variant: Option<VariantId>,
        quantity: u64,
    ) -> Result<TransactWriteItem, TableError> {
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key(keys::product(product), keys::stock_level(variant))))
            .update_expression("SET #available = :pieces")
            .condition_expression("attribute_exists(#available)")
            .expression_attribute_names("#available", AVAILABLE)
            .expression_attribute_values(":pieces", AttributeValue::N(quantity.to_string()))
            .build()
            .map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// A new shelf, as part of the transaction that makes its product.
    pub fn new_stock_level(
        &self,
        product: ProductId,
        stock_level: StockLevel,
    ) -> Result<TransactWriteItem, TableError> {
        let mut item = key(keys::product(product), keys::stock_level(stock_level.variant));
        item.insert(AVAILABLE.into(), AttributeValue::N(stock_level.available.to_string()));
        Ok(part(self.put_new(item)?))
    }
}

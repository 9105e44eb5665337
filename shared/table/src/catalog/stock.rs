//! The shelves: how many pieces of a product or of one of its variants there are.

mod adjusting;
pub(crate) mod shards;

pub use crate::catalog::stock::adjusting::Adjustment;
use crate::catalog::stock::shards::shards_of;
use crate::idempotency::Keyed;
use crate::writes::{Patience, part, update_part};
use crate::{Item, Table, TableError, key, keys};
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use oms_domain::place::StockMove;
use oms_domain::{ProductId, VariantId};
use oms_runtime::retry;
use std::collections::HashMap;

const AVAILABLE: &str = "available";
/// The condition that [`having`] sets.
const HAVING: &str = "#available >= :least";

/// Where the pieces of a product, or of one of its variants, lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Shelf {
    pub(crate) product: ProductId,
    pub(crate) variant: Option<VariantId>,
}

/// How many pieces lie on one shelf of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockLevel {
    /// Of which kind; the product's own shelf where none.
    pub variant: Option<VariantId>,
    /// How many.
    pub available: u64,
    /// In how many items they lie.
    pub shards: u16,
}

impl StockLevel {
    /// So many pieces in one item, as every shelf begins.
    #[must_use]
    pub const fn new(variant: Option<VariantId>, available: u64) -> Self {
        Self { variant, available, shards: 1 }
    }
}

pub(crate) fn available(item: &Item) -> u64 {
    let number = item.get(AVAILABLE).and_then(|value| value.as_n().ok());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// What lies on the shelves of a product, of its items; shards of a shelf are added up.
pub(crate) fn stock_levels(items: &[Item]) -> Vec<StockLevel> {
    let mut levels: Vec<StockLevel> = Vec::new();
    for item in items {
        let Some((variant, shard)) = keys::stock_level_of(crate::text(item, keys::SK)) else { continue };
        match levels.iter_mut().find(|level| level.variant == variant) {
            Some(level) => level.available += available(item),
            // Its first item comes first. What is left of one that was removed is no shelf.
            None if shard == 0 => {
                levels.push(StockLevel { variant, available: available(item), shards: shards_of(item) });
            }
            None => {}
        }
    }
    levels
}

/// A move of a shelf's pieces, and in which of its shards.
struct Planned {
    shelf: Shelf,
    pieces: i64,
    shard: u16,
}

/// The update, on the condition that there are as many pieces as it takes; what there was comes
/// back where there are not.
fn having(update: UpdateBuilder, pieces: i64) -> UpdateBuilder {
    let least = pieces.saturating_neg().max(0);
    update
        .condition_expression(HAVING)
        .expression_attribute_values(":least", AttributeValue::N(least.to_string()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
}

impl Table {
    /// Writes all or nothing: `items`, and the moves of stock. Pieces that come back to a shelf
    /// that is no more, because its product or variant was deleted, are written off.
    ///
    /// # Errors
    /// [`TableError::Cancelled`] where a condition of `items` failed, with the reasons in their
    /// order; else [`TableError::InsufficientStock`] where a shelf has too few pieces.
    pub async fn transact_with_stock(
        &self,
        items: Vec<TransactWriteItem>,
        moves: Vec<StockMove>,
        key: Keyed<'_>,
    ) -> Result<(), TableError> {
        let mut planned: Vec<Planned> = moves.into_iter().map(|moved| self.planned(moved)).collect();
        let mut tries = 0;
        loop {
            let mut all = items.clone();
            for Planned { shelf, shard, pieces } in &planned {
                all.push(self.stock_update(*shelf, *shard, *pieces)?);
            }
            let of_stock = |index: usize| index.checked_sub(items.len());
            match self.transact_with(all, key, Patience::None).await {
                Err(TableError::Held(held)) => {
                    if !retry::while_busy(&mut tries).await {
                        return Err(TableError::Throttled);
                    }
                    for index in held.into_iter().filter_map(of_stock) {
                        let Some(taken) = planned.get_mut(index).filter(|planned| planned.pieces < 0) else {
                            continue;
                        };
                        let wanted = taken.pieces.unsigned_abs();
                        taken.shard = self.shard_with(taken.shelf, wanted, Some(taken.shard)).await?;
                    }
                    tracing::warn!(tries, "trying a transaction with stock again");
                }
                Err(TableError::Cancelled(reasons)) => {
                    let failed: Vec<_> = TableError::failed_conditions(&reasons).collect();
                    if failed.is_empty() || failed.iter().any(|(index, _)| *index < items.len()) {
                        return Err(TableError::Cancelled(reasons));
                    }
                    tries += 1;
                    let of_stock =
                        failed.into_iter().filter_map(|(index, item)| Some((of_stock(index)?, item)));
                    planned = self.planned_anew(planned, of_stock.collect(), tries).await?;
                }
                answer => return answer,
            }
        }
    }

    /// What is taken comes from a shard that is known to have had pieces, what comes back goes to
    /// the first.
    fn planned(&self, StockMove { product, variant, quantity }: StockMove) -> Planned {
        let shelf = Shelf { product, variant };
        let shard = if quantity < 0 { self.remembered.shard_of(shelf) } else { None };
        Planned { shelf, pieces: quantity, shard: shard.unwrap_or(0) }
    }

    /// The moves after some failed: what comes back to a shelf that is no more is left out, and
    /// what is taken comes from a shard that has enough.
    async fn planned_anew(
        &self,
        planned: Vec<Planned>,
        failed: HashMap<usize, Option<&Item>>,
        tries: u32,
    ) -> Result<Vec<Planned>, TableError> {
        let mut anew = Vec::with_capacity(planned.len());
        for (index, mut planned) in planned.into_iter().enumerate() {
            match failed.get(&index) {
                Some(_) if planned.pieces > 0 => continue,
                // It is all in this item, which tells how much there is.
                Some(there) if planned.shard == 0 && there.is_none_or(|there| shards_of(there) < 2) => {
                    return Err(TableError::InsufficientStock { available: there.map_or(0, available) });
                }
                Some(_) if tries >= retry::BUSY => return Err(TableError::Throttled),
                Some(_) => {
                    planned.shard =
                        self.shard_with(planned.shelf, planned.pieces.unsigned_abs(), None).await?;
                }
                None => {}
            }
            anew.push(planned);
        }
        Ok(anew)
    }

    /// Takes pieces off a shard of a shelf, or puts some there, as part of a transaction. Taking
    /// more than there are fails the transaction with what there is.
    fn stock_update(&self, shelf: Shelf, shard: u16, pieces: i64) -> Result<TransactWriteItem, TableError> {
        update_part(having(self.pieces(shelf, shard, pieces), pieces))
    }

    fn pieces(&self, shelf: Shelf, shard: u16, pieces: i64) -> UpdateBuilder {
        self.update_of(shelf, shard)
            .update_expression("ADD #available :pieces")
            .expression_attribute_names("#available", AVAILABLE)
            .expression_attribute_values(":pieces", AttributeValue::N(pieces.to_string()))
    }

    fn update_of(&self, shelf: Shelf, shard: u16) -> UpdateBuilder {
        let key = key(keys::product(shelf.product), keys::stock_level(shelf.variant, shard));
        Update::builder().table_name(&self.name).set_key(Some(key))
    }

    /// A new shelf, as part of the transaction that makes its product.
    pub fn new_stock_level(
        &self,
        product: ProductId,
        stock_level: StockLevel,
    ) -> Result<TransactWriteItem, TableError> {
        let mut item = key(keys::product(product), keys::stock_level(stock_level.variant, 0));
        item.insert(AVAILABLE.into(), AttributeValue::N(stock_level.available.to_string()));
        Ok(part(self.put_new(item)?))
    }

    /// Removes what is left of shelves whose first items have been removed. Nobody sees it, so it
    /// is no part of that transaction, which has a limit; where it fails, it stays, with a line in
    /// the log: what was asked for has been done.
    pub(crate) async fn sweep_stock(
        &self,
        product: ProductId,
        removed: impl IntoIterator<Item = &StockLevel>,
    ) {
        for level in removed.into_iter().filter(|level| level.shards > 1) {
            let sks = (1..level.shards).map(|shard| keys::stock_level(level.variant, shard));
            let deletes = sks.map(|sk| self.delete_any(keys::product(product), sk));
            let swept = async { self.transact(deletes.collect::<Result<_, _>>()?, None).await };
            if let Err(error) = swept.await {
                let error = oms_runtime::logging::chain(&error);
                tracing::warn!(%product, error, "shards of a shelf that is no more are left");
            }
        }
    }
}

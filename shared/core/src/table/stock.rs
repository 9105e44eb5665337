//! The shelves: how many pieces of a product or of one of its variants there are.

use super::writes::part;
use super::{Item, Table, TableError, key, keys};
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use oms_domain::place::StockMove;
use oms_domain::{ProductId, VariantId};

const AVAILABLE: &str = "available";

/// How many pieces lie on one shelf of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shelf {
    /// Of which kind; the product's own shelf where none.
    pub variant: Option<VariantId>,
    /// How many.
    pub available: u64,
}

pub(crate) fn available(item: &Item) -> u64 {
    let number = item.get(AVAILABLE).and_then(|value| value.as_n().ok());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

pub(crate) fn shelf(item: &Item) -> Option<Shelf> {
    let variant = match super::text(item, keys::SK).strip_prefix(keys::STOCK_PREFIX)? {
        "" => None,
        id => Some(id.parse().ok()?),
    };
    Some(Shelf { variant, available: available(item) })
}

impl Table {
    /// Takes pieces off a shelf, or puts some back, as part of a transaction. Taking more than
    /// there are fails the transaction with what there is.
    pub(crate) fn stock_update(&self, moved: &StockMove) -> Result<TransactWriteItem, TableError> {
        let pieces = AttributeValue::N(moved.pieces.to_string());
        let least = AttributeValue::N(moved.pieces.saturating_neg().max(0).to_string());
        let update = Update::builder()
            .table_name(&self.name)
            .set_key(Some(key(keys::product(moved.product), keys::shelf(moved.variant))))
            .update_expression("ADD #available :pieces")
            .condition_expression("#available >= :least")
            .expression_attribute_names("#available", AVAILABLE)
            .expression_attribute_values(":pieces", pieces)
            .expression_attribute_values(":least", least)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(TableError::request)?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// A new shelf, as part of the transaction that makes its product.
    pub(crate) fn new_shelf(
        &self,
        product: ProductId,
        shelf: Shelf,
    ) -> Result<TransactWriteItem, TableError> {
        let mut item = key(keys::product(product), keys::shelf(shelf.variant));
        item.insert(AVAILABLE.into(), AttributeValue::N(shelf.available.to_string()));
        Ok(part(self.put_new(item)?))
    }
}

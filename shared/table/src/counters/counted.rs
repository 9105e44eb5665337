//! Counters that move in the transaction that makes or removes what they count, and how many stores
//! there are: of each owner, and of each status.
//!
//! | pk | sk | attributes |
//! |---|---|---|
//! | `USER#<sub>` | `STORES` | `count` |
//! | `CATALOGUE` | `STORES` | how many of each status |

use crate::keys::{self, Index};
use crate::lists::Span;
use crate::writes::while_held;
use crate::{Item, Table, TableError, key};
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use oms_domain::UserId;
use oms_domain::catalog::StoreStatus;

pub(crate) const COUNT: &str = "count";

impl Table {
    /// How many stores of some statuses there are, counted in the index where nobody has counted
    /// yet.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be read or written.
    pub async fn count_of_stores(&self, statuses: &[StoreStatus]) -> Result<u64, TableError> {
        let item = match self.stores_counted().await? {
            Some(item) => item,
            None => self.begin_count_of_stores().await?,
        };
        Ok(statuses.iter().map(|status| count(&item, status.as_str())).sum())
    }

    async fn stores_counted(&self) -> Result<Option<Item>, TableError> {
        self.get_item(keys::CATALOGUE.to_owned(), keys::OWNERSHIP.to_owned()).await
    }

    async fn begin_count_of_stores(&self) -> Result<Item, TableError> {
        let mut item = key(keys::CATALOGUE.to_owned(), keys::OWNERSHIP.to_owned());
        for status in StoreStatus::ALL {
            let count = self.count_span(&Span::all(Index::All, keys::list_of_stores(*status))).await?;
            item.insert(status.as_str().to_owned(), number(count));
        }
        self.put_unless_there(item.clone()).await?;
        Ok(self.stores_counted().await?.unwrap_or(item))
    }

    /// How many stores a vendor owns, and how many there are, counted in the index where nobody has
    /// counted yet.
    pub async fn begin_counts(&self, owners: &[&UserId]) -> Result<(), TableError> {
        self.count_of_stores(&[]).await?;
        for owner in owners {
            let pk = keys::user(owner);
            if self.get_item(pk.clone(), keys::OWNERSHIP.to_owned()).await?.is_none() {
                let mut item = key(pk, keys::OWNERSHIP.to_owned());
                item.insert(COUNT.to_owned(), number(self.stores_of(owner).await?.len() as u64));
                self.put_unless_there(item).await?;
            }
        }
        Ok(())
    }

    /// Counts one store more of an owner, of which there may be so many.
    pub fn count_store_of(&self, owner: &UserId, most: u32) -> Result<TransactWriteItem, TableError> {
        let update = self
            .counter(keys::user(owner), keys::OWNERSHIP)
            .update_expression("ADD #count :one")
            .condition_expression("#count < :most")
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(most.into()));
        built(update)
    }

    /// Counts one store fewer of an owner.
    pub fn uncount_store_of(&self, owner: &UserId) -> Result<TransactWriteItem, TableError> {
        let update = self
            .counter(keys::user(owner), keys::OWNERSHIP)
            .update_expression("SET #count = #count - :one")
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_values(":one", number(1));
        built(update)
    }

    /// Counts a store that has become one of another status: from none where it is new, to none
    /// where it is no more.
    pub fn count_store(
        &self,
        from: Option<StoreStatus>,
        to: Option<StoreStatus>,
    ) -> Result<TransactWriteItem, TableError> {
        let mut update = self.counter(keys::CATALOGUE.to_owned(), keys::OWNERSHIP);
        let mut added = Vec::new();
        for (status, name, value, one) in [(from, "#from", ":fewer", "-1"), (to, "#to", ":more", "1")] {
            if let Some(status) = status {
                added.push(format!("{name} {value}"));
                update = update
                    .expression_attribute_names(name, status.as_str())
                    .expression_attribute_values(value, AttributeValue::N(one.to_owned()));
            }
        }
        built(update.update_expression(format!("ADD {}", added.join(", "))))
    }

    /// The update of a counter, which tells what is there where its condition fails.
    pub fn counter(&self, pk: String, sk: &str) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.name)
            .set_key(Some(key(pk, sk.to_owned())))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// Writes a counter that says what is so already, by itself and not with the record of a
    /// request's idempotency key: it says nothing about the request.
    pub async fn put_unless_there(&self, item: Item) -> Result<(), TableError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", keys::PK);
        match while_held(|| put.clone().send()).await.map_err(TableError::from) {
            Ok(_) | Err(TableError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// How many an item says there are; none where it says nothing.
pub(crate) fn count(item: &Item, name: &str) -> u64 {
    let number = item.get(name).and_then(|value| value.as_n().ok());
    debug_assert!(number.is_none_or(|number| !number.starts_with('-')), "{name} is below zero: {number:?}");
    number.and_then(|number| number.parse().ok()).unwrap_or_default()
}

pub(crate) fn built(update: UpdateBuilder) -> Result<TransactWriteItem, TableError> {
    let update = update.build().map_err(TableError::request)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

pub(crate) fn number(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

//! The two ways of writing: one item if it is still as it was seen, or several all or nothing.

use crate::idempotency::Keyed;
use crate::{Item, Table, TableError, keys, text};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConsumedCapacity, Delete, Put, PutRequest, ReturnConsumedCapacity,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update, WriteRequest,
};
use oms_runtime::meter;
use oms_runtime::retry;

/// How many items one BatchWriteItem may write.
pub(crate) const BATCH_WRITE_LIMIT: usize = 25;
/// The attribute that says how often an item has changed.
pub(crate) const VERSION: &str = "version";

impl Table {
    /// A put of a new item.
    pub fn put_new(&self, item: Item) -> Result<Put, TableError> {
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#is)")
            .expression_attribute_names("#is", keys::PK);
        put.build().map_err(TableError::request)
    }

    /// A put over an item that must still have the version that was seen; where none was seen, of
    /// a new item.
    pub fn put_over(&self, seen: Option<u64>, item: Item) -> Result<Put, TableError> {
        let Some(seen) = seen else {
            return self.put_new(item);
        };
        let put = Put::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("#is = :seen")
            .expression_attribute_names("#is", VERSION)
            .expression_attribute_values(":seen", AttributeValue::N(seen.to_string()));
        put.build().map_err(TableError::request)
    }

    /// A put of an item that is the same whoever writes it.
    pub fn put_any(&self, item: Item) -> Result<Put, TableError> {
        Put::builder().table_name(&self.name).set_item(Some(item)).build().map_err(TableError::request)
    }

    /// Writes one item, in a single write rather than a transaction: half the price. What stands
    /// there already, as if this had written it, has been written. With a key it is a transaction
    /// of two.
    ///
    /// # Errors
    /// [`TableError::Conflict`] where its condition fails.
    pub async fn put(&self, put: Put, key: Keyed<'_>) -> Result<(), TableError> {
        if key.is_some() {
            let alone = self.transact(vec![part(put)], key).await;
            return alone.map_err(TableError::or_conflict);
        }
        match self.put_or_see(&put).await? {
            None => Ok(()),
            Some(there) if there == *put.item() => Ok(()),
            Some(_) => Err(TableError::Conflict),
        }
    }

    /// Writes one item, likewise; where its condition fails, what stands there comes back. That may
    /// be the very same write: the SDK repeats one whose answer got lost, and then meets what it
    /// has written. (A transaction carries a token, by which DynamoDB knows the repeat.)
    ///
    /// # Errors
    /// [`TableError::Conflict`] where its condition fails and nothing stands there, or nobody can
    /// tell.
    pub async fn put_or_see(&self, put: &Put) -> Result<Option<Item>, TableError> {
        let request = self
            .client
            .put_item()
            .table_name(put.table_name())
            .set_item(Some(put.item().clone()))
            .set_condition_expression(put.condition_expression().map(str::to_owned))
            .set_expression_attribute_names(put.expression_attribute_names().cloned())
            .set_expression_attribute_values(put.expression_attribute_values().cloned())
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let error = match while_held(|| request.clone().send()).await {
            Ok(answer) => {
                meter_write(answer.consumed_capacity());
                return Ok(None);
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                failed.item().cloned().map(Some).ok_or(TableError::Conflict)
            }
            _ => Err(error.into()),
        }
    }

    /// Writes up to [`BATCH_WRITE_LIMIT`] items over whatever was there, each by itself: only for
    /// what counts for nothing until a write that comes after it.
    pub async fn put_batch(&self, items: Vec<Item>) -> Result<(), TableError> {
        let puts = items.into_iter().map(|item| {
            let put = PutRequest::builder().set_item(Some(item)).build().map_err(TableError::request)?;
            Ok(WriteRequest::builder().put_request(put).build())
        });
        let mut left: Vec<WriteRequest> = puts.collect::<Result<_, TableError>>()?;
        let mut vain = 0;
        loop {
            let asked = left.len();
            let answer = self
                .client
                .batch_write_item()
                .request_items(&self.name, left)
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await?;
            meter_writes(answer.consumed_capacity());
            left = answer.unprocessed_items.unwrap_or_default().into_values().flatten().collect();
            if left.is_empty() {
                return Ok(());
            }
            vain = if left.len() < asked { 0 } else { vain + 1 };
            if vain == retry::UNPROCESSED {
                return Err(TableError::Throttled);
            }
            retry::backoff(vain).await;
        }
    }

    /// Writes all or nothing, and with it the record of the request's key, if it has one. A
    /// conflict with another transaction is tried again with jitter, as is what was throttled; a
    /// failed condition comes back as the reasons, one an item, in the order of the items.
    pub async fn transact(&self, items: Vec<TransactWriteItem>, key: Keyed<'_>) -> Result<(), TableError> {
        self.transact_with(items, key, Patience::UntilDone).await
    }

    /// The same, as patient as is said with other transactions.
    ///
    /// # Errors
    /// [`TableError::Held`] where it does not wait for one that is at its items.
    pub(crate) async fn transact_with(
        &self,
        mut items: Vec<TransactWriteItem>,
        key: Keyed<'_>,
        patience: Patience,
    ) -> Result<(), TableError> {
        let Some(request) = key else { return self.transact_all(items, patience).await };
        let (pk, sk) = items.iter().find_map(key_of).unwrap_or_default();
        items.push(self.remember(request.user(), request.key(), &request.record(&pk, &sk))?);
        let last = items.len() - 1;
        match self.transact_all(items, patience).await {
            Ok(()) => {
                request.wrote();
                Ok(())
            }
            Err(TableError::Cancelled(reasons))
                if TableError::failed_conditions(&reasons).any(|(index, _)| index == last) =>
            {
                Err(TableError::Repeated)
            }
            Err(error) => Err(error),
        }
    }

    async fn transact_all(
        &self,
        items: Vec<TransactWriteItem>,
        patience: Patience,
    ) -> Result<(), TableError> {
        // One for all tries: what an earlier one has done after all is not done again.
        let token = oms_runtime::ids::random_uuid_v7().to_string();
        let mut tries = 0;
        loop {
            let answer = self
                .client
                .transact_write_items()
                .client_request_token(&token)
                .set_transact_items(Some(items.clone()))
                .return_consumed_capacity(ReturnConsumedCapacity::Total)
                .send()
                .await;
            let error = match answer {
                Ok(answer) => {
                    meter_writes(answer.consumed_capacity());
                    return Ok(());
                }
                Err(error) => error,
            };
            meter::record_trip();
            let error = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    TableError::cancelled(cancelled.cancellation_reasons().to_vec())
                }
                Some(TransactWriteItemsError::TransactionInProgressException(_)) => TableError::Throttled,
                _ => return Err(error.into()),
            };
            let error = match (error, patience) {
                (TableError::Held(_), Patience::UntilDone) => TableError::Throttled,
                (error, _) => error,
            };
            if !matches!(error, TableError::Throttled) || !retry::while_busy(&mut tries).await {
                return Err(error);
            }
            tracing::warn!(tries, why = %error, "trying a transaction again");
        }
    }
}

/// Sends a single write until no transaction is at its item any more: only then can it be told what
/// stands there.
pub(crate) async fn while_held<T, E, F>(send: impl Fn() -> F) -> F::Output
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let mut tries = 0;
    loop {
        let answer = send().await;
        let code = answer.as_ref().err().and_then(SdkError::as_service_error);
        let is_held = code.and_then(ProvideErrorMetadata::code) == Some("TransactionConflictException");
        if !is_held || !retry::while_busy(&mut tries).await {
            return answer;
        }
        meter::record_trip();
    }
}

/// The key of the item that an action writes.
fn key_of(action: &TransactWriteItem) -> Option<(String, String)> {
    let put = action.put().map(Put::item);
    let item =
        put.or_else(|| action.update().map(Update::key)).or_else(|| action.delete().map(Delete::key))?;
    Some((text(item, keys::PK).to_owned(), text(item, keys::SK).to_owned()))
}

/// How long a transaction waits for others at its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Until they are done, or there is no more time.
    UntilDone,
    /// Not at all: whoever asks goes elsewhere.
    None,
}

/// An update as part of a transaction.
pub(crate) fn update_part(update: UpdateBuilder) -> Result<TransactWriteItem, TableError> {
    let update = update.build().map_err(TableError::request)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

/// A put as part of a transaction.
pub(crate) fn part(put: Put) -> TransactWriteItem {
    TransactWriteItem::builder().put(put).build()
}

pub(crate) fn meter_write(capacity: Option<&ConsumedCapacity>) {
    meter::record_trip();
    meter::record_write(capacity.and_then(ConsumedCapacity::capacity_units).unwrap_or_default());
}

fn meter_writes(capacity: &[ConsumedCapacity]) {
    meter::record_trip();
    meter::record_write(capacity.iter().filter_map(ConsumedCapacity::capacity_units).sum());
}

//! Order numbers: each function instance leases a block of a day's numbers with one update and
//! deals them from memory. Unique, short, gaps allowed, no hot item.

use crate::writes::meter_write;
use crate::{Table, TableError, key, keys};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, ReturnValue};
use jiff::civil::Date;
use std::sync::{Mutex, PoisonError};

/// How many numbers are leased at once. A block that an instance does not use up is a gap.
const BLOCK: u64 = 20;
/// How long a day's counter is kept after its day, in seconds: it must outlive every clock's idea
/// of the day.
const RETENTION_S: i64 = 14 * 86_400;

/// What is left of this instance's block.
#[derive(Clone, Copy, Debug)]
struct Block {
    day: Date,
    next: u64,
    end: u64,
}

/// Deals order numbers. One for each function instance.
#[derive(Debug, Default)]
pub struct OrderNumbers(Mutex<Option<Block>>);

impl OrderNumbers {
    /// The next number of a day: `ORD-YYYYMMDD-NNNN`, four digits or more.
    ///
    /// # Errors
    /// [`TableError`] where a new block is needed and cannot be leased.
    pub async fn next(&self, table: &Table, day: Date) -> Result<String, TableError> {
        if let Some(number) = self.deal(day) {
            return Ok(shown(day, number));
        }
        let end = table.lease_order_numbers(day, BLOCK).await? + 1;
        let first = end.saturating_sub(BLOCK);
        *self.block() = Some(Block { day, next: first + 1, end });
        Ok(shown(day, first))
    }

    fn deal(&self, day: Date) -> Option<u64> {
        let mut block = self.block();
        let block = block.as_mut().filter(|block| block.day == day && block.next < block.end)?;
        block.next += 1;
        Some(block.next - 1)
    }

    fn block(&self) -> std::sync::MutexGuard<'_, Option<Block>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shown(day: Date, number: u64) -> String {
    format!("ORD-{}-{number:04}", day.strftime("%Y%m%d"))
}

/// The day and the number that an order number stands for; none where it is none.
#[must_use]
pub fn read(shown: &str) -> Option<(Date, u64)> {
    let (day, number) = shown.strip_prefix("ORD-")?.split_once('-')?;
    Some((Date::strptime("%Y%m%d", day).ok()?, number.parse().ok()?))
}

fn expiry(day: Date) -> AttributeValue {
    let begins = day.to_zoned(jiff::tz::TimeZone::UTC).map_or(0, |at| at.timestamp().as_second());
    AttributeValue::N((begins + RETENTION_S).to_string())
}

impl Table {
    /// Has a day's numbers go on after `last` at least, so that one that came from elsewhere is not
    /// dealt again. Blocks that instances have leased before are not called back.
    ///
    /// # Errors
    /// [`TableError`] where the table cannot be written.
    pub async fn skip_order_numbers(&self, day: Date, last: u64) -> Result<(), TableError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(keys::order_numbers(day), keys::SEQUENCE.to_owned())))
            .update_expression("SET #last = :last, #expires = :expires")
            .condition_expression("attribute_not_exists(#last) OR #last < :last")
            .expression_attribute_names("#last", "last")
            .expression_attribute_names("#expires", keys::EXPIRES_AT)
            .expression_attribute_values(":last", AttributeValue::N(last.to_string()))
            .expression_attribute_values(":expires", expiry(day));
        match update.send().await.map_err(TableError::from) {
            // It is past that.
            Ok(_) | Err(TableError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Moves a day's counter on by `count`; the last number of the block that is now the caller's.
    /// Where the answer gets lost, the SDK asks for another block, and the first one is a gap.
    async fn lease_order_numbers(&self, day: Date, count: u64) -> Result<u64, TableError> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(key(keys::order_numbers(day), keys::SEQUENCE.to_owned())))
            .update_expression("ADD #last :count SET #expires = :expires")
            .expression_attribute_names("#last", "last")
            .expression_attribute_names("#expires", keys::EXPIRES_AT)
            .expression_attribute_values(":count", AttributeValue::N(count.to_string()))
            .expression_attribute_values(":expires", expiry(day))
            .return_values(ReturnValue::UpdatedNew)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        meter_write(answer.consumed_capacity());
        let attributes = answer.attributes.unwrap_or_default();
        let last = attributes.get("last").and_then(|last| last.as_n().ok());
        Ok(last.and_then(|last| last.parse().ok()).unwrap_or(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits_or_more() {
        let day = jiff::civil::date(2026, 11, 22);
        assert_eq!(shown(day, 7), "ORD-20261122-0007");
        assert_eq!(shown(day, 12_345), "ORD-20261122-12345");
    }

    #[test]
    fn a_number_is_read_as_it_is_shown() {
        let day = jiff::civil::date(2026, 11, 22);
        for number in [7, 12_345] {
            assert_eq!(read(&shown(day, number)), Some((day, number)));
        }
        for other in ["", "ORD-20261122", "ORD-20261322-0007", "20261122-0007", "ORD-20261122-x"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}

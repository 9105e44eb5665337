//! Decimals, from strings or JSON numbers, without ever being a float.

use super::leaf::MAX_NUMBER_CHARS;
use super::{FieldValue, Problem};
use crate::exact;
use oms_domain::Decimal;
use oms_domain::number::Written;
use serde_json::Value;

/// A decimal of at most `DIGITS` digits (28 at most), of which at most `PLACES` after the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digits<const DIGITS: u32, const PLACES: u32>(pub Decimal);

/// Like [`Digits`], and not below 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsignedDigits<const DIGITS: u32, const PLACES: u32>(pub Decimal);

impl<const DIGITS: u32, const PLACES: u32> FieldValue for Digits<DIGITS, PLACES> {
    fn read(value: &Value) -> Result<Self, Problem> {
        decimal(value, DIGITS, PLACES).map(Self)
    }
}

impl<const DIGITS: u32, const PLACES: u32> FieldValue for UnsignedDigits<DIGITS, PLACES> {
    fn read(value: &Value) -> Result<Self, Problem> {
        let number = decimal(value, DIGITS, PLACES)?;
        if number < Decimal::ZERO {
            return Err(Problem::message("Ensure this value is greater than or equal to 0."));
        }
        Ok(Self(number))
    }
}

/// An amount whose currency, and so how many digits it may have, is found out later: not below 0,
/// at most ten digits before the point and 15 behind it.
pub type Amount = UnsignedDigits<25, 15>;

/// Twelve digits, two of them after the point: what the original's money fields take.
impl FieldValue for Decimal {
    fn read(value: &Value) -> Result<Self, Problem> {
        Digits::<12, 2>::read(value).map(|digits| digits.0)
    }
}

fn decimal(value: &Value, digits: u32, places: u32) -> Result<Decimal, Problem> {
    let invalid = || Problem::message("A valid number is required.");
    let text = match value {
        // The shortest text that reads back as the number, which is what the client wrote, up to
        // the digits that a JSON number can carry.
        Value::Number(number) => number.to_string(),
        Value::String(text) => exact::number(text).unwrap_or(text).trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(invalid()),
    };
    if text.len() > MAX_NUMBER_CHARS {
        return Err(Problem::message("String value too large."));
    }
    let number = Written::parse(&text).ok_or_else(invalid)?;
    check(&number, i64::from(digits), i64::from(places))?;
    number.value(places).ok_or_else(invalid)
}

/// The same counting as Django REST Framework's `validate_precision`, with its words.
fn check(number: &Written, max_digits: i64, max_places: i64) -> Result<(), Problem> {
    let count = i64::try_from(number.digits.len()).unwrap_or(i64::MAX);
    let places = (-number.exponent).max(0);
    let (total, whole) = if number.exponent >= 0 {
        // Zero is one digit, whatever its power of ten.
        let total = if count == 0 { 1 } else { count + number.exponent };
        (total, total)
    } else if count > places {
        (count, count - places)
    } else {
        (places, 0)
    };
    let max_whole = max_digits - max_places;
    let message = if total > max_digits {
        format!("Ensure that there are no more than {max_digits} digits in total.")
    } else if places > max_places {
        format!("Ensure that there are no more than {max_places} decimal places.")
    } else if whole > max_whole {
        format!("Ensure that there are no more than {max_whole} digits before the decimal point.")
    } else {
        return Ok(());
    };
    Err(Problem::message(message))
}

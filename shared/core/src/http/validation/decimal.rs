//! Decimals, from strings or JSON numbers, without ever being a float.

use super::leaf::MAX_NUMBER_CHARS;
use super::{FieldValue, Problem};
use crate::http::exact;
use oms_domain::Decimal;
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
    number.check(i64::from(digits), i64::from(places))?;
    number.value(places).ok_or_else(invalid)
}

/// Whether two texts are one number, however it is written.
pub(crate) fn is_same_number(a: &str, b: &str) -> bool {
    let value = |text: &str| Some(Written::parse(text)?.shortest());
    value(a).is_some_and(|a| value(b) == Some(a))
}

/// Whether a number is negative, how many digits it has without the zeros at both ends, and the
/// power of ten of the last one.
pub(crate) fn significant(number: &str) -> Option<(bool, usize, i64)> {
    let Written { negative, digits, exponent } = Written::parse(number)?.shortest();
    Some((negative, digits.len(), exponent))
}

/// A number of any size that a `Decimal` can hold exactly, with or without an exponent.
pub(crate) fn plain_decimal(text: &str) -> Option<Decimal> {
    let number = Written::parse(text)?;
    let places = u32::try_from((-number.exponent).max(0)).ok()?;
    // No more zeros than fit, so that an exponent cannot ask for a text of any length.
    (number.digits.is_empty() || number.exponent <= MAX_ZEROS).then(|| number.value(places)).flatten()
}

/// As many digits as a `Decimal` can have.
const MAX_ZEROS: i64 = 29;

/// A decimal as it was written: its digits without leading zeros, and the power of ten of the
/// last one.
#[derive(PartialEq)]
struct Written {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Written {
    fn parse(text: &str) -> Option<Self> {
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, power.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let unsigned = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            negative: mantissa.starts_with('-'),
            digits: all.trim_start_matches('0').to_owned(),
            exponent: i64::from(power) - i64::try_from(fraction.len()).ok()?,
        })
    }

    /// The same number without zeros at its end; nothing is neither negative nor of any power.
    fn shortest(self) -> Self {
        let digits = self.digits.trim_end_matches('0').to_owned();
        let dropped = i64::try_from(self.digits.len() - digits.len()).unwrap_or_default();
        let is_zero = digits.is_empty();
        let exponent = if is_zero { 0 } else { self.exponent + dropped };
        Self { negative: self.negative && !is_zero, digits, exponent }
    }

    /// The same counting as Django REST Framework's `validate_precision`, with its words.
    fn check(&self, max_digits: i64, max_places: i64) -> Result<(), Problem> {
        let count = i64::try_from(self.digits.len()).unwrap_or(i64::MAX);
        let places = (-self.exponent).max(0);
        let (total, whole) = if self.exponent >= 0 {
            // Zero is one digit, whatever its power of ten.
            let total = if count == 0 { 1 } else { count + self.exponent };
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

    /// The value with `places` digits after the point. After `check`, it has no more of them.
    fn value(&self, places: u32) -> Option<Decimal> {
        let digits = if self.digits.is_empty() { "0" } else { &self.digits };
        let shift = usize::try_from(i64::from(places) + self.exponent).ok()?;
        let shifted =
            if digits == "0" { digits.to_owned() } else { format!("{digits}{}", "0".repeat(shift)) };
        let units: i128 = shifted.parse().ok()?;
        let units = if self.negative { -units } else { units };
        Decimal::try_from_i128_with_scale(units, places).ok()
    }
}

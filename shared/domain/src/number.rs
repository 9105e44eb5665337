//! Numbers as they are written, of any size and without ever being a float.

use crate::Decimal;

/// Whether two texts are one number, however it is written.
#[must_use]
pub fn is_same_number(a: &str, b: &str) -> bool {
    let value = |text: &str| Some(Written::parse(text)?.shortest());
    value(a).is_some_and(|a| value(b) == Some(a))
}

/// Whether a number is negative, how many digits it has without the zeros at both ends, and the
/// power of ten of the last one.
#[must_use]
pub fn significant(number: &str) -> Option<(bool, usize, i64)> {
    let Written { negative, digits, exponent } = Written::parse(number)?.shortest();
    Some((negative, digits.len(), exponent))
}

/// A number of any size that a `Decimal` can hold exactly, with or without an exponent.
#[must_use]
pub fn plain_decimal(text: &str) -> Option<Decimal> {
    let number = Written::parse(text)?;
    let places = u32::try_from((-number.exponent).max(0)).ok()?;
    // No more zeros than fit, so that an exponent cannot ask for a text of any length.
    (number.digits.is_empty() || number.exponent <= MAX_ZEROS).then(|| number.value(places)).flatten()
}

/// As many digits as a `Decimal` can have.
const MAX_ZEROS: i64 = 29;

/// A decimal as it was written: its digits without leading zeros, and the power of ten of the
/// last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Whether it is below 0.
    pub negative: bool,
    /// Its digits, without leading zeros.
    pub digits: String,
    /// The power of ten of the last digit.
    pub exponent: i64,
}

impl Written {
    /// Reads a number, with or without an exponent; nothing where it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
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
    #[must_use]
    pub fn shortest(self) -> Self {
        let digits = self.digits.trim_end_matches('0').to_owned();
        let dropped = i64::try_from(self.digits.len() - digits.len()).unwrap_or_default();
        let is_zero = digits.is_empty();
        let exponent = if is_zero { 0 } else { self.exponent + dropped };
        Self { negative: self.negative && !is_zero, digits, exponent }
    }

    /// The value with `places` digits after the point. It must have no more of them.
    #[must_use]
    pub fn value(&self, places: u32) -> Option<Decimal> {
        let digits = if self.digits.is_empty() { "0" } else { &self.digits };
        let shift = usize::try_from(i64::from(places) + self.exponent).ok()?;
        let shifted =
            if digits == "0" { digits.to_owned() } else { format!("{digits}{}", "0".repeat(shift)) };
        let units: i128 = shifted.parse().ok()?;
        let units = if self.negative { -units } else { units };
        Decimal::try_from_i128_with_scale(units, places).ok()
    }
}

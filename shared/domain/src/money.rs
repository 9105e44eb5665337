//! Amounts that know their currency.

use iso_currency::Currency;
use rust_decimal::{Decimal, RoundingStrategy};

/// The largest amount that is taken, in major units: ten digits before the point, as the
/// original's `max_digits=12`.
pub const LARGEST_AMOUNT: Decimal = Decimal::from_parts(1_410_065_407, 2, 0, false, 0);

/// An amount in one currency. Never a float, never without its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    amount: Decimal,
    currency: Currency,
}

/// Why two amounts could not become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Amounts of different currencies are never added.
    #[error("amounts in {0:?} and {1:?} cannot be added")]
    CurrencyMismatch(Currency, Currency),
    /// It has more digits after the point than its currency: so many.
    #[error("Ensure that there are no more than {0} decimal places.")]
    TooFine(u32),
    /// The result has more digits than are kept.
    #[error("the amount is too large")]
    TooLarge,
}

/// How many digits a currency has after the point; 2 where ISO 4217 names none.
#[must_use]
pub fn digits(currency: Currency) -> u32 {
    currency.exponent().map_or(2, u32::from)
}

/// A number with at most so many digits after the point, rounded half up as all that is shown.
#[must_use]
pub fn half_up(number: Decimal, digits: u32) -> Decimal {
    number.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
}

/// Whether anybody pays in it. ISO 4217 also has codes for metals, for tests, and for none at all,
/// which no country uses.
#[must_use]
pub fn is_money(currency: Currency) -> bool {
    !currency.is_special()
}

impl Money {
    /// An amount, rounded half up to the currency's digits.
    #[must_use]
    pub fn rounded(amount: Decimal, currency: Currency) -> Self {
        let mut amount = half_up(amount, digits(currency));
        amount.rescale(digits(currency));
        Self { amount, currency }
    }

    /// An amount as somebody asks for it.
    ///
    /// # Errors
    /// [`MoneyError::TooFine`] where it is finer than the currency.
    pub fn exact(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let money = Self::rounded(amount, currency);
        if money.amount == amount { Ok(money) } else { Err(MoneyError::TooFine(digits(currency))) }
    }

    /// No money.
    #[must_use]
    pub fn zero(currency: Currency) -> Self {
        Self::rounded(Decimal::ZERO, currency)
    }

    /// Both together.
    ///
    /// # Errors
    /// Where the currencies differ or the sum is too large.
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        self.combined(other, Decimal::checked_add)
    }

    /// This without the other; may be negative.
    ///
    /// # Errors
    /// Where the currencies differ or the difference is too large.
    pub fn minus(self, other: Money) -> Result<Money, MoneyError> {
        self.combined(other, Decimal::checked_sub)
    }

    /// This many times, or this fraction of it, rounded half up once.
    ///
    /// # Errors
    /// Where the product is too large.
    pub fn times(self, factor: Decimal) -> Result<Money, MoneyError> {
        let amount = self.amount.checked_mul(factor).ok_or(MoneyError::TooLarge)?;
        Self::rounded(amount, self.currency).in_range()
    }

    /// The amount, with exactly the currency's digits.
    #[must_use]
    pub const fn amount(self) -> Decimal {
        self.amount
    }

    /// The currency.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    fn combined(
        self,
        other: Money,
        how: fn(Decimal, Decimal) -> Option<Decimal>,
    ) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch(self.currency, other.currency));
        }
        let amount = how(self.amount, other.amount).ok_or(MoneyError::TooLarge)?;
        Self { amount, currency: self.currency }.in_range()
    }

    fn in_range(self) -> Result<Money, MoneyError> {
        if self.amount.abs() > LARGEST_AMOUNT { Err(MoneyError::TooLarge) } else { Ok(self) }
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.amount.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amount: &str, currency: Currency) -> Money {
        Money::rounded(amount.parse().expect("a decimal"), currency)
    }

    #[test]
    fn rounds_half_up_to_the_currencys_digits() {
        for (amount, currency, shown) in [
            ("29.985", Currency::USD, "29.99"),
            ("-29.985", Currency::USD, "-29.99"),
            ("1499.5", Currency::JPY, "1500"),
            ("1.0005", Currency::KWD, "1.001"),
            ("3", Currency::EUR, "3.00"),
        ] {
            assert_eq!(money(amount, currency).to_string(), shown);
        }
        assert_eq!(LARGEST_AMOUNT.to_string(), "9999999999");
    }

    #[test]
    fn currencies_never_mix() {
        assert_eq!(
            money("1", Currency::USD).plus(money("1", Currency::EUR)),
            Err(MoneyError::CurrencyMismatch(Currency::USD, Currency::EUR))
        );
    }
}

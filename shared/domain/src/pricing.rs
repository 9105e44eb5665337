//! What an order costs.

use crate::order::Line;
use crate::{Currency, Decimal, Money, RuleViolation};

/// The amounts of an order, each rounded once to the currency's digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// The lines' totals together.
    pub subtotal: Money,
    /// The store's rate on the subtotal less the discount.
    pub tax: Money,
    /// The store's price for the shipping method.
    pub shipping: Money,
    /// What staff took off.
    pub discount: Money,
    /// Subtotal + tax + shipping − discount.
    pub total: Money,
}

/// A line's total.
///
/// # Errors
/// [`RuleViolation::AmountTooLarge`].
pub fn line_total(unit_price: Decimal, quantity: u32, currency: Currency) -> Result<Money, RuleViolation> {
    Ok(Money::rounded(unit_price, currency).times(Decimal::from(quantity))?)
}

/// Adds up an order. `tax_rate` is a fraction: 0.1 is ten per cent.
///
/// # Errors
/// A discount of more than subtotal and shipping; an amount that is too large.
pub fn totals(
    lines: &[Line],
    tax_rate: Decimal,
    shipping: Decimal,
    discount: Decimal,
    currency: Currency,
) -> Result<Totals, RuleViolation> {
    let shipping = Money::rounded(shipping, currency);
    let discount = Money::rounded(discount, currency);
    let mut subtotal = Money::zero(currency);
    for line in lines {
        subtotal = subtotal.plus(line_total(line.unit_price, line.quantity, currency)?)?;
    }
    let before_discount = subtotal.plus(shipping)?;
    if discount.amount() > before_discount.amount() {
        return Err(RuleViolation::discount_exceeds(before_discount.amount()));
    }
    let taxable = subtotal.minus(discount)?;
    let tax =
        if taxable.amount().is_sign_negative() { Money::zero(currency) } else { taxable.times(tax_rate)? };
    let total = before_discount.plus(tax)?.minus(discount)?;
    Ok(Totals { subtotal, tax, shipping, discount, total })
}

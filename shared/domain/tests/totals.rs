//! What an order comes to, against an independent calculation.

mod fixtures;

use fixtures::{by, line, new_order, product, store};
use oms_domain::money::digits;
use oms_domain::order::MAX_LINES;
use oms_domain::place::place;
use oms_domain::{Currency, Decimal};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn totals_are_right_to_the_last_digit(
        prices in proptest::collection::vec((0u32..1_000_000, 1u32..50), 1..=MAX_LINES),
        currency in prop_oneof![Just(Currency::JPY), Just(Currency::USD), Just(Currency::KWD)],
        tax_basis_points in 0u32..=10_000,
        shipping in 0u32..100_000,
        discount in 0u32..1_000_000,
    ) {
        let places = digits(currency);
        let unit = 10_u128.pow(places);
        let amount = |minor: u32| Decimal::from_i128_with_scale(i128::from(minor), places);
        let products: Vec<_> =
            (1u128..).zip(&prices).map(|(n, (price, _))| product(n, amount(*price))).collect();
        let lines = (1u128..).zip(&prices).map(|(n, (_, quantity))| line(n, *quantity)).collect();
        let rate = Decimal::new(i64::from(tax_basis_points), 4);
        let new = new_order(store(currency, rate, amount(shipping)), lines, amount(discount));
        let order = place(new, &products, true, &by(0));

        // The same in whole minor units, with integers only.
        let subtotal: u128 = prices.iter().map(|(price, n)| u128::from(*price) * u128::from(*n)).sum();
        let (shipping, discount) = (u128::from(shipping), u128::from(discount));
        if discount > subtotal + shipping {
            prop_assert!(order.is_err());
            return Ok(());
        }
        let taxable = subtotal.saturating_sub(discount);
        let tax = (taxable * u128::from(tax_basis_points) + 5_000) / 10_000;
        let total = subtotal + tax + shipping - discount;
        let shown = |minor: u128| match places {
            0 => minor.to_string(),
            _ => format!("{}.{:0width$}", minor / unit, minor % unit, width = places as usize),
        };
        let order = order.unwrap();
        prop_assert_eq!(order.subtotal.to_string(), shown(subtotal));
        prop_assert_eq!(order.tax_amount.to_string(), shown(tax));
        prop_assert_eq!(order.shipping_cost.to_string(), shown(shipping));
        prop_assert_eq!(order.discount_amount.to_string(), shown(discount));
        prop_assert_eq!(order.total_amount.to_string(), shown(total));
    }
}

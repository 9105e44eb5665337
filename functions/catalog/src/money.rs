//! Reading amounts, whose digits are their currency's.

use oms_domain::money::{digits, is_money};
use oms_domain::{Currency, Decimal, Error, ShippingMethod};
use oms_http::validation::{FieldValue, Fields, JsonMap, Mode, Problem, UnsignedDigits};
use serde_json::Value;
use std::collections::BTreeMap;

/// Reads the currency of a store whose currency is `present`, which may have been taken before
/// codes that are no money were refused.
pub(crate) fn currency_beside(present: Currency) -> impl Fn(&Value) -> Result<Currency, Problem> {
    move |value| {
        let read = Currency::read(value)?;
        if read == present || is_money(read) {
            return Ok(read);
        }
        Err(Problem::message(format!("\"{}\" is not a valid choice.", read.code())))
    }
}

/// Reads a price: not below 0, with at most the currency's digits after the point and ten before
/// it.
pub(crate) fn price(currency: Currency) -> impl Fn(&Value) -> Result<Decimal, Problem> {
    move |value| match digits(currency) {
        0 => UnsignedDigits::<10, 0>::read(value).map(|price| price.0),
        1 => UnsignedDigits::<11, 1>::read(value).map(|price| price.0),
        2 => UnsignedDigits::<12, 2>::read(value).map(|price| price.0),
        3 => UnsignedDigits::<13, 3>::read(value).map(|price| price.0),
        _ => UnsignedDigits::<14, 4>::read(value).map(|price| price.0),
    }
}

/// Reads a fraction from 0 to 1 with at most four digits after the point.
pub(crate) fn fraction(value: &Value) -> Result<Decimal, Problem> {
    let UnsignedDigits(fraction) = UnsignedDigits::<5, 4>::read(value)?;
    if fraction > Decimal::ONE {
        return Err(Problem::message("Ensure this value is less than or equal to 1."));
    }
    Ok(fraction)
}

/// Reads a map from shipping methods to prices; problems stand under their methods.
pub(crate) fn shipping_costs(
    currency: Currency,
) -> impl Fn(&Value) -> Result<BTreeMap<ShippingMethod, Decimal>, Problem> {
    move |value| {
        let JsonMap(map) = FieldValue::read(value)?;
        let words: Vec<String> = map.keys().cloned().collect();
        let mut fields = Fields::new(map, Mode::Partial);
        let mut costs = BTreeMap::new();
        for word in words {
            match word.parse::<ShippingMethod>() {
                Ok(method) => {
                    let cost = fields.required_as(&word, price(currency));
                    costs.extend(cost.map(|cost| (method, cost)));
                }
                Err(_) => fields.error(&word, format!("\"{word}\" is not a valid choice.")),
            }
        }
        match fields.finish() {
            Ok(()) => Ok(costs),
            Err(Error::Invalid(problems)) => Err(Problem::nested(problems)),
            Err(other) => Err(Problem::message(other.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_store_sells_in_what_people_pay_with() {
        let read = |text: &str, present| currency_beside(present)(&json!(text));
        for text in ["USD", "EUR", "XAF", "XPF", "CHF", "BTN"] {
            assert_eq!(read(text, Currency::USD).map(|read| read.code()), Ok(text));
        }
        for text in ["XBA", "XTS", "XAU", "XDR", "XAD", "EURO"] {
            let refused = Problem::message(format!("\"{text}\" is not a valid choice."));
            assert_eq!(read(text, Currency::USD), Err(refused));
        }
        assert_eq!(read("XAU", Currency::XAU), Ok(Currency::XAU), "what a client read, it can send back");
    }

    #[test]
    fn prices_have_their_currencys_digits() {
        let read = |currency, value| price(currency)(&value).map(|price| price.to_string());
        assert_eq!(read(Currency::USD, json!("29.9")), Ok("29.90".to_owned()));
        assert_eq!(read(Currency::JPY, json!(1500)), Ok("1500".to_owned()));
        assert_eq!(read(Currency::KWD, json!("1.005")), Ok("1.005".to_owned()));
        assert_eq!(read(Currency::USD, json!("9999999999.99")), Ok("9999999999.99".to_owned()));
        for (currency, value, words) in [
            (Currency::USD, json!("1.005"), "Ensure that there are no more than 2 decimal places."),
            (Currency::JPY, json!("1.5"), "Ensure that there are no more than 0 decimal places."),
            (Currency::USD, json!(-1), "Ensure this value is greater than or equal to 0."),
            (Currency::USD, json!("x"), "A valid number is required."),
        ] {
            assert_eq!(read(currency, value), Err(Problem::message(words)));
        }
    }

    #[test]
    fn a_tax_rate_is_a_fraction() {
        let read = |value| fraction(&value).map(|rate| rate.to_string());
        assert_eq!(read(json!("0.1975")), Ok("0.1975".to_owned()));
        assert_eq!(read(json!(1)), Ok("1.0000".to_owned()));
        let words = "Ensure this value is less than or equal to 1.";
        assert_eq!(read(json!("1.0001")), Err(Problem::message(words)));
        assert!(read(json!("0.12345")).is_err() && read(json!(-0.1)).is_err());
    }

    #[test]
    fn shipping_costs_are_prices_by_method() {
        let read = |value| shipping_costs(Currency::USD)(&value);
        let costs = read(json!({"standard": 5, "pickup": "0"})).unwrap();
        assert_eq!(costs[&ShippingMethod::Standard].to_string(), "5.00");
        assert_eq!(costs.len(), 2);
        assert_eq!(
            read(json!({"drone": 1, "express": -1, "pickup": null})),
            Err(Problem::nested(json!({
                "drone": ["\"drone\" is not a valid choice."],
                "express": ["Ensure this value is greater than or equal to 0."],
                "pickup": ["This field may not be null."],
            })))
        );
        let words = "Expected a dictionary of items but got type \"list\".";
        assert_eq!(read(json!([])), Err(Problem::message(words)));
    }
}

//! Reading amounts, whose digits are their currency's.

use oms_core::http::ApiError;
use oms_core::http::validation::{FieldValue, Fields, JsonMap, Mode, Problem, UnsignedDigits};
use oms_domain::money::digits;
use oms_domain::{Currency, Decimal, ShippingMethod};
use serde_json::Value;
use std::collections::BTreeMap;

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
            Err(ApiError::Validation(problems)) => Err(Problem::nested(problems)),
            Err(other) => Err(Problem::message(other.to_string())),
        }
    }
}

//! Card numbers must not reach a log or a table: they are recognised and refused.

use serde_json::{Map, Value};

/// How many digits a card number has, ISO/IEC 7812.
const DIGITS: std::ops::RangeInclusive<usize> = 12..=19;

/// Whether any text, number or name within holds what looks like a card number: a run of 12 to 19
/// digits, which spaces, hyphens and underscores of any kind may part, that passes the Luhn check.
#[must_use]
pub fn holds_card_number(details: &Map<String, Value>) -> bool {
    details.iter().any(|(name, value)| text_holds(name) || value_holds(value))
}

fn value_holds(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => text_holds(&number.to_string()),
        Value::String(text) => text_holds(text),
        Value::Array(values) => values.iter().any(value_holds),
        Value::Object(map) => holds_card_number(map),
    }
}

fn text_holds(text: &str) -> bool {
    let is_dash = |c: char| c == '-' || c == '_' || ('\u{2010}'..='\u{2015}').contains(&c);
    let is_digit_or_gap = |c: char| c.is_ascii_digit() || c.is_whitespace() || is_dash(c);
    text.split(|c| !is_digit_or_gap(c)).any(|run| {
        let digits: Vec<u32> = run.chars().filter_map(|c| c.to_digit(10)).collect();
        DIGITS.contains(&digits.len()) && passes_luhn(&digits)
    })
}

fn passes_luhn(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(n, digit)| if n % 2 == 1 { doubled(*digit) } else { *digit })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn card_numbers_are_found_wherever_they_hide() {
        for details in [
            json!({"number": "4242424242424242"}),
            json!({"number": "4242 4242 4242 4242"}),
            json!({"number": "4242\u{a0}4242\u{2013}4242_4242"}),
            json!({"number": 4_242_424_242_424_242.0_f64}),
            json!({"card": {"pans": ["n/a", "3782-822463-10005"]}}),
            json!({"number": 4_242_424_242_424_242_u64}),
            json!({"note": "my card is 4000056655665556, thanks"}),
            json!({"4242424242424242": true}),
        ] {
            assert!(holds_card_number(details.as_object().expect("an object")), "{details}");
        }
        for details in [
            json!({"token": "tok_approve"}),
            json!({"reference": "4242424242424241"}),
            json!({"phone": "+1 202 555 0143"}),
            json!({}),
        ] {
            assert!(!holds_card_number(details.as_object().expect("an object")), "{details}");
        }
    }
}

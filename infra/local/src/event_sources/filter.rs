//! Which records a mapping's `FilterCriteria` lets through.
//!
//! A pattern is an object of the record's shape whose leaves are lists of rules: every field must
//! match, each by one of its rules. Understood are a plain value and `prefix`, `suffix`, `exists`,
//! `anything-but` (values, or a prefix) and `numeric`; anything else is refused when the stack
//! starts.

use std::cmp::Ordering;

use oms_workspace::error::{Error, Result};
use serde_json::Value;

/// Whether a record matches one of the patterns, or there are none.
pub fn passes(patterns: &[Value], record: &Value) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| matches(pattern, Some(record)))
}

/// Refuses a pattern with rules that are not understood here.
pub fn check(pattern: &Value) -> Result<()> {
    let refuse = |what: &Value| Err(Error::Template(format!("the filter {what} is not understood here")));
    match pattern {
        Value::Object(fields) => fields.values().try_for_each(check),
        Value::Array(rules) => rules.iter().try_for_each(|rule| match rule {
            Value::Object(operator) => match operator.iter().next() {
                Some((name, _)) if operator.len() == 1 && OPERATORS.contains(&name.as_str()) => Ok(()),
                _ => refuse(rule),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
            Value::Array(_) => refuse(rule),
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => refuse(pattern),
    }
}

const OPERATORS: [&str; 5] = ["prefix", "suffix", "exists", "anything-but", "numeric"];

fn matches(pattern: &Value, value: Option<&Value>) -> bool {
    match pattern {
        Value::Object(fields) => {
            fields.iter().all(|(name, inner)| matches(inner, value.and_then(|value| value.get(name))))
        }
        Value::Array(rules) => rules.iter().any(|rule| rule_matches(rule, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn rule_matches(rule: &Value, value: Option<&Value>) -> bool {
    let Value::Object(operator) = rule else {
        return any_of(value, |value| value == rule);
    };
    let Some((name, operand)) = operator.iter().next() else {
        return false;
    };
    let text = operand.as_str().unwrap_or_default();
    match name.as_str() {
        // Exists asks for a leaf; an object there does not count.
        "exists" => operand.as_bool() == Some(value.is_some_and(|value| !value.is_object())),
        "prefix" => any_of(value, |value| value.as_str().is_some_and(|value| value.starts_with(text))),
        "suffix" => any_of(value, |value| value.as_str().is_some_and(|value| value.ends_with(text))),
        "anything-but" => any_of(value, |value| anything_but(operand, value)),
        "numeric" => any_of(value, |value| numeric(operand, value)),
        _ => false,
    }
}

/// A list in the record matches when one of its elements does.
fn any_of(value: Option<&Value>, test: impl Fn(&Value) -> bool) -> bool {
    match value {
        None => false,
        Some(Value::Array(values)) => values.iter().any(test),
        Some(value) => test(value),
    }
}

fn anything_but(operand: &Value, value: &Value) -> bool {
    match operand {
        Value::Array(values) => !values.contains(value),
        Value::Object(inner) => !inner["prefix"]
            .as_str()
            .is_some_and(|prefix| value.as_str().is_some_and(|value| value.starts_with(prefix))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => operand != value,
    }
}

/// `[">=", 1, "<", 5]`. A DynamoDB number, which is text in the record, counts as one.
fn numeric(operand: &Value, value: &Value) -> bool {
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    let (Some(value), Some(conditions)) = (number(value), operand.as_array()) else {
        return false;
    };
    conditions.chunks(2).all(|condition| {
        let [Value::String(comparison), bound] = condition else {
            return false;
        };
        let Some(order) = number(bound).and_then(|bound| value.partial_cmp(&bound)) else {
            return false;
        };
        match comparison.as_str() {
            "=" => order == Ordering::Equal,
            ">" => order == Ordering::Greater,
            ">=" => order != Ordering::Less,
            "<" => order == Ordering::Less,
            "<=" => order != Ordering::Greater,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn passes_one(pattern: Value, record: Value) -> bool {
        check(&pattern).unwrap();
        passes(&[pattern], &record)
    }

    #[test]
    fn order_items_pass_and_other_items_do_not() {
        let pattern = json!({"dynamodb": {"Keys": {"sk": {"S": ["ORDER"]}}}});
        let record = |sk: &str| json!({"eventName": "INSERT", "dynamodb": {"Keys": {"pk": {"S": "x"}, "sk": {"S": sk}}}});
        assert!(passes_one(pattern.clone(), record("ORDER")));
        assert!(!passes_one(pattern.clone(), record("APPLIED#stats")));
        assert!(!passes_one(pattern, json!({"dynamodb": {}})));
    }

    #[test]
    fn rules_of_one_field_are_alternatives_and_fields_add_up() {
        let pattern = json!({"a": [1, {"prefix": "x"}], "b": [true]});
        assert!(passes_one(pattern.clone(), json!({"a": 1, "b": true})));
        assert!(passes_one(pattern.clone(), json!({"a": "xyz", "b": true})));
        assert!(!passes_one(pattern.clone(), json!({"a": "xyz", "b": false})));
        assert!(!passes_one(pattern, json!({"a": 2, "b": true})));
    }

    #[test]
    fn each_operator_does_what_lambda_documents() {
        let cases = [
            (json!({"exists": true}), json!({"a": "x"}), true),
            (json!({"exists": true}), json!({}), false),
            (json!({"exists": false}), json!({}), true),
            (json!({"exists": false}), json!({"a": 1}), false),
            (json!({"suffix": "z"}), json!({"a": "xyz"}), true),
            (json!({"anything-but": ["x"]}), json!({"a": "y"}), true),
            (json!({"anything-but": ["x"]}), json!({"a": "x"}), false),
            (json!({"anything-but": "x"}), json!({"a": "x"}), false),
            (json!({"anything-but": {"prefix": "x"}}), json!({"a": "xy"}), false),
            (json!({"numeric": [">", 1, "<=", 5]}), json!({"a": 5}), true),
            (json!({"numeric": [">", 1, "<=", 5]}), json!({"a": 6}), false),
            (json!({"numeric": ["=", 3]}), json!({"a": "3"}), true),
            (json!("x"), json!({"a": ["w", "x"]}), true),
            (json!(null), json!({"a": null}), true),
        ];
        for (rule, record, expected) in cases {
            assert_eq!(passes_one(json!({"a": [rule]}), record.clone()), expected, "{rule} on {record}");
        }
    }

    #[test]
    fn no_filter_passes_everything_and_an_unknown_one_is_refused() {
        assert!(passes(&[], &json!({})));
        assert!(check(&json!({"a": [{"cidr": "10.0.0.0/24"}]})).is_err());
        assert!(check(&json!({"a": "ORDER"})).is_err());
        assert!(check(&Value::Null).is_err());
    }
}

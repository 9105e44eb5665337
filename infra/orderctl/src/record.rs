//! An order as a line of JSON, whole: what `export` writes and `import` reads.
//!
//! `{"format": "oms.order", "version": 1, "order": {…}}`: in `order` the fields as they are stored,
//! with all changes of its log, the oldest first. The version rises when a reader of the one before
//! could not read it.

use oms_domain::Order;
use oms_table::orders::order_numbers;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What each line says that it is.
const FORMAT: &str = "oms.order";
/// The version that is written, and the only one there is.
const VERSION: u32 = 1;
/// The longest line that is read, in bytes: an order with some 60 full items of older changes.
pub(crate) const MAX_LINE_BYTES: u64 = 32 * 1024 * 1024;

#[derive(Serialize)]
struct Written<'a> {
    format: &'a str,
    version: u32,
    order: &'a Order,
}

#[derive(Deserialize)]
struct Read {
    format: String,
    version: u32,
    order: Value,
}

/// The line of an order with its whole log, without a line break.
pub(crate) fn write(order: &Order) -> serde_json::Result<String> {
    serde_json::to_string(&Written { format: FORMAT, version: VERSION, order })
}

/// The order of a line, in which nothing may be that would get lost, or that its log contradicts.
///
/// # Errors
/// What is wrong with it, without what it holds.
pub(crate) fn read(line: &str) -> Result<Order, String> {
    let read: Read =
        serde_json::from_str(line).map_err(|error| format!("it is no order of an export: {error}"))?;
    if read.format != FORMAT {
        return Err(format!("its format is not {FORMAT}"));
    }
    if read.version != VERSION {
        return Err(format!(
            "it has version {} of the format, and only {VERSION} is known here",
            read.version
        ));
    }
    let order: Order =
        serde_json::from_value(read.order.clone()).map_err(|error| format!("it is no order: {error}"))?;
    let again = serde_json::to_value(&order).map_err(|error| error.to_string())?;
    if let Some(path) = lost(&read.order, &again) {
        return Err(format!("order{path} would get lost: it is not known here"));
    }
    check(&order)?;
    Ok(order)
}

fn check(order: &Order) -> Result<(), String> {
    if order_numbers::read(&order.order_number).is_none() {
        return Err("its order number is no ORD-YYYYMMDD-NNNN".to_owned());
    }
    let of = |id: uuid::Uuid| id.as_u128() >> 16 == order.id.0.as_u128() >> 16;
    let is_own = order.id.0.as_u128().trailing_zeros() >= 16
        && order.lines.iter().all(|line| of(line.id.0))
        && order.payments.iter().all(|payment| of(payment.id.0));
    if !is_own {
        return Err("its id, or one of its lines' and payments', is none of an order".to_owned());
    }
    if !order.log_reaches(0) {
        return Err("its log is not whole".to_owned());
    }
    // What cannot be run backwards could never be counted.
    if order.as_of(1).is_none() {
        return Err("its log does not lead from its placing to what it is now".to_owned());
    }
    Ok(())
}

/// Where something of a value is missing from another, or differs.
fn lost(from: &Value, in_it: &Value) -> Option<String> {
    match (from, in_it) {
        (Value::Object(from), Value::Object(in_it)) => from.iter().find_map(|(name, value)| {
            let there = in_it.get(name).unwrap_or(&Value::Null);
            lost(value, there).map(|rest| format!(".{name}{rest}"))
        }),
        (Value::Array(from), Value::Array(in_it)) if from.len() == in_it.len() => {
            let mut pairs = from.iter().zip(in_it).enumerate();
            pairs.find_map(|(at, (from, in_it))| lost(from, in_it).map(|rest| format!("[{at}]{rest}")))
        }
        (from, in_it) => (from != in_it).then(String::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_of_another_kind_is_refused_with_a_reason() {
        for (line, reason) in [
            ("id,order_number", "it is no order of an export"),
            (r#"{"format": "other", "version": 1, "order": {}}"#, "its format is not oms.order"),
            (r#"{"format": "oms.order", "version": 2, "order": {}}"#, "it has version 2 of the format"),
            (r#"{"format": "oms.order", "version": 1, "order": {}}"#, "it is no order: missing field"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.starts_with(reason), "{line}: {error}");
        }
    }

    #[test]
    fn what_would_get_lost_is_found_however_deep_it_is() {
        let whole = json!({ "a": [{ "b": 1 }, { "c": "x" }], "d": null });
        assert_eq!(lost(&whole, &whole), None);
        assert_eq!(lost(&json!({ "d": null }), &json!({})), None);
        let less = json!({ "a": [{ "b": 1 }, {}], "d": null });
        assert_eq!(lost(&whole, &less).as_deref(), Some(".a[1].c"));
        assert_eq!(lost(&json!({ "n": 1.5 }), &json!({ "n": 1.25 })).as_deref(), Some(".n"));
    }
}

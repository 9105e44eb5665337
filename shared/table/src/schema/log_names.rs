//! Shape 2: an order carries its log through every write, so the names within it are short.

use crate::Item;
use aws_sdk_dynamodb::types::AttributeValue;

/// The parts of a change: what they were called, and are.
const OF_A_CHANGE: [(&str, &str); 6] = [
    ("version", "v"),
    ("action", "a"),
    ("reason", "r"),
    ("changes", "c"),
    ("previous_status_lasted_us", "l"),
    ("job", "j"),
];
/// The same of a field's change.
const OF_A_FIELD: [(&str, &str); 2] = [("from", "f"), ("to", "t")];

/// Shortens the names in the log of an order, or of the older half of one.
pub(super) fn shorten(item: &mut Item) {
    let Some(AttributeValue::L(log)) = item.get_mut("log") else { return };
    for change in log {
        let AttributeValue::M(change) = change else { continue };
        rename(change, &OF_A_CHANGE);
        let Some(AttributeValue::M(fields)) = change.get_mut("c") else { continue };
        for field in fields.values_mut() {
            if let AttributeValue::M(field) = field {
                rename(field, &OF_A_FIELD);
            }
        }
    }
}

fn rename(map: &mut Item, names: &[(&str, &str)]) {
    for (long, short) in names {
        if let Some(value) = map.remove(*long) {
            map.insert((*short).to_owned(), value);
        }
    }
}

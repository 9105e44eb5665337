//! What two runs of the same have in common: ids, numbers and times are not among it.

use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// A JSON text in which each id is a number in the order of appearance, and times, lengths of time
/// and the numbers of orders and payments are all the same.
#[must_use]
pub fn blurred(value: &Value) -> String {
    let text = format!("{value:#}");
    let mut ids = HashMap::new();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let is_part = |character: char| character.is_ascii_alphanumeric() || "-:".contains(character);
        let word = &rest[..rest.find(|character| !is_part(character)).unwrap_or(rest.len())];
        if word.is_empty() {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            out.push_str(&rest[..first]);
            rest = &rest[first..];
        } else {
            let blurred = blurred_word(word, &mut ids);
            rest = &rest[word.len()..];
            // A time is stored without the noughts at its end.
            if let Some(fraction) = rest.strip_prefix('.').filter(|_| blurred == "TIME") {
                rest = fraction
                    .trim_start_matches(|character: char| character.is_ascii_digit() || character == 'Z');
            }
            out.push_str(&blurred);
        }
    }
    out
}

fn blurred_word(word: &str, ids: &mut HashMap<Uuid, usize>) -> String {
    let (before, id) = match word.rsplit_once('-').filter(|(_, id)| id.len() == 32) {
        Some((before, id)) => (before, id),
        None => ("", word),
    };
    if let Ok(id) = id.parse::<Uuid>() {
        let number = ids.len();
        return format!("{before}#{}", ids.entry(id).or_insert(number));
    }
    let is_time = word.len() >= 19 && word.as_bytes()[10] == b'T' && word.as_bytes()[4] == b'-';
    let is_long = |digits: &str| digits.len() >= 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(kind) = ["ORD", "TXN"].into_iter().find(|kind| word.starts_with(&format!("{kind}-"))) {
        kind.to_owned()
    } else if is_time || is_long(word) {
        "TIME".to_owned()
    } else {
        word.to_owned()
    }
}

/// The lines in which two texts differ, the first of them.
#[must_use]
pub fn different_lines(found: &str, expected: &str) -> String {
    let (mut left, mut right) = (found.lines(), expected.lines());
    let mut told = Vec::new();
    loop {
        match (left.next(), right.next()) {
            (None, None) => break,
            (left, right) if left == right => {}
            (left, right) => told.push(format!("{} not {}", left.unwrap_or("-"), right.unwrap_or("-"))),
        }
    }
    told.truncate(12);
    told.join("\n")
}

//! Numbers in the JSON that clients keep with us, which must come back as they were sent.
//!
//! A JSON value of ours holds whole numbers of 64 bits and the fractions that a float has. What a
//! client writes beyond, it holds as a text that begins with [`MARK`], a character that stands for
//! nothing: so through the table, through the log of an order and back. Bodies are marked before
//! they are read ([`marked`]), and answers are unmarked when they are written ([`unmarked`]). A
//! client's own text that begins with the mark gets another one, so that it is never taken for a
//! number.

use super::validation::is_same_number;
use oms_domain::number::Written;
use serde_json::{Map, Number, Value};
use std::borrow::Cow;

/// What a text begins with that stands for a number: a character of no meaning, by Unicode's rules.
const MARK: char = '\u{10FFFF}';
const MARK_BYTES: &[u8] = "\u{10FFFF}".as_bytes();
/// The two ways to write the mark in JSON; the second in either case.
const MARK_ESCAPED: &[u8] = br"\udbff\udfff";
/// More zeros than a whole number of 64 bits has at its end.
const MAX_ZEROS: usize = 20;
/// Numbers up to this length are whole ones of 64 bits or few enough digits for a float.
const CARRIED_CHARS: usize = 15;

/// The number that a text stands for, if it does.
pub(crate) fn number(text: &str) -> Option<&str> {
    text.strip_prefix(MARK).filter(|rest| is_number(rest.as_bytes()))
}

/// JSON with a mark at each number that could not be carried otherwise.
pub(super) fn marked(json: &[u8]) -> Cow<'_, [u8]> {
    rewritten(json, |token| match token {
        Token::Text(text) => {
            let is_marked = text.starts_with(MARK_BYTES)
                || text.get(..MARK_ESCAPED.len()).is_some_and(|text| text.eq_ignore_ascii_case(MARK_ESCAPED));
            is_marked.then(|| [b"\"", MARK_BYTES, text, b"\""].concat())
        }
        Token::Number(number) if is_carried(number) => None,
        Token::Number(number) => Some([b"\"", MARK_BYTES, number, b"\""].concat()),
    })
}

/// JSON of ours with its numbers as clients wrote them.
pub fn unmarked(json: &[u8]) -> Cow<'_, [u8]> {
    // Nearly every answer ends here.
    if !json.contains(&MARK_BYTES[0]) {
        return Cow::Borrowed(json);
    }
    rewritten(json, |token| match token {
        Token::Text(text) => {
            let rest = text.strip_prefix(MARK_BYTES)?;
            Some(if is_number(rest) { rest.to_vec() } else { [b"\"", rest, b"\""].concat() })
        }
        Token::Number(_) => None,
    })
}

/// JSON of a client's with its numbers as they are read from where they are kept: of a whole number
/// nobody knows any more whether it was written with a point.
pub(super) fn as_kept(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(whole(&number).unwrap_or(number)),
        Value::Array(entries) => Value::Array(entries.into_iter().map(as_kept).collect()),
        Value::Object(map) => Value::Object(map_as_kept(map)),
        other @ (Value::Null | Value::Bool(_) | Value::String(_)) => other,
    }
}

/// The same of an object.
pub(super) fn map_as_kept(map: Map<String, Value>) -> Map<String, Value> {
    map.into_iter().map(|(name, value)| (name, as_kept(value))).collect()
}

/// A float that is a whole number of 64 bits, as one.
fn whole(number: &Number) -> Option<Number> {
    if !number.is_f64() {
        return None;
    }
    let Written { negative, digits, exponent } = Written::parse(&number.to_string())?.shortest();
    let zeros = usize::try_from(exponent).ok().filter(|zeros| *zeros <= MAX_ZEROS)?;
    let sign = if negative { "-" } else { "" };
    let digits = if digits.is_empty() { "0" } else { &digits };
    let text = format!("{sign}{digits}{}", "0".repeat(zeros));
    text.parse::<u64>().map(Number::from).or_else(|_| text.parse::<i64>().map(Number::from)).ok()
}

enum Token<'a> {
    /// What stands between two quotes.
    Text(&'a [u8]),
    Number(&'a [u8]),
}

/// JSON with other texts and numbers in the place of some. What is no JSON is left as it is, for
/// the parser to refuse.
fn rewritten(json: &[u8], replace: impl Fn(Token<'_>) -> Option<Vec<u8>>) -> Cow<'_, [u8]> {
    let mut written = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(byte) = json.get(at) {
        let (end, replaced) = match byte {
            b'"' => {
                let length = text_length(&json[at + 1..]);
                let end = (at + length + 2).min(json.len());
                (end, replace(Token::Text(&json[at + 1..at + 1 + length])))
            }
            b'-' | b'0'..=b'9' => {
                let length = json[at..].iter().take_while(|byte| is_of_number(**byte)).count();
                let number = &json[at..at + length];
                (
                    at + length,
                    Some(number).filter(|number| is_number(number)).and_then(|n| replace(Token::Number(n))),
                )
            }
            _ => (at + 1, None),
        };
        if let Some(replaced) = replaced {
            written.extend_from_slice(&json[copied..at]);
            written.extend(replaced);
            copied = end;
        }
        at = end;
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    written.extend_from_slice(&json[copied..]);
    Cow::Owned(written)
}

/// How long a text is up to its closing quote.
fn text_length(from: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = from.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    from.len()
}

const fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

/// The grammar of JSON.
fn is_number(text: &[u8]) -> bool {
    let digits = |from: &[u8]| from.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let [b'e' | b'E', power @ ..] = rest {
        let power = match power {
            [b'+' | b'-', power @ ..] => power,
            power => power,
        };
        return !power.is_empty() && digits(power) == power.len();
    }
    rest.is_empty()
}

/// Whether reading and writing a number gives the same one.
fn is_carried(number: &[u8]) -> bool {
    let is_plain = number.len() <= CARRIED_CHARS && number.iter().all(|byte| byte.is_ascii_digit());
    is_plain || {
        let text = std::str::from_utf8(number).unwrap_or_default();
        let read = serde_json::from_str::<serde_json::Number>(text);
        read.is_ok_and(|read| is_same_number(&read.to_string(), text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a client gets back of what it has sent, through a value of ours.
    fn there_and_back(json: &str) -> String {
        let value: Value = serde_json::from_slice(&marked(json.as_bytes())).unwrap();
        String::from_utf8(unmarked(value.to_string().as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn numbers_come_back_as_they_were_sent() {
        for number in [
            "0",
            "-1",
            "0.1",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775809",
            "123456789012345678901234567890123456789012345678",
            "0.1234567890123456789",
            "1e400",
            "-1E-999",
            "3.141592653589793238462643383279",
            "12345678901234567890.5",
            "1e99999999999",
        ] {
            let json = format!(r#"{{"n":[{number}]}}"#);
            assert_eq!(there_and_back(&json), json);
        }
        // The same number, as the shortest text has it.
        assert_eq!(there_and_back("[1.50, 1e2, -0.0]"), "[1.5,100.0,-0.0]");
    }

    #[test]
    fn a_whole_number_is_kept_without_its_point_and_all_others_as_they_are() {
        for (sent, kept) in [
            ("1.0", "1"),
            ("-0.0", "0"),
            ("1e2", "100"),
            ("-12e3", "-12000"),
            ("9007199254740992.0", "9007199254740992"),
            ("1e19", "10000000000000000000"),
            ("-9e18", "-9000000000000000000"),
            ("1.5", "1.5"),
            ("1e20", "1e20"),
            ("-1e19", "-1e19"),
            ("1e-7", "1e-7"),
            ("7", "7"),
        ] {
            let value: Value = serde_json::from_slice(&marked(sent.as_bytes())).unwrap();
            let nested = serde_json::json!({ "a": [{ "b": value }] });
            let expected: Value = serde_json::from_str(kept).unwrap();
            assert_eq!(as_kept(nested), serde_json::json!({ "a": [{ "b": expected }] }), "{sent}");
        }
        let exact = "[123456789012345678901234567890.0,\"a\"]";
        let value: Value = serde_json::from_slice(&marked(exact.as_bytes())).unwrap();
        assert_eq!(as_kept(value.clone()), value);
    }

    #[test]
    fn texts_are_never_taken_for_numbers() {
        for text in
            ["\u{10FFFF}1", "\u{10FFFF}", "\u{10FFFF}\u{10FFFF}2", "a\u{10FFFF}1", "\\\"\u{10FFFF}3", "12"]
        {
            let json = format!("[\"{text}\"]");
            assert_eq!(there_and_back(&json), json);
        }
        for escaped in [r#"["\udbff\udfff7"]"#, r#"["\uDBFF\uDFFF7"]"#] {
            assert_eq!(there_and_back(escaped), "[\"\u{10FFFF}7\"]");
        }
        assert_eq!(number("\u{10FFFF}12.5e3"), Some("12.5e3"));
        for text in
            ["12", "\u{10FFFF}", "\u{10FFFF}\u{10FFFF}1", "\u{10FFFF}1]", "\u{10FFFF}01", "\u{10FFFF}1."]
        {
            assert_eq!(number(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_fraction_comes_back(number in "-?(0|[1-9][0-9]{0,30})\\.[0-9]{1,30}") {
            prop_assert!(is_same_number(&there_and_back(&number), &number));
        }

        #[test]
        fn what_is_no_json_is_left_to_the_parser(text in any::<String>()) {
            let is_json = serde_json::from_str::<Value>(&text).is_ok();
            let _ = unmarked(text.as_bytes());
            prop_assert!(!is_json || serde_json::from_slice::<Value>(&marked(text.as_bytes())).is_ok());
        }
    }
}

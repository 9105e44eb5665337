//! What the functions have logged while the black-box tests ran: nothing that is secret or says who
//! somebody is. `cargo test` runs these tests after those; by itself this reads what the runs of
//! the last day have left.

use crate::repository::root;
use regex_lite::Regex;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

/// What no line may hold, each with its name.
const PRIVATE: [(&str, &str); 6] = [
    ("a token", r"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{4,}"),
    ("a key of Stripe's", r"\b(?:(?:sk|rk)_(?:test|live)|whsec)_\w+"),
    ("what a card is charged by", r"\b(?:tok|pm)_\w+|client_secret"),
    ("a mail address", r"[\w.+-]+@[\w-]+\.[A-Za-z]{2,}"),
    // Of the people whom the tests make.
    ("an address", r"St James|Lovelace|Ring at"),
    ("a telephone number", r"\+[1-9][0-9 ().-]{7,}[0-9]"),
];

/// What is private in a line.
fn private(line: &str, patterns: &[(&'static str, Regex)]) -> Option<&'static str> {
    let found = patterns.iter().find(|(_, pattern)| pattern.is_match(line)).map(|(name, _)| *name);
    let mut runs = line.split(|character: char| !character.is_ascii_digit());
    found.or_else(|| runs.any(is_card_number).then_some("a card number"))
}

/// By its length, its issuer and its check digit; a time in milliseconds has 13 digits and a 1.
fn is_card_number(digits: &str) -> bool {
    if !(13..=19).contains(&digits.len()) || !digits.starts_with(['3', '4', '5', '6']) {
        return false;
    }
    let weighed = digits.bytes().rev().enumerate().map(|(place, digit)| {
        let digit = u32::from(digit - b'0') * if place % 2 == 1 { 2 } else { 1 };
        digit / 10 + digit % 10
    });
    weighed.sum::<u32>() % 10 == 0
}

fn patterns() -> Vec<(&'static str, Regex)> {
    PRIVATE.iter().map(|(name, pattern)| (*name, Regex::new(pattern).expect("a pattern"))).collect()
}

/// The logs of the functions, of every run that is still there.
fn logs() -> Vec<PathBuf> {
    let runs = fs::read_dir(root().join(".local/tests")).into_iter().flatten().flatten();
    let files = runs.filter_map(|run| fs::read_dir(run.path()).ok()).flatten().flatten();
    let paths = files.map(|file| file.path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "log")).collect()
}

#[test]
fn what_is_private_is_seen() {
    let patterns = patterns();
    for (line, name) in [
        (r#"{"authorization":"Bearer eyJhbGciOiJFUzI1NiJ9.eyJzdWIi"}"#, "a token"),
        ("the key sk_test_123 was refused", "a key of Stripe's"),
        (r#"{"token":"tok_approve"}"#, "what a card is charged by"),
        (r#"{"to":"ada@example.com"}"#, "a mail address"),
        (r#"{"line1":"12 St James's Square"}"#, "an address"),
        (r#"{"phone":"+44 20 7946 0958"}"#, "a telephone number"),
        (r#"{"number":"4242424242424242"}"#, "a card number"),
    ] {
        assert_eq!(private(line, &patterns), Some(name), "{line}");
    }
    for line in [
        r#"{"timestamp":"2026-11-28T19:57:34.123456Z","level":"INFO","order":"0192f3c8-9d1a-7c3e-8f00-1234567890ab"}"#,
        r#"{"_aws":{"Timestamp":1795895884623},"path":"/api/notifications/mark_all_read/"}"#,
    ] {
        assert_eq!(private(line, &patterns), None, "{line}");
    }
}

#[test]
fn the_functions_have_logged_nothing_private() {
    let patterns = patterns();
    for path in logs() {
        // Another run may have removed it since.
        let Ok(file) = File::open(&path) else { continue };
        for (number, line) in BufReader::new(file).lines().enumerate() {
            let line = line.unwrap_or_default();
            // What cannot be seen in a message is not to be printed by it either.
            if let Some(what) = private(&line, &patterns) {
                panic!("{}:{}: {what} was logged", path.display(), number + 1);
            }
        }
    }
}

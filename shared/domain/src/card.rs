//! Card numbers must not reach a log or a table: they are recognised and refused.
//!
//! A card number has the beginning and the length of an issuer's, passes the Luhn check, and
//! begins and ends where a group of digits does, with no letter beside it. Spaces, dots, slashes,
//! dashes and underscores may part the groups, in the shapes that cards are printed in; other
//! groups may stand before and behind. What is a telephone number, an IBAN, a postal tracking
//! number or a barcode by its form is none, whatever its digits come to.

mod harmless;

use crate::text::{digit, is_dash, is_invisible};
use serde_json::Value;
use std::ops::RangeInclusive;

/// Whether any text, number or name within holds a card number.
#[must_use]
pub fn is_in(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => whole(&number.to_string()).is_some_and(|digits| is_in_text(&digits)),
        Value::String(text) => is_in_text(text),
        Value::Array(values) => values.iter().any(is_in),
        Value::Object(map) => map.iter().any(|(name, value)| is_in_text(name) || is_in(value)),
    }
}

/// Whether a text holds a card number.
#[must_use]
pub fn is_in_text(text: &str) -> bool {
    // Most texts end here.
    if text.chars().filter(|c| digit(*c).is_some()).count() < SHORTEST {
        return false;
    }
    let mut chars: Vec<char> = text.chars().filter(|c| !is_invisible(*c)).collect();
    harmless::blank_ibans(&mut chars);
    let groups = groups(&chars);
    let mut at = 0;
    while at < groups.len() {
        let from_here = chain(&groups[at..]);
        match harmless::tracking_number(from_here) {
            Some(length) => at += length,
            None if SHAPES.iter().any(|shape| has_card(from_here, shape)) => return true,
            None => at += 1,
        }
    }
    false
}

/// How many digits the shortest card number has.
const SHORTEST: usize = 13;

/// How the digits of a card number are grouped: all together, in fours with a shorter rest, or as
/// some issuers print them.
const SHAPES: [&[usize]; 19] = [
    &[13],
    &[14],
    &[15],
    &[16],
    &[17],
    &[18],
    &[19],
    &[4, 4, 4, 1],
    &[4, 4, 4, 2],
    &[4, 4, 4, 3],
    &[4, 4, 4, 4],
    &[4, 4, 4, 4, 1],
    &[4, 4, 4, 4, 2],
    &[4, 4, 4, 4, 3],
    &[4, 4, 4, 6],
    &[4, 3, 3, 3],
    &[4, 6, 4],
    &[4, 6, 5],
    &[6, 13],
];

/// Which numbers the issuers give out: from the first to the last beginning, with so many digits
/// in all. Where several share a range, it stands once: what begins with 6 is of Discover,
/// `UnionPay`, Maestro, `RuPay`, Elo or Hipercard. Maestro cards of less than 16 digits, of which
/// none is published any more, are left out for the sake of barcodes and tracking numbers.
const ISSUED: [(u32, u32, RangeInclusive<usize>); 23] = [
    // Visa; Elo within it.
    (4, 4, 13..=13),
    (4, 4, 16..=16),
    (4, 4, 19..=19),
    // Mastercard.
    (51, 55, 16..=16),
    (2221, 2720, 16..=16),
    // American Express.
    (34, 34, 15..=15),
    (37, 37, 15..=15),
    // Diners Club.
    (300, 305, 14..=14),
    (300, 305, 16..=19),
    (3095, 3095, 14..=14),
    (36, 36, 14..=14),
    (36, 36, 16..=19),
    (38, 39, 14..=14),
    // JCB; RuPay within it.
    (3528, 3589, 16..=19),
    // Hipercard.
    (384_100, 384_100, 16..=19),
    (384_140, 384_140, 16..=19),
    (384_160, 384_160, 16..=19),
    // Maestro; RuPay and Elo within it.
    (50, 50, 16..=19),
    (56, 58, 16..=19),
    (60, 69, 16..=19),
    // RuPay, UnionPay.
    (81, 82, 16..=19),
    // Mir.
    (2200, 2204, 16..=19),
    // Troy.
    (9792, 9792, 16..=16),
];

/// A run of digits.
#[derive(Clone, Debug)]
struct Group {
    digits: Vec<u8>,
    /// A letter stands directly before or behind.
    touches_letter: bool,
    /// A plus stands before, as before a telephone number.
    follows_plus: bool,
    /// Only what may part the groups of a card number is between this one and the one before.
    is_joined: bool,
}

fn groups(chars: &[char]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut at = 0;
    let mut end_of_last = None;
    while at < chars.len() {
        let digits: Vec<u8> = chars[at..].iter().map_while(|c| digit(*c)).collect();
        if digits.is_empty() {
            at += 1;
            continue;
        }
        let end = at + digits.len();
        let before = at.checked_sub(1).map(|before| chars[before]);
        let touches = |c: Option<&char>| c.is_some_and(|c| c.is_alphabetic());
        groups.push(Group {
            digits,
            touches_letter: touches(before.as_ref()) || touches(chars.get(end)),
            follows_plus: matches!(before, Some('+' | '\u{FF0B}')),
            is_joined: end_of_last.is_some_and(|last: usize| chars[last..at].iter().all(|c| is_gap(*c))),
        });
        end_of_last = Some(end);
        at = end;
    }
    groups
}

/// Whether a character may part the groups of a card number: space, dot, slash, dash, underscore,
/// in any of their forms.
fn is_gap(c: char) -> bool {
    c.is_whitespace()
        || is_dash(c)
        || matches!(
            c,
            '.' | '\u{B7}'
                | '\u{2022}'
                | '\u{2024}'
                | '\u{2027}'
                | '\u{22C5}'
                | '\u{3002}'
                | '\u{30FB}'
                | '\u{FF0E}'
                | '\u{FF61}'
        )
        || matches!(c, '/' | '\\' | '\u{2044}' | '\u{2215}' | '\u{29F8}' | '\u{FF0F}' | '\u{FF3C}')
        || matches!(c, '_' | '\u{203F}' | '\u{2040}' | '\u{FF3F}')
}

/// The groups from the first on that hang together.
fn chain(groups: &[Group]) -> &[Group] {
    let more = groups.iter().skip(1).take_while(|group| group.is_joined).count();
    &groups[..(1 + more).min(groups.len())]
}

/// Whether a chain begins with a card number of this shape.
fn has_card(chain: &[Group], shape: &[usize]) -> bool {
    let Some(groups) = chain.get(..shape.len()) else { return false };
    let fits = |(group, length): (&Group, &usize)| !group.touches_letter && group.digits.len() == *length;
    if !groups.iter().zip(shape).all(fits) {
        return false;
    }
    let digits: Vec<u8> = groups.iter().flat_map(|group| group.digits.iter().copied()).collect();
    is_issued(&digits) && passes_luhn(&digits) && !harmless::is_known(&digits, groups)
}

fn is_issued(digits: &[u8]) -> bool {
    let beginning = |length: usize| digits.iter().take(length).fold(0, |n, d| n * 10 + u32::from(*d));
    ISSUED.iter().any(|(first, last, lengths)| {
        let length = usize::try_from(first.ilog10() + 1).unwrap_or_default();
        lengths.contains(&digits.len()) && (*first..=*last).contains(&beginning(length))
    })
}

fn passes_luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let counted = digits.iter().rev().enumerate();
    let sum: u32 =
        counted.map(|(n, digit)| u32::from(if n % 2 == 1 { doubled(*digit) } else { *digit })).sum();
    sum.is_multiple_of(10)
}

/// The digits of a JSON number that is a whole one, however it is written.
fn whole(number: &str) -> Option<String> {
    let (mantissa, power) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (units, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let (fraction, power) = (fraction.trim_end_matches('0'), power.parse::<usize>().ok()?);
    // Beyond, it is longer than any card number.
    let zeros = power.checked_sub(fraction.len()).filter(|zeros| *zeros < 40)?;
    Some(format!("{}{fraction}{}", units.trim_start_matches('-'), "0".repeat(zeros)))
}

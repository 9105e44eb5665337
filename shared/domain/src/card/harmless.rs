//! Numbers that look like card numbers and are none, by their form.

use super::Group;
use crate::text::digit;

/// How long an IBAN is, by country: the IBAN registry of SWIFT.
const IBANS: &str = "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29\
    ES24FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20\
    LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24RS22RU33SA24SC31SD18\
    SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

/// The longest telephone number with its country's code, E.164.
const LONGEST_PHONE: usize = 15;

/// Takes out what has the form of an IBAN, written together or in groups.
pub(super) fn blank_ibans(chars: &mut [char]) {
    let mut at = 0;
    while at < chars.len() {
        let begins = at == 0 || !chars[at - 1].is_alphanumeric();
        match iban_length(&chars[at..]).filter(|_| begins) {
            Some(length) => {
                chars[at..at + length].fill('\u{FFFC}');
                at += length;
            }
            None => at += 1,
        }
    }
}

/// How many characters an IBAN takes that begins here, with what parts its groups.
fn iban_length(chars: &[char]) -> Option<usize> {
    let [a, b, c, d, ..] = chars else { return None };
    if !(a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && digit(*c).is_some() && digit(*d).is_some()) {
        return None;
    }
    let country: String = [a.to_ascii_uppercase(), b.to_ascii_uppercase()].iter().collect();
    let listed = (0..IBANS.len()).step_by(4).find(|at| IBANS[*at..].starts_with(&country))?;
    let mut left: usize = IBANS.get(listed + 2..listed + 4)?.parse().ok()?;
    for (at, c) in chars.iter().enumerate() {
        match c {
            c if c.is_ascii_alphabetic() || digit(*c).is_some() => left -= 1,
            ' ' | '\u{A0}' | '-' | '.' if !chars[at - 1].is_whitespace() => continue,
            _ => return None,
        }
        if left == 0 {
            let ends = chars.get(at + 1).is_none_or(|c| !c.is_alphanumeric());
            return ends.then_some(at + 1);
        }
    }
    None
}

/// How many groups a tracking number of the United States' post takes, where one begins here: 22
/// digits, the first of which is 9, in fours.
pub(super) fn tracking_number(chain: &[Group]) -> Option<usize> {
    let is_one = chain.first()?.digits.first() == Some(&9)
        && chain.iter().take(6).map(|group| group.digits.len()).eq([4, 4, 4, 4, 4, 2]);
    is_one.then_some(6)
}

/// Whether digits that could be a card's are a telephone number or a barcode: behind a plus; or,
/// of 13 digits, with which Visa once began, those with the country codes of Austria and Germany,
/// and those with the check digit of an article number.
pub(super) fn is_known(digits: &[u8], groups: &[Group]) -> bool {
    let is_international = groups[0].follows_plus && digits.len() <= LONGEST_PHONE;
    let is_short = digits.len() == super::SHORTEST;
    is_international || (is_short && (matches!(digits, [4, 3 | 9, ..]) || is_article_number(digits)))
}

/// GTIN-13: the digits, every second one three times, come to a multiple of ten.
fn is_article_number(digits: &[u8]) -> bool {
    let weighed =
        digits.iter().enumerate().map(|(n, digit)| u32::from(*digit) * if n % 2 == 1 { 3 } else { 1 });
    weighed.sum::<u32>().is_multiple_of(10)
}

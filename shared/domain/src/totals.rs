//! Totals as texts that sort as the amounts do, and buckets of them by which they are counted.

use crate::Decimal;

/// How many digits a total has as text: ten before the point, four after it, without the point.
const DIGITS: usize = 14;
/// Ten thousandths are the smallest part of any currency.
const SMALLEST: Decimal = Decimal::from_parts(10_000, 0, 0, false, 0);
/// The largest text.
const LARGEST: u64 = 99_999_999_999_999;

/// A total as text. Totals are not negative and have 14 digits at most; what is beyond stands at
/// the end that it is beyond. What lies between two smallest parts is cut, or raised if `up`.
#[must_use]
pub fn sortable(total: Decimal, up: bool) -> String {
    let parts = total.saturating_mul(SMALLEST);
    let parts = if up { parts.ceil() } else { parts.floor() };
    let parts = u64::try_from(parts.max(Decimal::ZERO)).unwrap_or(LARGEST).min(LARGEST);
    format!("{parts:0DIGITS$}")
}

/// The totals whose text begins alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TotalBucket {
    /// The smallest of them, in ten thousandths.
    first: u64,
    /// How many digits they share.
    digits: u8,
}

impl TotalBucket {
    /// Those of the same size and first two digits.
    #[must_use]
    pub fn coarse(total: Decimal) -> Self {
        Self::with(total, 2)
    }

    /// Those of the same size and first four digits.
    #[must_use]
    pub fn fine(total: Decimal) -> Self {
        Self::with(total, 4)
    }

    fn with(total: Decimal, significant: usize) -> Self {
        let text = sortable(total, false);
        let zeros = text.bytes().take_while(|byte| *byte == b'0').count();
        let shared = (zeros + significant).min(DIGITS);
        // A prefix of 14 digits is a bucket.
        Self::parse(&text[..shared]).unwrap_or(Self { first: 0, digits: 14 })
    }

    /// What their texts begin with.
    #[must_use]
    pub fn text(self) -> String {
        let text = format!("{:0DIGITS$}", self.first);
        text[..usize::from(self.digits).min(DIGITS)].to_owned()
    }

    /// The bucket of what begins so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len();
        if digits == 0 || digits > DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let first = format!("{text:0<DIGITS$}").parse().ok()?;
        Some(Self { first, digits: u8::try_from(digits).ok()? })
    }

    /// The coarse bucket that a fine one is part of.
    #[must_use]
    pub fn whole(self) -> Self {
        Self::coarse(Decimal::from(self.first).checked_div(SMALLEST).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    #[test]
    fn texts_sort_as_the_amounts_do() {
        let amounts = ["-1", "0", "0.0001", "0.05", "9.99", "10", "75.98", "1500", "9999999999.9999"];
        let texts: Vec<String> = amounts.iter().map(|text| sortable(amount(text), false)).collect();
        assert!(texts.is_sorted());
        assert_eq!(texts[6], "00000000759800");
        assert_eq!(sortable(amount("0.00001"), true), sortable(amount("0.0001"), false));
        assert_eq!(
            sortable(amount("1e20".replace("e20", "00000000000000000000").as_str()), false),
            LARGEST.to_string()
        );
    }

    #[test]
    fn a_bucket_is_what_texts_begin_with() {
        for (total, coarse, fine) in [
            ("75.98", "0000000075", "000000007598"),
            ("1500", "00000015", "0000001500"),
            ("0.0007", "00000000000007", "00000000000007"),
            ("0.0123", "0000000000012", "00000000000123"),
            ("0", "00000000000000", "00000000000000"),
        ] {
            let (one, other) = (TotalBucket::coarse(amount(total)), TotalBucket::fine(amount(total)));
            assert_eq!((one.text(), other.text()), (coarse.to_owned(), fine.to_owned()));
            assert_eq!((TotalBucket::parse(coarse), other.whole()), (Some(one), one));
        }
        assert_eq!(TotalBucket::parse("x"), None);
    }
}

//! Times and dates.

use super::{FieldValue, Problem};
use jiff::civil;
use jiff::tz::TimeZone;
use serde_json::Value;

/// The last moment that our timestamps tell to the microsecond.
const END: jiff::Timestamp = jiff::Timestamp::constant(253_402_207_200, 0);

const MOMENT_FORMAT: &str = "Datetime has wrong format. Use one of these formats instead: \
                             YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
const DATE_FORMAT: &str = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.";

/// A point in time, to the microsecond. Without an offset, it is UTC; a date alone is its midnight.
///
/// The last day that a client can write is 9999-12-31, but our timestamps end two hours before it
/// begins: what is later is the last moment that there is, 9999-12-30T22:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(pub jiff::Timestamp);

impl Moment {
    /// Reads a time as requests write it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_in(text, &TimeZone::UTC)
    }

    /// Reads a time as requests write it; one without an offset is of a time zone.
    #[must_use]
    pub fn parse_in(text: &str, zone: &TimeZone) -> Option<Self> {
        // jiff would read many more forms, such as a date with a zone in brackets, which no other
        // client of this API could count on.
        let is_plain = |byte: u8| byte.is_ascii_digit() || b"-:+.TtZz ".contains(&byte);
        let (date, rest) = text.split_at_checked(DATE_CHARS)?;
        if text.len() > MAX_CHARS || !text.bytes().all(is_plain) || (rest.is_empty() && !is_date(date)) {
            return None;
        }
        let has_offset = rest.contains(['Z', 'z', '+', '-']);
        let read = match text.parse::<jiff::Timestamp>() {
            Ok(read) => read,
            Err(_) if has_offset => beyond_the_end(text)?,
            Err(_) => {
                let civil = text.parse::<civil::DateTime>().ok()?;
                let zoned = civil.to_zoned(zone.clone()).ok();
                zoned.map(|zoned| zoned.timestamp()).or_else(|| beyond_the_end(text))?
            }
        };
        let whole = jiff::Timestamp::from_microsecond(read.as_microsecond()).unwrap_or(END);
        has_four_digit_year(&whole).then_some(Self(whole))
    }
}

/// The length of `YYYY-MM-DD`.
const DATE_CHARS: usize = 10;
/// The longest time that is read, in characters.
const MAX_CHARS: usize = 40;

fn is_date(text: &str) -> bool {
    text.as_bytes().get(4) == Some(&b'-') && text.parse::<civil::Date>().is_ok()
}

/// The last moment, for a well-formed time of the last days of the year 9999.
fn beyond_the_end(text: &str) -> Option<jiff::Timestamp> {
    let text = match text.strip_suffix(['Z', 'z']) {
        Some(before) if before.get(DATE_CHARS..)?.contains(['+', '-']) => return None,
        Some(before) => before,
        None => text,
    };
    let civil: civil::DateTime = text.parse().ok()?;
    (civil.date() >= civil::date(9999, 12, 30)).then_some(END)
}

/// Years beyond have no RFC 3339 form, and would sort wrongly as text.
fn has_four_digit_year(moment: &jiff::Timestamp) -> bool {
    (0..=9999).contains(&moment.to_zoned(TimeZone::UTC).year())
}

impl FieldValue for Moment {
    fn read(value: &Value) -> Result<Self, Problem> {
        let moment = value.as_str().and_then(|text| Self::parse(text.trim()));
        moment.ok_or_else(|| Problem::message(MOMENT_FORMAT))
    }
}

impl FieldValue for jiff::Timestamp {
    fn read(value: &Value) -> Result<Self, Problem> {
        Moment::read(value).map(|moment| moment.0)
    }
}

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date(pub civil::Date);

impl FieldValue for Date {
    fn read(value: &Value) -> Result<Self, Problem> {
        let text = value.as_str().map(str::trim).filter(|text| text.len() == DATE_CHARS);
        let date = text.and_then(|text| text.parse().ok());
        date.map(Self).ok_or_else(|| Problem::message(DATE_FORMAT))
    }
}

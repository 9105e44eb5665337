//! Times and dates.

use super::{FieldValue, Problem};
use jiff::civil;
use jiff::tz::TimeZone;
use serde_json::Value;

const MOMENT_FORMAT: &str = "Datetime has wrong format. Use one of these formats instead: \
                             YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
const DATE_FORMAT: &str = "Date has wrong format. Use one of these formats instead: YYYY-MM-DD.";

/// A point in time, to the microsecond. Without an offset, it is UTC.
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
        // A date and an hour at least: jiff would read many more forms, such as a bare date with a
        // zone in brackets, which no other client of this API could count on.
        let is_plain = |byte: u8| byte.is_ascii_digit() || b"-:+.TtZz ".contains(&byte);
        if !(11..=40).contains(&text.len()) || !text.bytes().all(is_plain) {
            return None;
        }
        let read = text.parse::<jiff::Timestamp>().ok().or_else(|| {
            let civil = text.parse::<civil::DateTime>().ok()?;
            Some(civil.to_zoned(zone.clone()).ok()?.timestamp())
        })?;
        jiff::Timestamp::from_microsecond(read.as_microsecond()).ok().filter(has_four_digit_year).map(Self)
    }
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
        let text = value.as_str().map(str::trim).filter(|text| text.len() == "YYYY-MM-DD".len());
        let date = text.and_then(|text| text.parse().ok());
        date.map(Self).ok_or_else(|| Problem::message(DATE_FORMAT))
    }
}

//! Quarters of an hour, in which orders are counted for other time zones than the deployment's.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The length of a quarter of an hour, in seconds.
const QUARTER_HOUR_S: i64 = 15 * 60;
/// The last quarter that a counter has a name for: a day has 96, or 100 where a clock goes back.
const LAST_QUARTER: i64 = 99;
/// How far from a month's beginning it begins elsewhere, in days: zones reach from −12 to +14
/// hours.
const NEAR_MONTHS_BEGIN: i8 = 2;

/// A quarter of an hour of a day of the deployment's time zone, counted from the day's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuarterHour {
    /// The day.
    pub day: Date,
    /// From 0 to 99.
    pub number: u8,
}

impl QuarterHour {
    /// The quarter that a moment lies in.
    #[must_use]
    pub fn of(at: Timestamp, zone: &TimeZone) -> Self {
        let day = at.to_zoned(zone.clone()).date();
        let seconds = start(day, zone).map_or(0, |start| at.as_second() - start.as_second());
        let number = (seconds / QUARTER_HOUR_S).clamp(0, LAST_QUARTER);
        Self { day, number: u8::try_from(number).unwrap_or_default() }
    }

    /// Whether a month may begin on this day somewhere, so that money is counted by quarter too.
    #[must_use]
    pub fn is_near_a_months_begin(self) -> bool {
        let from_end = self.day.days_in_month() - self.day.day();
        self.day.day() <= NEAR_MONTHS_BEGIN || from_end < NEAR_MONTHS_BEGIN
    }
}

/// When a day begins; none beyond the end of time.
pub(crate) fn start(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    day.to_zoned(zone.clone()).ok().map(|midnight| midnight.timestamp())
}

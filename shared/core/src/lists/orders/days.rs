//! The days whose order numbers contain a term: a number begins with the date on which its order
//! was placed, in the deployment's time zone.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use oms_domain::calendar::runs;
use std::collections::BTreeSet;

/// In how many parts the days may lie that are looked through.
const MAX_RANGES: usize = 60;

/// Some days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Days {
    pub(super) dates: BTreeSet<Date>,
    /// When each run of them begins, and when it is over.
    pub(super) ranges: Vec<(Timestamp, Timestamp)>,
}

/// Which numbers of a day contain a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    All,
    /// Those that go on as the term does.
    Some,
    /// None, or not because of the day.
    None,
}

/// Which numbers of a day contain a term, in lower case, where their date is.
pub(super) fn numbers_of(day: Date, term: &str) -> Numbers {
    let begin = format!("ord-{}-", day.strftime("%Y%m%d"));
    if begin.contains(term) {
        return Numbers::All;
    }
    let goes_on = |(at, _): (usize, char)| {
        let (before, behind) = term.split_at(at);
        at > 0 && begin.ends_with(before) && behind.bytes().all(|byte| byte.is_ascii_digit())
    };
    if term.char_indices().any(goes_on) { Numbers::Some } else { Numbers::None }
}

impl Days {
    /// Of some days in their order, at which times they were. None where they lie too far apart.
    pub(super) fn new(dates: BTreeSet<Date>, zone: &TimeZone) -> Option<Self> {
        let runs = runs(&dates);
        let begin = |date: Date| Some(date.to_zoned(zone.clone()).ok()?.timestamp());
        let ranges = runs.iter().map(|(first, last)| Some((begin(*first)?, begin(last.tomorrow().ok()?)?)));
        let ranges: Vec<_> = ranges.collect::<Option<_>>()?;
        (ranges.len() <= MAX_RANGES).then_some(Self { dates, ranges })
    }

    /// Whether a time is on one of them.
    pub(super) fn hold(&self, at: Timestamp) -> bool {
        self.ranges.iter().any(|(from, before)| *from <= at && at < *before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_term_is_in_all_numbers_of_a_day_or_in_some_or_in_none() {
        let day = date(2026, 11, 22);
        for (term, numbers) in [
            ("ord", Numbers::All),
            ("ord-2026", Numbers::All),
            ("202611", Numbers::All),
            ("20261122-", Numbers::All),
            ("1122-00", Numbers::Some),
            ("ord-20261122-0042", Numbers::Some),
            ("22-0042-", Numbers::None),
            ("20261123", Numbers::None),
            ("0042", Numbers::None),
            ("1z2026", Numbers::None),
        ] {
            assert_eq!(numbers_of(day, term), numbers, "{term}");
        }
    }

    #[test]
    fn days_that_follow_one_another_are_one_range_in_the_time_zone() {
        let dates = BTreeSet::from([date(2026, 3, 28), date(2026, 3, 29), date(2026, 11, 22)]);
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let days = Days::new(dates, &zone).unwrap();
        let shown: Vec<String> =
            days.ranges.iter().map(|(from, before)| format!("{from} {before}")).collect();
        assert_eq!(
            shown,
            ["2026-03-27T23:00:00Z 2026-03-29T22:00:00Z", "2026-11-21T23:00:00Z 2026-11-22T23:00:00Z"]
        );
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(days.hold(at("2026-03-29T21:59:59Z")) && !days.hold(at("2026-03-29T22:00:00Z")));
    }
}

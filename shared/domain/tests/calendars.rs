//! Days and months of any time zone, from counters of another one's: as if each order were asked.

mod fixtures;

use fixtures::{by, line, new_order, product, store};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use oms_domain::calendar::Calendar;
use oms_domain::place::place;
use oms_domain::statistics::Counts;
use oms_domain::tally::{Scope, Tally, tally};
use oms_domain::{Currency, Decimal, Order, Status};
use proptest::prelude::*;
use std::collections::BTreeMap;

const ZONES: [&str; 10] = [
    "UTC",
    "Asia/Kathmandu",
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    // A day behind Kiritimati, and a day ahead of Pago Pago.
    "Pacific/Honolulu",
    "Pacific/Apia",
    "America/St_Johns",
];

fn zone() -> impl Strategy<Value = TimeZone> {
    prop::sample::select(&ZONES[..]).prop_map(|name| TimeZone::get(name).expect("a zone"))
}

/// A moment of 2025 or 2026: half of them close to where a month begins or a clock changes.
fn now() -> impl Strategy<Value = Timestamp> {
    let any = 1_735_689_600_i64..1_798_761_600;
    let changes = [
        // Paris, New York and Lord Howe change their clocks; years and months begin.
        "2026-03-29T01:00:00Z",
        "2025-10-26T01:00:00Z",
        "2026-03-08T07:00:00Z",
        "2026-11-01T06:00:00Z",
        "2026-04-04T15:00:00Z",
        "2025-10-04T15:30:00Z",
        "2026-01-01T00:00:00Z",
        "2026-03-01T00:00:00Z",
    ];
    let close = (prop::sample::select(changes.to_vec()), -200_000_i64..200_000).prop_map(|(change, off)| {
        let change: Timestamp = change.parse().expect("a moment");
        change.as_second() + off
    });
    prop_oneof![any, close].prop_map(|second| Timestamp::from_second(second).expect("in range"))
}

/// Seconds before now: of today, of the last weeks, of the last year; and seconds around a
/// midnight.
fn ages() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let age = prop_oneof![0_i64..86_400, 0_i64..3_000_000, 0_i64..36_000_000];
    prop::collection::vec((age, -1_800_i64..1_800), 1..60)
}

fn order_placed_at(at: Timestamp, n: usize) -> Order {
    let mug = product(1, Decimal::new(1_000 + i64::try_from(n).expect("small"), 2));
    let new = new_order(store(Currency::USD, Decimal::ZERO, Decimal::ZERO), vec![line(1, 1)], Decimal::ZERO);
    let mut order = place(new, &[mug], false, &by(0)).expect("it can be had");
    order.created_at = at;
    order.status = if n.is_multiple_of(3) { Status::Pending } else { Status::Delivered };
    order
}

/// The midnight of a zone that is nearest before a moment, moved a little.
fn near_midnight(at: Timestamp, zone: &TimeZone, off_s: i64) -> Timestamp {
    let midnight = at.to_zoned(zone.clone()).date().to_zoned(zone.clone()).expect("a midnight").timestamp();
    midnight + SignedDuration::from_secs(off_s)
}

fn named(day: Date, format: &str) -> String {
    day.strftime(format).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_order_is_in_the_day_and_month_of_whoever_looks(
        now in now(), counted in zone(), shown in zone(), ages in ages(),
    ) {
        let mut sum = Tally::default();
        let mut orders = Vec::new();
        for (n, (age_s, off_s)) in ages.into_iter().enumerate() {
            let at = now - SignedDuration::from_secs(age_s);
            let at = if n.is_multiple_of(2) { near_midnight(at, &shown, off_s).min(now) } else { at };
            let order = order_placed_at(at, n);
            sum.absorb(tally(None, &order, &counted));
            orders.push(order);
        }
        let calendar = Calendar::new(now, counted, &shown);
        // What is read of the counters: nothing before the first day, and the quarters of cut days
        // only.
        let (since, cut) = (calendar.days_since(), calendar.cut_days());
        let read = sum.of(&Scope::All).filter(|(cell, _)| cell.is_shown_since(since, cut));
        let counts: Counts = read.collect();

        let today = now.to_zoned(shown.clone()).date();
        let mut days: BTreeMap<String, u64> = (0..30)
            .map(|n| (named(today.checked_sub(Span::new().days(n)).expect("a day"), "%Y-%m-%d"), 0)).collect();
        let mut months: BTreeMap<String, u64> = (0..12)
            .map(|n| (named(today.first_of_month().checked_sub(Span::new().months(n)).expect("a month"), "%Y-%m"), 0))
            .collect();
        let mut revenue: BTreeMap<String, Decimal> =
            months.keys().map(|month| (month.clone(), Decimal::ZERO)).collect();
        for order in &orders {
            let day = order.created_at.to_zoned(shown.clone()).date();
            if let Some(count) = days.get_mut(&named(day, "%Y-%m-%d")) { *count += 1; }
            if let Some(count) = months.get_mut(&named(day, "%Y-%m")) { *count += 1; }
            if let Some(sum) = revenue.get_mut(&named(day, "%Y-%m")).filter(|_| order.status.counts_as_revenue()) {
                *sum += order.total_amount;
            }
        }
        prop_assert_eq!(calendar.orders_by_day(&counts), days);
        prop_assert_eq!(calendar.orders_by_month(&counts), months);
        prop_assert_eq!(calendar.revenue_by_month(&counts, Currency::USD), revenue);
    }
}

#[test]
fn where_zones_are_a_day_apart_months_begin_on_another_day_than_they_are_counted() {
    let now: Timestamp = "2026-11-22T10:42:21Z".parse().expect("a moment");
    let zone = |name| TimeZone::get(name).expect("a zone");
    for (counted, shown) in [
        ("Pacific/Honolulu", "Pacific/Kiritimati"),
        ("Pacific/Kiritimati", "Pacific/Honolulu"),
        ("Pacific/Pago_Pago", "Pacific/Apia"),
        ("Pacific/Apia", "Pacific/Pago_Pago"),
    ] {
        let calendar = Calendar::new(now, zone(counted), &zone(shown));
        assert!(calendar.cut_days().is_empty(), "{shown} needs no quarter of {counted}");
        let order = order_placed_at("2026-03-31T23:30:00Z".parse().expect("a moment"), 1);
        let sum = tally(None, &order, &zone(counted));
        let (since, cut) = (calendar.days_since(), calendar.cut_days());
        let read = sum.of(&Scope::All).filter(|(cell, _)| cell.is_shown_since(since, cut));
        let counts: Counts = read.collect();
        let month = named(order.created_at.to_zoned(zone(shown)).date(), "%Y-%m");
        let by_month = calendar.orders_by_month(&counts);
        assert_eq!((by_month[&month], by_month.values().sum::<u64>()), (1, 1), "{shown} of {counted}");
        let revenue = calendar.revenue_by_month(&counts, Currency::USD);
        assert_eq!(revenue[&month], order.total_amount, "{shown} of {counted}");
    }
}

#[test]
fn in_the_deployments_own_zone_no_quarter_is_needed() {
    let now: Timestamp = "2026-11-22T10:42:21Z".parse().expect("a moment");
    for zone in ZONES {
        let zone = TimeZone::get(zone).expect("a zone");
        assert!(Calendar::new(now, zone.clone(), &zone).cut_days().is_empty());
    }
    let paris = TimeZone::get("Europe/Paris").expect("a zone");
    let calendar = Calendar::new(now, TimeZone::UTC, &paris);
    let cut = calendar.cut_days().len();
    assert!(cut <= 45, "{cut} days are read by quarter");
}

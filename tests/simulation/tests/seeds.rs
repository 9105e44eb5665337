//! Bad days, each from a number: what fails here can be had again with
//! `cargo run --bin simulation -- --from SEED --trace`.

use oms_simulation::ceiling::shelf::{self, Rush};
use oms_simulation::{run_all, rush};
use oms_table::catalog::stock::StockLevel;
use std::time::Duration;

/// How many seeds are run.
const SEEDS: u64 = 1_000;
/// How many at a time.
const THREADS: usize = 2;

#[test]
fn nothing_goes_wrong_on_many_bad_days() {
    let totals = run_all(0..SEEDS, THREADS, false).unwrap();
    assert!(totals.failed.is_empty(), "seeds, and what went wrong: {:#?}", totals.failed);
    let faults: u64 = totals.faults.values().sum();
    assert!(faults > 3 * SEEDS, "only {faults} faults happened");
}

#[test]
fn the_same_number_gives_the_same_run() {
    let of = |seed| format!("{:?}", run_all(seed..seed + 1, 1, false).unwrap());
    assert_eq!(of(7), of(7));
    assert_ne!(of(7), of(8));
}

#[test]
fn a_hundred_who_want_the_same_thing_at_once_all_get_it() {
    let answered = rush(1, 100, Duration::from_millis(10)).unwrap();
    assert_eq!(answered.into_iter().collect::<Vec<_>>(), [(201, 100)]);
}

#[test]
fn a_shelf_in_several_shards_is_sold_to_the_last_piece_and_no_further() {
    let of = |shards, pieces, most| {
        let rush = Rush { shards, pieces, orders: 300, most, buyers: 40 };
        let sold = shelf::rush(rush).unwrap();
        assert!(sold.adds_up(pieces), "{rush:?}: {sold:?}");
        assert_eq!(sold.gave_up, 0, "{rush:?}");
        sold
    };
    // One piece each: there are exactly as many buyers as pieces, or the shelf is not empty.
    assert_eq!((of(8, 200, 1).pieces, of(8, 1_000, 1).left), (200, 700));
    // Up to three: who wants one finds the last.
    let sold = of(8, 200, 3);
    assert!(sold.left == 0 && !sold.refused.is_empty(), "{sold:?}");
    // More shards take more at a time.
    let [one, eight] = [1, 8].map(|shards| of(shards, 100_000, 3).took);
    assert!(one > 3 * eight, "{one:?} with one shard, {eight:?} with eight");
}

#[test]
fn a_shelf_in_several_shards_is_adjusted_counted_and_removed_as_one() {
    let rush = Rush { shards: 8, pieces: 400, orders: 100, most: 3, buyers: 40 };
    let seen = shelf::afterwards(rush).unwrap();
    let of = |level: StockLevel| (level.available, level.shards > 1);
    let levels = [seen.emptied, seen.refilled, seen.counted, seen.sold].map(of);
    assert_eq!(levels, [(0, true), (50, true), (1_000, false), (801, true)]);
    assert_eq!(seen.items, 0);
}

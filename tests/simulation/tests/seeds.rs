//! A thousand bad days, each from a number: what fails here can be had again with
//! `cargo run --bin simulation -- --from SEED --trace`.

use oms_simulation::{Run, run};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many seeds are run.
const SEEDS: u64 = 1_000;
/// How many at a time.
const THREADS: usize = 2;
/// What a thread of debug builds needs.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Runs something on a thread with room enough.
fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).unwrap().join().unwrap()
}

#[test]
fn nothing_goes_wrong_on_a_thousand_bad_days() {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static FAILED: Mutex<Vec<(u64, Vec<String>)>> = Mutex::new(Vec::new());
    static FAULTS: AtomicU64 = AtomicU64::new(0);
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            let all = || {
                loop {
                    let seed = NEXT.fetch_add(1, Ordering::Relaxed);
                    if seed >= SEEDS {
                        break;
                    }
                    let Run { wrong, faults, .. } = run(seed, false).unwrap();
                    FAULTS.fetch_add(faults.values().sum(), Ordering::Relaxed);
                    if !wrong.is_empty() {
                        FAILED.lock().unwrap().push((seed, wrong));
                    }
                }
            };
            thread.spawn(all).unwrap()
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*FAILED.lock().unwrap(), [], "seeds, and what went wrong");
    let faults = FAULTS.load(Ordering::Relaxed);
    assert!(faults > 10 * SEEDS, "only {faults} faults happened");
}

#[test]
fn the_same_number_gives_the_same_run() {
    let of = |seed| apart(move || format!("{:?}", run(seed, false).unwrap()));
    assert_eq!(of(7), of(7));
    assert_ne!(of(7), of(8));
}

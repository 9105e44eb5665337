//! Runs simulations: `cargo run --bin simulation -- --count 1000`.

use clap::Parser;
use oms_workspace::console::say;
use oms_workspace::report::Fault;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a thread of debug builds needs.
const STACK_BYTES: usize = 64 * 1024 * 1024;

/// Runs the simulations of some seeds, and tells what went wrong
#[derive(Debug, Parser)]
struct Arguments {
    /// The first seed
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many
    #[arg(long, default_value_t = 1)]
    count: u64,
    /// How many at a time
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Show which faults happened, and what was answered how often
    #[arg(long)]
    totals: bool,
    /// Show each request with its answer
    #[arg(long)]
    trace: bool,
}

#[derive(Default)]
struct Totals {
    failed: Vec<(u64, Vec<String>)>,
    faults: BTreeMap<String, u64>,
    answered: BTreeMap<String, u64>,
}

fn main() -> Result<(), Fault> {
    let arguments = Arguments::parse();
    let next = AtomicU64::new(arguments.from);
    let end = arguments.from.saturating_add(arguments.count);
    let totals = Mutex::new(Totals::default());
    std::thread::scope(|scope| -> Result<(), std::io::Error> {
        for _ in 0..arguments.threads {
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            let spawned = thread.spawn_scoped(scope, || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    one(seed, arguments.trace, &totals);
                }
            });
            spawned.map(|_| ())?;
        }
        Ok(())
    })?;
    let totals = totals.into_inner().map_err(|error| error.to_string())?;
    if arguments.totals {
        for (what, times) in totals.faults.iter().chain(&totals.answered) {
            say(format!("{times:>8} {what}"));
        }
    }
    for (seed, wrong) in &totals.failed {
        say(format!("seed {seed}:"));
        wrong.iter().for_each(|wrong| say(format!("    {wrong}")));
    }
    say(format!("{} of {} seeds failed", totals.failed.len(), arguments.count));
    if totals.failed.is_empty() { Ok(()) } else { Err("something went wrong".into()) }
}

fn one(seed: u64, is_told: bool, totals: &Mutex<Totals>) {
    let run = std::panic::catch_unwind(|| oms_simulation::run(seed, is_told));
    let Ok(mut totals) = totals.lock() else { return };
    let wrong = match run {
        Ok(Ok(run)) => {
            for (what, times) in run.faults {
                *totals.faults.entry(what).or_default() += times;
            }
            for (what, times) in run.answered {
                *totals.answered.entry(what).or_default() += times;
            }
            run.wrong
        }
        Ok(Err(error)) => vec![error.to_string()],
        Err(_) => vec!["it panicked".to_owned()],
    };
    if !wrong.is_empty() {
        totals.failed.push((seed, wrong));
    }
}

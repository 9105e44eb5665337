//! Runs simulations: `cargo run --bin simulation -- --count 1000`.

use clap::Parser;
use oms_workspace::console::say;
use oms_workspace::report::Fault;

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

fn main() -> Result<(), Fault> {
    let arguments = Arguments::parse();
    let seeds = arguments.from..arguments.from.saturating_add(arguments.count);
    let totals = oms_simulation::run_all(seeds, arguments.threads, arguments.trace)?;
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

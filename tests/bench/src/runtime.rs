//! What requests take of a function's processor, memory and size: its release binary as a process
//! of its own, under a runtime API as Lambda has it, over a table in the process of the bench.
//!
//! | figure | what it is |
//! |---|---|
//! | init | from the start of the process until it asks for work |
//! | first | the first request that it answers |
//! | warm | the median of later ones, and the 99th in a hundred |
//! | instructions | what valgrind counts of a warm one: the same on every machine, but for some in a thousand |
//!
//! Lists, searches and statistics are measured while nobody is at work: what somebody has changed
//! within the last seconds is read beside the indexes, and costs more.
//!
//! Processor time is that of the process alone, from the kernel's scheduler, in nanoseconds. Where
//! two builds are compared, they take turns, request by request.

mod baseline;
mod process;
mod requests;
mod shares;
mod tls;

pub(crate) use shares::slower;

use self::process::{Process, Taken, instructions};
use self::requests::{Request, prepare};
use crate::life::number;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use oms_domain::Decimal;
use oms_harness::Harness;
use oms_runtime::meter::Consumed;
use oms_workspace::report::{Fault, Report};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a function is started for each request.
const STARTS: usize = 9;
/// How many requests are answered before those that are measured.
const WARM_UP: usize = 20;
/// Of how many requests instructions are counted.
const COUNTED: usize = 10;
/// What a zip has around the one file in it, which is called `bootstrap`: two headers of it, of 30
/// and of 46 bytes, each with the name, and the end of 22.
const AROUND: u64 = 30 + 46 + 22 + 2 * 9;
/// How far apart the numbers of two runs' requests are.
const APART: usize = 1_000;

/// What is measured, and of what.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where the functions' release binaries are
    #[arg(long, default_value = "target/release")]
    functions: PathBuf,
    /// Those of another build, to compare with
    #[arg(long)]
    against: Option<PathBuf>,
    /// How many orders the table has
    #[arg(long, default_value_t = 1_000)]
    orders: u64,
    /// How many warm requests of each kind are measured
    #[arg(long, default_value_t = 300)]
    requests: usize,
    /// Counts instructions and sizes only, with valgrind, and compares them with this file: what is
    /// more than 2 % over it ends with 1
    #[arg(long, conflicts_with = "against")]
    baseline: Option<PathBuf>,
    /// Writes the file instead
    #[arg(long, requires = "baseline")]
    write: bool,
    /// Measures what TLS takes of a start, with openssl, and nothing else
    #[arg(long, conflicts_with_all = ["against", "baseline"])]
    tls: bool,
    /// Writes the figures as JSON, too
    #[arg(long)]
    json: Option<PathBuf>,
}

/// What one request took of one build.
#[derive(Clone, Copy)]
struct Figures {
    init: Taken,
    first: Taken,
    warm: Taken,
    worst: Taken,
    /// The most memory, in bytes.
    peak: u64,
    /// The bytes of an answer, and of what is logged with it.
    answered: usize,
    logged: u64,
}

/// Measures.
///
/// # Errors
/// Where a function does not start, or answers otherwise than it should.
pub(crate) async fn run(options: &Options, progress: &mut impl Write) -> Result<Report, Fault> {
    let harness = Harness::set_up()?;
    let requests = prepare(&harness, options.orders, progress).await?;
    if let Some(first) = requests.first().filter(|_| options.tls) {
        return tls::run(&harness, first, &options.functions).await;
    }
    if let Some(file) = &options.baseline {
        return baseline::run(&harness, &requests, &options.functions, file, options.write, progress).await;
    }
    let builds: Vec<&Path> =
        std::iter::once(options.functions.as_path()).chain(options.against.as_deref()).collect();
    let mut text = format!(
        "{:26} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7}\n",
        "ms", "warm cpu", "p99 cpu", "warm wall", "first cpu", "1st wall", "init cpu", "init wall", "MB"
    );
    let (mut rows, mut lambdas) = (Vec::new(), Vec::new());
    for request in &requests {
        writeln!(progress, "{}", request.name)?;
        // What writes comes last, so that all that only reads is asked while nobody is at work.
        let consumed = request.check(&harness).await?;
        let measured = measure(&harness, request, &builds, options.requests).await?;
        for (figures, build) in measured.iter().zip(&builds) {
            if *build == options.functions {
                lambdas.push((request.name, *figures));
            }
            writeln!(text, "{}", row(request.name, figures))?;
            rows.push(figures.json(
                request.name,
                if *build == options.functions { "ours" } else { "theirs" },
                consumed,
            ));
        }
        if let [ours, theirs] = measured.as_slice() {
            let ratio = ms(ours.warm.cpu).checked_div(ms(theirs.warm.cpu)).unwrap_or_default();
            writeln!(text, "{:26} {:>9} of the other's", "", ratio.round_dp(2))?;
        }
    }
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_string_pretty(&rows)? + "\n")?;
    }
    text.push_str(&shares::of_a_processor(&lambdas));
    text.push_str(&zips(&options.functions)?);
    Ok(Report::new(text.trim_end(), true))
}

/// The environment of a function over the harness's table, without what spares work.
fn environment(harness: &Harness, function: &str) -> Result<BTreeMap<String, String>, Fault> {
    let mut environment = harness.environment(function)?;
    for (name, value) in [
        ("CACHE_TIMEOUT", "0"),
        ("STATS_CACHE_TIMEOUT", "0"),
        ("RATE_LIMIT", "0"),
        ("DEBUG_CAPACITY", "off"),
        // As deployed, a function writes its figures into the log.
        ("STACK_NAME", "bench"),
    ] {
        environment.insert(name.to_owned(), value.to_owned());
    }
    Ok(environment)
}

async fn measure(
    harness: &Harness,
    request: &Request,
    builds: &[&Path],
    requests: usize,
) -> Result<Vec<Figures>, Fault> {
    let environment = environment(harness, request.function)?;
    let programs: Vec<String> =
        builds.iter().map(|build| build.join(request.function).display().to_string()).collect();
    let mut number = 0;
    let mut event = || {
        number += 1;
        request.event(number)
    };
    let mut starts: Vec<Vec<(Taken, Taken)>> = vec![Vec::new(); programs.len()];
    let mut processes = Vec::new();
    for start in 1..=STARTS {
        for (program, starts) in programs.iter().zip(&mut starts) {
            let (mut process, init) = Process::start(&[program], &environment).await?;
            let first = answered(request, &mut process, &event()).await?;
            starts.push((init, first));
            if start == STARTS {
                processes.push(process);
            }
        }
    }
    let before: Vec<u64> = processes.iter().map(Process::logged).collect();
    let mut warm: Vec<Vec<Taken>> = vec![Vec::new(); programs.len()];
    for round in 0..WARM_UP + requests {
        for (process, warm) in processes.iter_mut().zip(&mut warm) {
            let taken = answered(request, process, &event()).await?;
            if round >= WARM_UP {
                warm.push(taken);
            }
        }
    }
    let mut figures = Vec::new();
    for (((process, starts), warm), before) in processes.iter().zip(starts).zip(warm).zip(before) {
        let (inits, firsts): (Vec<_>, Vec<_>) = starts.into_iter().unzip();
        figures.push(Figures {
            init: of_hundred(&inits, 50),
            first: of_hundred(&firsts, 50),
            warm: of_hundred(&warm, 50),
            worst: of_hundred(&warm, 99),
            peak: process.peak()?,
            answered: process.answered,
            logged: (process.logged() - before) / (WARM_UP + requests) as u64,
        });
    }
    Ok(figures)
}

async fn answered(request: &Request, process: &mut Process, event: &Value) -> Result<Taken, Fault> {
    let (status, taken) = process.invoke(event).await?;
    if status == request.status {
        return Ok(taken);
    }
    Err(format!("{}: {status} instead of {}", request.name, request.status).into())
}

/// What so many in a hundred do not exceed.
fn of_hundred(taken: &[Taken], rank: usize) -> Taken {
    let at = |figure: fn(&Taken) -> Duration| {
        let mut figures: Vec<Duration> = taken.iter().map(figure).collect();
        figures.sort_unstable();
        figures.get((figures.len().saturating_sub(1) * rank).div_ceil(100)).copied().unwrap_or_default()
    };
    Taken { wall: at(|taken| taken.wall), cpu: at(|taken| taken.cpu) }
}

fn ms(duration: Duration) -> Decimal {
    Decimal::new(i64::try_from(us(duration)).unwrap_or(i64::MAX), 3)
}

fn us(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn row(name: &str, figures: &Figures) -> String {
    let Figures { init, first, warm, worst, peak, .. } = figures;
    let columns = [warm.cpu, worst.cpu, warm.wall, first.cpu, first.wall, init.cpu, init.wall];
    let mut row = format!("{name:26}");
    for column in columns {
        let _ = write!(row, " {:>9}", ms(column).round_dp(2));
    }
    let _ = write!(row, " {:>7}.{}", peak / 1_000_000, peak / 100_000 % 10);
    row
}

impl Figures {
    fn json(&self, request: &str, build: &str, consumed: Consumed) -> Value {
        let taken = |taken: &Taken| json!({ "cpu_us": us(taken.cpu), "wall_us": us(taken.wall) });
        json!({
            "request": request, "build": build, "init": taken(&self.init), "first": taken(&self.first),
            "warm": taken(&self.warm), "p99": taken(&self.worst), "peak_bytes": self.peak,
            "answer_bytes": self.answered, "log_bytes": self.logged,
            "rcu": number(consumed.read_units()), "wcu": number(consumed.write_units()),
            "trips": consumed.trips,
        })
    }
}

/// How large each function is as it is shipped: its bootstrap alone in a zip, deflated.
fn zips(functions: &Path) -> Result<String, Fault> {
    let mut text = format!("\n{:26} {:>9} {:>9}\n", "bytes", "zip", "bootstrap");
    for name in names()? {
        let program = functions.join(&name);
        let whole = std::fs::metadata(&program)?.len();
        writeln!(text, "{name:26} {:>9} {whole:>9}", packed(&program)? + AROUND)?;
    }
    Ok(text)
}

/// The functions, by the names of their crates and of their programs.
fn names() -> Result<Vec<String>, Fault> {
    let folders = std::fs::read_dir(oms_workspace::root().join("functions"))?;
    let mut names = Vec::new();
    for folder in folders {
        names.push(folder?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// How large a function is packed, in bytes.
fn packed(program: &Path) -> Result<u64, Fault> {
    let mut deflater = DeflateEncoder::new(Vec::new(), Compression::best());
    deflater.write_all(&std::fs::read(program)?)?;
    Ok(deflater.finish()?.len() as u64)
}

/// How many instructions it takes to start, and to answer one more request of a kind.
async fn counted(harness: &Harness, request: &Request, functions: &Path) -> Result<[u64; 2], Fault> {
    let environment = environment(harness, request.function)?;
    let program = functions.join(request.function);
    // No two runs ask for the same edits: one that changes nothing saves nothing.
    let count = async |run: usize, requests: usize| {
        let events: Vec<Value> = (0..requests).map(|number| request.event(run * APART + number)).collect();
        instructions(&program, &environment, &events, request.status).await
    };
    let before = count(1, WARM_UP).await?;
    let after = count(2, WARM_UP + COUNTED).await?;
    let init = count(3, 0).await?;
    Ok([init, after.saturating_sub(before) / COUNTED as u64])
}

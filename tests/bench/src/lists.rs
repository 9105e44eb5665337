//! What requests cost at 1,000 and at 100,000 orders: units and round trips of each kind of list,
//! and of each step of an order's life, held to their budgets.

mod at_work;
mod goods;
mod life;
mod pages;

use futures::{StreamExt, TryStreamExt};
use jiff::SignedDuration;
use oms_domain::Order;
use oms_harness::OrderGenerator;
use oms_harness::paging;
use oms_harness::{Answer, Harness};
use oms_workspace::report::{Fault, Report};
use oms_workspace::tokens::User;
use std::fmt::Write as _;
use std::io::Write;
use std::time::Instant;

/// Orders a day: 100,000 a year.
const A_DAY: i64 = 274;
const USERS: u64 = 1_000;
const STORES: u64 = 50;
/// How long ago the last order was placed: long enough for it to have come to its end.
const SINCE: SignedDuration = SignedDuration::from_hours(72);
/// Whose lists and statistics are read: somebody with as many orders whatever the shop's size.
const REGULAR: &str = "regular";
/// How many orders they have: two pages.
const THEIRS: u64 = 40;
/// How many orders are saved at the same time.
const AT_ONCE: usize = 32;
/// How many orders the consumer is given at once, as by the stream.
const BATCH: usize = 100;
/// How many orders a page shows.
const PAGE_SIZE: u64 = 20;
/// How many orders a page shows to whoever pages through all of them.
const LARGE_PAGE: u64 = 100;
/// How much dearer a request may be among a hundred times as many orders, in percent.
const GROWTH_PERCENT: u64 = 10;

/// A kind of request, and what it may cost.
struct Line {
    name: &'static str,
    unit: Unit,
    units: u64,
    trips: u64,
}

/// Which units count: reads where nothing is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Read,
    Write,
}

#[derive(Clone, Copy)]
pub(crate) enum Who {
    Staff,
    Vendor,
    Customer,
}

impl Who {
    pub(crate) fn user(self) -> User {
        match self {
            Self::Staff => User::new("boss", Some("staff")),
            Self::Vendor => User::new("vendor", Some("vendor")),
            Self::Customer => User::new(REGULAR, None),
        }
    }
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::Read => "RCU",
            Self::Write => "WCU",
        }
    }
}

/// What an answer cost.
#[derive(Clone, Copy)]
struct Cost {
    /// Units, in tenths.
    tenths: u64,
    trips: u64,
    /// Of how many orders it is a page, where it is one.
    count: Option<u64>,
}

impl Cost {
    /// What an answer cost, which must have this status.
    fn of(answer: &Answer, unit: Unit, status: u16) -> Result<Self, Fault> {
        if answer.status != status {
            return Err(format!("{} instead of {status}: {}", answer.status, answer.body).into());
        }
        let parts = || answer.capacity.split(';').filter_map(|part| part.split_once('='));
        let number = |name: &str| parts().find(|(key, _)| *key == name).map_or("0", |(_, value)| value);
        let units = number(match unit {
            Unit::Read => "rcu",
            Unit::Write => "wcu",
        });
        let (whole, tenths) = units.split_once('.').unwrap_or((units, "0"));
        Ok(Self {
            tenths: whole.parse::<u64>()? * 10 + tenths.parse::<u64>()?,
            trips: number("trips").parse()?,
            count: None,
        })
    }

    /// Whether it says what a full page costs.
    const fn is_full(&self) -> bool {
        match self.count {
            Some(count) => count > PAGE_SIZE,
            None => true,
        }
    }
}

/// What was measured at one size.
struct MeasuredMetric {
    lines: Vec<(Line, Option<Cost>)>,
    browsed: Report,
}

/// Loads the orders, tells `progress` how far it is, and reports what each request costs; then
/// reads whole lists page by page while orders are placed and changed.
///
/// # Errors
/// Where the table cannot be set up, or a request is refused.
pub(crate) async fn run(sizes: &[u64], progress: &mut impl Write) -> Result<Report, Fault> {
    let mut measured = Vec::new();
    for size in sizes {
        measured.push(measure(*size, progress).await?);
    }
    let columns: String = sizes.iter().map(|size| format!("{size:>26}")).collect();
    let mut text = format!("{:44} {:>16}{columns}\n", "request", "budget");
    let mut is_well = true;
    for index in 0..measured.first().map_or(0, |measured| measured.lines.len()) {
        let row: Vec<_> = measured.iter().filter_map(|measured| measured.lines.get(index)).collect();
        let Some((line, _)) = row.first() else { continue };
        let costs: Vec<Option<Cost>> = row.iter().map(|(_, cost)| *cost).collect();
        let verdict = judged(line, &costs);
        is_well &= verdict.is_empty();
        let Line { name, unit, units, trips } = line;
        let shown: String = costs.iter().map(|cost| show(*unit, cost.as_ref())).collect();
        writeln!(text, "{name:44} {units:>4} {} {trips:>2} trips{shown} {verdict}", unit.name())?;
    }
    for (size, MeasuredMetric { browsed, .. }) in sizes.iter().zip(&measured) {
        is_well &= browsed.is_well;
        write!(text, "\nwhile orders are placed and changed among {size}:\n{}", browsed.text)?;
    }
    Ok(Report::new(text, is_well))
}

/// What is wrong with what a request costs at some sizes.
fn judged(line: &Line, costs: &[Option<Cost>]) -> &'static str {
    let known: Vec<&Cost> = costs.iter().flatten().collect();
    if known.iter().any(|cost| cost.tenths > line.units * 10 || cost.trips > line.trips) {
        return "OVER";
    }
    // A page that is not full says nothing about a full one.
    let is_full = known.iter().all(|cost| cost.is_full());
    let grew = |(first, last): (&&Cost, &&Cost)| {
        last.tenths.saturating_mul(100) > first.tenths.saturating_mul(100 + GROWTH_PERCENT)
    };
    if is_full && known.first().zip(known.last()).is_some_and(grew) { "GREW" } else { "" }
}

fn show(unit: Unit, cost: Option<&Cost>) -> String {
    let Some(Cost { tenths, trips, count }) = cost else { return format!("{:>26}", "-") };
    let of = count.map_or_else(|| " ".repeat(10), |count| format!(" of {count:>6}"));
    format!("{:>9}.{} {} {trips}{of}", tenths / 10, tenths % 10, unit.name())
}

async fn measure(size: u64, out: &mut impl Write) -> Result<MeasuredMetric, Fault> {
    let harness = Harness::set_up()?;
    let generator = fill(&harness, size, out).await?;
    let mut lines = pages::measure(&harness, &generator, size).await?;
    lines.extend(life::measure(&harness, &generator, size).await?);
    lines.extend(at_work::measure(&harness).await?);
    let browsed = paging::prove(&harness, &generator, size, LARGE_PAGE).await?;
    Ok(MeasuredMetric { lines, browsed })
}

/// Fills a table with so many orders, those of [`REGULAR`] and the goods of all stores; what made
/// them.
///
/// # Errors
/// Where the table cannot be written.
pub(crate) async fn fill(
    harness: &Harness,
    size: u64,
    out: &mut impl Write,
) -> Result<OrderGenerator, Fault> {
    let every = SignedDuration::from_secs(86_400 / A_DAY);
    let took =
        i32::try_from(size).map_or(SignedDuration::MAX, |size| every.checked_mul(size).unwrap_or_default());
    let generator = OrderGenerator::new(USERS, STORES, harness.app.now() - SINCE - took, every);
    let started = Instant::now();
    load(harness, &generator, size, out).await?;
    let theirs = (size..size + THEIRS).map(|number| generator.order_by(REGULAR, number));
    save(harness, theirs.collect::<Result<_, _>>()?).await?;
    writeln!(out, ", in {} s", started.elapsed().as_secs())?;
    goods::load(harness, &generator).await?;
    Ok(generator)
}

async fn load(
    harness: &Harness,
    generator: &OrderGenerator,
    size: u64,
    out: &mut impl Write,
) -> Result<(), Fault> {
    let numbers: Vec<u64> = (0..size).collect();
    for numbers in numbers.chunks(BATCH) {
        let orders =
            numbers.iter().map(|number| generator.order(*number)).collect::<Result<Vec<Order>, _>>()?;
        save(harness, orders).await?;
        write!(out, "\rloaded {} of {size}", numbers.last().map_or(0, |last| last + 1))?;
        out.flush()?;
    }
    Ok(())
}

async fn save(harness: &Harness, orders: Vec<Order>) -> Result<(), Fault> {
    let saves = futures::stream::iter(orders.iter().map(|order| harness.save(None, order)));
    saves.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    harness.apply(orders).await
}

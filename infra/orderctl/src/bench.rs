//! What lists cost at 1,000 and at 100,000 orders: units and round trips of each kind of list, held
//! to its budget.

use crate::report::Report;
use crate::samples::Samples;
use crate::stand::{Fault, Stand};
use futures::{StreamExt, TryStreamExt};
use jiff::SignedDuration;
use oms_domain::Order;
use oms_local::tokens::User;
use std::fmt::Write as _;
use std::io::Write;

/// Orders a day: 100,000 a year.
const A_DAY: i64 = 274;
const USERS: u64 = 1_000;
const STORES: u64 = 50;
/// How many orders are saved at the same time.
const AT_ONCE: usize = 32;
/// How many orders the consumer is given at once.
const BATCH: usize = 2_000;
/// How many orders a page shows.
const PAGE_SIZE: u64 = 20;
/// How much dearer a list may be among a hundred times as many orders, in percent.
const GROWTH_PERCENT: u64 = 10;

/// A kind of list, and what a page of it may cost.
struct Line {
    name: &'static str,
    /// Whether staff, a customer or a vendor asks.
    who: Who,
    path: String,
    trips: u64,
    units: u64,
    /// Whether it needs more orders than the smaller table has.
    only_large: bool,
}

#[derive(Clone, Copy)]
enum Who {
    Staff,
    Customer,
}

/// What an answer cost.
#[derive(Clone, Copy)]
struct Cost {
    /// Read units, in tenths.
    tenths: u64,
    trips: u64,
    count: u64,
}

/// Loads the orders, tells `progress` how far it is, and reports what each list costs.
///
/// # Errors
/// Where the table cannot be set up, or a list is refused.
pub async fn run(sizes: &[u64], progress: &mut impl Write) -> Result<Report, Fault> {
    let mut measured = Vec::new();
    for size in sizes {
        measured.push(measure(*size, progress).await?);
    }
    let mut is_within = true;
    let mut out = String::new();
    writeln!(
        out,
        "{:44} {:>14} {}",
        "list",
        "budget",
        sizes.iter().map(|size| format!("{size:>24}")).collect::<String>()
    )?;
    let lines = measured.first().map_or(0, Vec::len);
    for index in 0..lines {
        let row: Vec<&(Line, Option<Cost>)> = measured.iter().filter_map(|lines| lines.get(index)).collect();
        let Some((line, _)) = row.first() else { continue };
        let costs: Vec<Option<Cost>> = row.iter().map(|(_, cost)| *cost).collect();
        let is_over =
            costs.iter().flatten().any(|cost| cost.tenths > line.units * 10 || cost.trips > line.trips);
        let known: Vec<u64> = costs.iter().flatten().map(|cost| cost.tenths).collect();
        // A page that is not full says nothing about a full one.
        let is_full = costs.iter().flatten().all(|cost| cost.count > PAGE_SIZE);
        let has_grown = is_full
            && known.first().zip(known.last()).is_some_and(|(first, last)| {
                last.saturating_mul(100) > first.saturating_mul(100 + GROWTH_PERCENT)
            });
        is_within &= !is_over && !has_grown;
        let shown: String = costs
            .iter()
            .map(|cost| match cost {
                Some(Cost { tenths, trips, count }) => {
                    format!("{:>8}.{} RCU {trips} of {count:>6}", tenths / 10, tenths % 10)
                }
                None => format!("{:>24}", "-"),
            })
            .collect();
        let verdict = match (is_over, has_grown) {
            (true, _) => "OVER",
            (false, true) => "GREW",
            (false, false) => "",
        };
        writeln!(out, "{:44} {:>4} RCU {:>2} trips{shown} {verdict}", line.name, line.units, line.trips)?;
    }
    Ok(Report { text: out, is_well: is_within })
}

async fn measure(size: u64, out: &mut impl Write) -> Result<Vec<(Line, Option<Cost>)>, Fault> {
    let keys = std::env::temp_dir().join(format!("orderctl-bench-{}", std::process::id()));
    let stand = Stand::set_up(&keys)?;
    std::fs::remove_dir_all(&keys)?;
    let every = SignedDuration::from_secs(86_400 / A_DAY);
    let took =
        i32::try_from(size).map_or(SignedDuration::MAX, |size| every.checked_mul(size).unwrap_or_default());
    let samples = Samples::new(USERS, STORES, stand.app.now() - took, every);
    load(&stand, &samples, size, out).await?;
    let mut measured = Vec::new();
    for line in lines(&stand, &samples, size)? {
        if line.only_large && size < 10_000 {
            measured.push((line, None));
            continue;
        }
        let user = match line.who {
            Who::Staff => User::new("boss", Some("staff")),
            Who::Customer => User::new("customer300", None),
        };
        let answer = stand.get(&stand.token(&user)?, &line.path).await?;
        if answer.status != 200 {
            return Err(format!("{}: {} {}", line.path, answer.status, answer.body).into());
        }
        let cost = cost(&answer.capacity, answer.body["count"].as_u64().unwrap_or(0));
        measured.push((line, Some(cost)));
    }
    Ok(measured)
}

async fn load(stand: &Stand, samples: &Samples, size: u64, out: &mut impl Write) -> Result<(), Fault> {
    let numbers: Vec<u64> = (0..size).collect();
    for numbers in numbers.chunks(BATCH) {
        let orders =
            numbers.iter().map(|number| samples.order(*number)).collect::<Result<Vec<Order>, _>>()?;
        let saves = futures::stream::iter(orders.iter().map(|order| stand.save(None, order)));
        saves.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        stand.keep(orders).await?;
        write!(out, "\rloaded {} of {size}", numbers.last().map_or(0, |last| last + 1))?;
        out.flush()?;
    }
    writeln!(out)?;
    Ok(())
}

fn lines(stand: &Stand, samples: &Samples, size: u64) -> Result<Vec<Line>, Fault> {
    let line = |name, query: String, trips, units| Line {
        name,
        who: Who::Staff,
        path: format!("/api/orders/?{query}"),
        trips,
        units,
        only_large: false,
    };
    let store = samples.stores.first().ok_or("no stores")?.id;
    let some = samples.order(size / 2)?;
    let day = (stand.app.now() - SignedDuration::from_hours(48)).strftime("%Y-%m-%d");
    let mine = |name, query: &str| Line {
        who: Who::Customer,
        path: format!("/api/orders/my_orders/?{query}"),
        ..line(name, String::new(), 2, 4)
    };
    let all = vec![
        mine("my orders", ""),
        mine("my orders, last page", "page=last"),
        line("all", String::new(), 2, 6),
        line("all, last page", "page=last".into(), 2, 6),
        line("by status", "status=shipped".into(), 2, 6),
        line("by store", format!("store={store}"), 2, 6),
        line("by store and status", format!("store={store}&status=delivered"), 2, 6),
        line("payment status", "payment_status=paid".into(), 3, 40),
        line("payment method", "payment_method=cryptocurrency".into(), 3, 40),
        line("shipping method", "shipping_method=overnight".into(), 3, 40),
        line("two statuses", "status__in=pending,confirmed".into(), 3, 40),
        line(
            "status, method, shipping",
            "status=delivered&payment_method=paypal&shipping_method=express".into(),
            3,
            40,
        ),
        line(
            "rare facets",
            "status=processing&payment_method=cryptocurrency&shipping_method=international".into(),
            3,
            40,
        ),
        line("store, payment method", format!("store={store}&payment_method=paypal"), 3, 40),
        line("user, status", format!("user={}&status=delivered", some.user.id), 3, 40),
        line("a day", format!("created_at__gte={day}"), 3, 40),
        line("a day, status", format!("created_at__gte={day}&status=pending"), 3, 40),
        line("totals", "total_amount__gte=100&total_amount__lte=250".into(), 3, 40),
        line("search, whole number", format!("search={}", some.order_number), 3, 10),
        line("search, infix of a number", format!("search={}", &some.order_number[8..]), 3, 10),
        line("search, infix of a tracking number", format!("search={}", infix(samples, size)?), 3, 10),
        line("by total", "ordering=-total_amount".into(), 3, 20),
        Line { only_large: true, ..line("page 250", "page=250".into(), 3, 10) },
        Line {
            only_large: true,
            ..line("page 250 by total", "page=250&ordering=total_amount".into(), 3, 20)
        },
        Line { only_large: true, ..line("page 500", "page=500".into(), 3, 10) },
        Line {
            only_large: true,
            ..line("page 500 by total", "page=500&ordering=total_amount".into(), 3, 20)
        },
    ];
    Ok(all)
}

/// A part of some tracking number.
fn infix(samples: &Samples, size: u64) -> Result<String, Fault> {
    for number in size / 3..size {
        let order = samples.order(number)?;
        if let Some(part) = order.tracking_number.get(5..15) {
            return Ok(part.to_owned());
        }
    }
    Err("no order was shipped".into())
}

fn cost(capacity: &str, count: u64) -> Cost {
    let of = |name: &str| {
        capacity.split(';').filter_map(|part| part.split_once('=')).find(|(key, _)| *key == name)
    };
    let number = |name| of(name).map_or("0", |(_, value)| value);
    let (whole, tenths) = number("rcu").split_once('.').unwrap_or((number("rcu"), "0"));
    let tenths = whole.parse::<u64>().unwrap_or(0) * 10 + tenths.parse::<u64>().unwrap_or(0);
    Cost { tenths, trips: number("trips").parse().unwrap_or(0), count }
}

//! Orders of an export into a table that lacks them.

mod file;

use crate::environment::Environment;
use crate::progress::Progress;
use clap::Args;
use file::OrderFile;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::tz::TimeZone;
use oms_core::app::App;
use oms_core::events::publishing;
use oms_domain::{Order, OrderId};
use oms_table::TableError;
use oms_table::orders::import::Imported;
use oms_table::orders::order_numbers;
use oms_workspace::report::{Fault, Report};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

/// How many orders are written at the same time.
const AT_ONCE: usize = 16;
/// How many orders are written before it is looked whether it goes too fast.
const CHUNK: usize = 64;
/// How many days back order numbers may still be dealt, at whatever place on Earth.
const DEALT_DAYS: i64 = 2;

/// What is to be written.
#[derive(Args, Clone, Debug)]
pub struct Import {
    /// The file that `export` has written, as JSON Lines
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How many orders a second to write at most
    #[arg(long, value_name = "ORDERS", value_parser = crate::cli::rate())]
    rate: Option<u32>,
}

/// What came of all orders.
#[derive(Default)]
struct Outcome {
    written: u64,
    same: u64,
    /// Those that wait for a gateway, which nobody asks for them by itself.
    waiting: u64,
    left: Vec<String>,
}

impl Import {
    /// Does what was asked, to a deployment.
    ///
    /// # Errors
    /// The file or the table cannot be read, or the table not be written; settings are missing.
    pub async fn run(self, environment: &Environment) -> Result<Report, Fault> {
        let app = environment.app().await?;
        let file = OrderFile::check(&self.file)?;
        if !file.wrong.is_empty() {
            let wrong = file.wrong.join("\n");
            let report = Report::new(format!("{wrong}\nnothing was written"), false);
            return Ok(report.with("written", 0).with("wrong", file.wrong));
        }
        skip_numbers(&app, &file.numbers).await?;
        let taken = taken(&app, &file.numbers).await?;
        let outcome = self.write(&app, &file, &taken).await?;
        Ok(outcome.report())
    }

    async fn write(
        &self,
        app: &App,
        file: &OrderFile,
        taken: &HashMap<String, OrderId>,
    ) -> Result<Outcome, Fault> {
        let progress = Progress::begin("orders imported", file.numbers.len() as u64);
        let (reading, began) = (progress.reading(self.rate), app.now());
        let mut outcome = Outcome::default();
        let mut done = 0;
        let mut orders = file.orders()?;
        loop {
            let chunk: Vec<Order> = orders.by_ref().take(CHUNK).collect::<Result<_, _>>()?;
            if chunk.is_empty() {
                return Ok(outcome);
            }
            done += chunk.len() as u64;
            let writes = chunk.iter().map(|order| async move { (order, one(app, order, taken).await) });
            let mut writes = stream::iter(writes).buffer_unordered(AT_ONCE);
            while let Some((order, came)) = writes.next().await {
                outcome.add(order, came?);
            }
            drop(writes);
            reading.pace(began, app.now(), done).await;
        }
    }
}

/// Writes an order; why it was left, if it was.
async fn one(
    app: &App,
    order: &Order,
    taken: &HashMap<String, OrderId>,
) -> Result<Result<Imported, String>, TableError> {
    if let Some(other) = taken.get(&order.order_number) {
        return Ok(Err(format!("its number is that of order {other}")));
    }
    match app.table().import(order, publishing::CONSUMER).await {
        Ok(Imported::Different) => Ok(Err("another state of it is there".to_owned())),
        Ok(came) => Ok(Ok(came)),
        Err(TableError::TooLarge) => Ok(Err("it is larger than an order may be".to_owned())),
        Err(error) => Err(error),
    }
}

/// Has the numbers of the days at which some may still be dealt go on after those of the file.
async fn skip_numbers(app: &App, numbers: &HashMap<String, OrderId>) -> Result<(), Fault> {
    let mut last = BTreeMap::new();
    for (day, number) in numbers.keys().filter_map(|number| order_numbers::read(number)) {
        let last = last.entry(day).or_insert(number);
        *last = number.max(*last);
    }
    let today = app.now().to_zoned(TimeZone::UTC).date();
    for (day, number) in last {
        let age = today.since(day).map_or(i64::MAX, |age| i64::from(age.get_days()));
        if age <= DEALT_DAYS {
            app.table().skip_order_numbers(day, number).await?;
        }
    }
    Ok(())
}

/// The numbers of the file that other orders of the table have: all of them are read once.
async fn taken(app: &App, numbers: &HashMap<String, OrderId>) -> Result<HashMap<String, OrderId>, Fault> {
    let progress = Progress::of_orders("orders of the table looked at", app).await;
    let (mut taken, mut read) = (HashMap::new(), 0);
    let mut pages = app.all_orders();
    while let Some(page) = pages.try_next().await? {
        read += page.orders.len() as u64;
        progress.tell(read);
        let others = page
            .orders
            .into_iter()
            .filter(|there| numbers.get(&there.order_number).is_some_and(|here| *here != there.id));
        taken.extend(others.map(|there| (there.order_number, there.id)));
    }
    Ok(taken)
}

impl Outcome {
    fn add(&mut self, order: &Order, came: Result<Imported, String>) {
        match came {
            Ok(Imported::Written) => {
                self.written += 1;
                self.waiting += u64::from(order.awaits_gateway());
            }
            Ok(Imported::Same) => self.same += 1,
            Ok(Imported::Different) => self.left.push(format!("order {} is left", order.id)),
            Err(why) => self.left.push(format!("order {} ({}) is left: {why}", order.id, order.order_number)),
        }
    }

    fn report(self) -> Report {
        let Self { written, same, waiting, left } = self;
        let mut text: String = left.iter().map(|order| format!("{order}\n")).collect();
        text.push_str(&format!("{written} orders written, {same} were there already, {} left", left.len()));
        if waiting > 0 {
            text.push_str(&format!(
                "\n{waiting} of them wait for the gateway's answer, which is asked for with their next change"
            ));
        }
        let report = Report::new(text, left.is_empty());
        report.with("written", written).with("same", same).with("waiting", waiting).with("left", left)
    }
}

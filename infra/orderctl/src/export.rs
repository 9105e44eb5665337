//! Orders to a file: whole as JSON Lines, or what lists show of them as CSV.

mod csv;
mod filter;
mod output;

use crate::environment::Environment;
use crate::progress::Progress;
use crate::record;
use clap::{Args, ValueEnum};
use filter::Filter;
use futures::TryStreamExt;
use oms_core::app::App;
use oms_domain::Order;
use oms_table::orders::scan::Unreadable;
use oms_workspace::console::say;
use oms_workspace::report::{Fault, Report};
use output::Output;
use std::io::Write;
use std::path::PathBuf;

/// What is to be written, and where.
#[derive(Args, Clone, Debug)]
pub struct Export {
    /// The file; standard output where it is - or left out
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// How the orders are written
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    #[command(flatten)]
    filter: Filter,
    /// How many orders a second to read at most, each a read unit for each 4 KB
    #[arg(long, value_name = "ORDERS", value_parser = crate::cli::rate())]
    rate: Option<u32>,
}

/// How orders are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line of JSON for each, with its whole log
    Jsonl,
    /// A line for each of what lists show, for spreadsheets
    Csv,
}

impl Export {
    /// Whether the orders themselves go to standard output.
    #[must_use]
    pub fn is_to_standard_output(&self) -> bool {
        self.file.as_ref().is_none_or(|file| file.as_os_str() == "-")
    }

    /// Does what was asked, of a deployment. What went to standard output is told of on standard
    /// error.
    ///
    /// # Errors
    /// The table cannot be read, or the file not written; settings are missing.
    pub async fn run(self, environment: &Environment) -> Result<Report, Fault> {
        let app = environment.app().await?;
        let file = if self.is_to_standard_output() { None } else { self.file.clone() };
        let report = self.write(&app, Output::open(file.clone())?).await?;
        if file.is_some() {
            return Ok(report);
        }
        say(&report.text);
        Ok(Report::new("", report.is_well))
    }

    async fn write(&self, app: &App, mut output: Output) -> Result<Report, Fault> {
        if self.format == Format::Csv {
            output.write_all(csv::HEADER.as_bytes())?;
        }
        let progress = Progress::of_orders("orders read", app).await;
        let (reading, began) = (progress.reading(self.rate), app.now());
        let (mut read, mut written) = (0, 0);
        let mut unreadable = Vec::new();
        let mut pages = app.all_orders();
        while let Some(page) = pages.try_next().await? {
            read += page.orders.len() as u64;
            unreadable.extend(page.unreadable);
            for order in page.orders.into_iter().filter(|order| self.filter.wants(order)) {
                match self.line(app, order).await? {
                    Ok(line) => {
                        output.write_all(line.as_bytes())?;
                        written += 1;
                    }
                    Err(without) => unreadable.push(without),
                }
            }
            reading.pace(began, app.now(), read).await;
        }
        output.finish()?;
        let mut text: String = unreadable.iter().map(|order| format!("{order}\n")).collect();
        text.push_str(&format!("{written} orders written, of {read} that were read"));
        let report = Report::new(text, unreadable.is_empty());
        Ok(report.with("read", read).with("written", written).with("unreadable", unreadable.len()))
    }

    /// The line of an order, or why it cannot be read to its beginning.
    async fn line(&self, app: &App, mut order: Order) -> Result<Result<String, Unreadable>, Fault> {
        if self.format == Format::Csv {
            return Ok(Ok(csv::line(&order)));
        }
        match app.table().recall(&mut order, 0).await {
            Ok(()) => Ok(Ok(record::write(&order)? + "\n")),
            Err(error) if error.is_of_the_item() => {
                Ok(Err(Unreadable::new(order.id.to_string(), &error, None)))
            }
            Err(error) => Err(error.into()),
        }
    }
}

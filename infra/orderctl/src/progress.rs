//! How far a long work has got, for whoever waits: a bar at a terminal, else a line now and then.

use indicatif::{ProgressBar, ProgressFinish, ProgressState, ProgressStyle};
use oms_core::app::App;
use oms_core::statistics::verify_all::Reading;
use oms_workspace::console::say;
use std::cell::Cell;
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(5);

/// Tells how many there are by now, to standard error.
pub(crate) struct Progress<'a> {
    tell: Box<dyn Fn(u64) + 'a>,
}

impl<'a> Progress<'a> {
    /// Begins now; `what` is counted, of about so many, or of nobody knows how many where that is
    /// 0.
    pub(crate) fn begin(what: &'a str, about: u64) -> Self {
        if std::io::stderr().is_terminal() {
            let bar = bar(what, about);
            return Self { tell: Box::new(move |count| bar.set_position(count)) };
        }
        let (began, told) = (Instant::now(), Cell::new(Instant::now()));
        let tell = move |count: u64| {
            if told.get().elapsed() >= EVERY {
                told.set(Instant::now());
                let a_second = count / began.elapsed().as_secs().max(1);
                let of = if about > 0 { format!(" of ~{about}") } else { String::new() };
                say(format!("{count}{of} {what}, {a_second} a second"));
            }
        };
        Self { tell: Box::new(tell) }
    }

    /// The same of orders that are read, of which DynamoDB knows about how many there are, if it
    /// may be asked.
    pub(crate) async fn of_orders(what: &'a str, app: &App) -> Self {
        let about = app.table().describe().await.map_or(0, |table| table.orders_estimate());
        Self::begin(what, about)
    }

    /// So many by now.
    pub(crate) fn tell(&self, count: u64) {
        (self.tell)(count);
    }

    /// A reading that tells it, at most so fast.
    pub(crate) fn reading(&self, orders_per_second: Option<u32>) -> Reading<'_> {
        Reading { orders_per_second, progress: &*self.tell }
    }
}

fn bar(what: &str, about: u64) -> ProgressBar {
    let template = if about > 0 {
        "{wide_bar} {pos} of ~{len} {msg}, {rate} a second, {eta} left"
    } else {
        "{spinner} {pos} {msg}, {rate} a second, {elapsed} so far"
    };
    let bar = if about > 0 { ProgressBar::new(about) } else { ProgressBar::new_spinner() };
    let rate = |state: &ProgressState, out: &mut dyn Write| {
        // A terminal that is gone is no reason to fail.
        let _ = write!(out, "{:.0}", state.per_sec());
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style.with_key("rate", rate));
    bar.set_message(what.to_owned());
    bar.with_finish(ProgressFinish::AndClear)
}

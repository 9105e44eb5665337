//! What happened, a line a step.

use oms_workspace::report::Report;
use std::io::Write;
use std::time::{Duration, Instant};

/// The steps so far.
pub(super) struct Journal<'a> {
    out: &'a mut (dyn Write + Send),
    began: Instant,
    steps: u32,
    failed: Vec<String>,
    left: Vec<String>,
}

/// What a step brings, and what is said of it.
pub(super) type Done<T> = Result<(T, String), String>;

impl<'a> Journal<'a> {
    /// An empty one, whose lines go to `out`.
    pub(super) fn new(out: &'a mut (dyn Write + Send)) -> Self {
        Self { out, began: Instant::now(), steps: 0, failed: Vec::new(), left: Vec::new() }
    }

    /// Takes a step and writes its line. Nothing where it failed.
    pub(super) async fn step<T>(&mut self, name: &str, work: impl Future<Output = Done<T>>) -> Option<T> {
        let began = Instant::now();
        let done = work.await;
        self.end(name, began, done)
    }

    /// Writes the line of a step that began then. Nothing where it failed.
    pub(super) fn end<T>(&mut self, name: &str, began: Instant, done: Done<T>) -> Option<T> {
        match done {
            Ok((value, told)) => {
                self.line("ok", name, Some(began.elapsed()), &told);
                Some(value)
            }
            Err(why) => {
                self.line("failed", name, Some(began.elapsed()), &why);
                self.failed.push(name.to_owned());
                None
            }
        }
    }

    /// A step that failed without having taken time.
    pub(super) fn fail(&mut self, name: &str, why: &str) {
        self.line("failed", name, None, why);
        self.failed.push(name.to_owned());
    }

    /// What could not be removed.
    pub(super) fn leave(&mut self, what: String) {
        self.left.push(what);
    }

    /// How it ended.
    pub(super) fn report(self) -> Report {
        let steps = format!("{} steps in {}", self.steps, seconds(self.began.elapsed()));
        let mut text = match self.failed.as_slice() {
            [] => format!("{steps}: all well"),
            failed => format!("{steps}, {} failed: {}", failed.len(), failed.join(", ")),
        };
        text.push_str(&match self.left.as_slice() {
            [] => "; nothing is left behind".to_owned(),
            left => format!("; left behind: {}", left.join(", ")),
        });
        let report = Report::new(text, self.failed.is_empty() && self.left.is_empty());
        report.with("steps", self.steps).with("failed", self.failed).with("left_behind", self.left)
    }

    fn line(&mut self, outcome: &str, name: &str, took: Option<Duration>, told: &str) {
        self.steps += 1;
        let took = took.map(seconds).unwrap_or_default();
        // Whoever has closed the output must not keep what was made from being removed.
        let _ = writeln!(self.out, "{outcome:<6}  {name:<20} {took:>8}  {told}");
    }
}

/// A time as people read it.
fn seconds(time: Duration) -> String {
    format!("{}.{:02} s", time.as_secs(), time.subsec_millis() / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_line_says_how_a_step_ended_and_the_report_which_ones_failed() {
        let mut out = Vec::new();
        let mut journal = Journal::new(&mut out);
        assert_eq!(journal.step("place", async { Ok((7, "an order".to_owned())) }).await, Some(7));
        assert_eq!(journal.step("pay", async { Err::<((), _), _>("402".to_owned()) }).await, None);
        journal.leave("the order 1".to_owned());
        let report = journal.report();
        let lines = String::from_utf8(out).unwrap();
        assert_eq!(
            lines,
            "ok      place                  0.00 s  an order\nfailed  pay                    0.00 s  402\n"
        );
        assert_eq!(report.text, "2 steps in 0.00 s, 1 failed: pay; left behind: the order 1");
        assert!(!report.is_well);
    }

    #[test]
    fn what_is_left_behind_is_not_well() {
        for (left, is_well) in [(0, true), (1, false)] {
            let mut out = Vec::new();
            let mut journal = Journal::new(&mut out);
            (0..left).for_each(|_| journal.leave("a store".to_owned()));
            assert_eq!(journal.report().is_well, is_well);
        }
    }
}

//! What the person at the terminal sees.

use std::io::{IsTerminal, Write};
use std::time::Instant;

/// Says something about the stack's progress; to standard error, because standard output is for
/// results.
pub fn say(text: impl AsRef<str>) {
    // A closed terminal is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{}", text.as_ref());
}

/// Prints a result to standard output.
pub fn print(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stdout(), "{}", text.as_ref());
}

/// One step of the start: says its name at once and, when it ends, how long it took.
pub struct Step {
    name: &'static str,
    since: Instant,
}

impl Step {
    /// Begins a step.
    pub fn begin(name: &'static str) -> Self {
        say(format!("{} {name}", bold("…")));
        Self { name, since: Instant::now() }
    }

    /// Ends it well.
    pub fn done(self, result: impl AsRef<str>) {
        let took_ms = self.since.elapsed().as_millis();
        say(format!(
            "{} {}: {} ({}.{} s)",
            bold("✓"),
            self.name,
            result.as_ref(),
            took_ms / 1000,
            took_ms % 1000 / 100
        ));
    }
}

/// Emphasis, where the terminal shows it.
pub fn bold(text: &str) -> String {
    if std::io::stderr().is_terminal() { format!("\x1b[1m{text}\x1b[0m") } else { text.to_owned() }
}

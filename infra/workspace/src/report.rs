//! What a command found, or why it could not look.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

/// Whatever kept a command from doing its work.
pub type Fault = Box<dyn Error + Send + Sync>;

/// What a command tells its user.
#[derive(Clone, Debug)]
pub struct Report {
    /// In words, a line a finding.
    pub text: String,
    /// Whether all is as it should be.
    pub is_well: bool,
}

/// Prints what a command found, or why it could not look, and ends with 0 if all is well, with 1 if
/// it is not, with 2 if it could not look. Whoever has read enough and closed the output still gets
/// the status.
#[must_use]
pub fn conclude(outcome: Result<Report, String>) -> ExitCode {
    let (text, status) = match outcome {
        Ok(Report { text, is_well: true }) => (text, ExitCode::SUCCESS),
        Ok(Report { text, is_well: false }) => (text, ExitCode::FAILURE),
        Err(fault) => (fault, ExitCode::from(2)),
    };
    let _ = writeln!(std::io::stdout(), "{text}");
    status
}

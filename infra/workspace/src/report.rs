//! What a command found, or why it could not look.

use std::error::Error;

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

//! What a command found.

/// What a command tells its user.
#[derive(Clone, Debug)]
pub struct Report {
    /// In words, a line a finding.
    pub text: String,
    /// Whether all is as it should be.
    pub is_well: bool,
}

//! What can keep a tool from starting or running, in words for the person at the terminal.

use std::fmt::Display;

/// A failure of a tool. Its text says what was being done and, where there is a remedy, what it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// template.yaml says something that cannot be followed here.
    #[error("template.yaml: {0}")]
    Template(String),
    /// Something is missing or in the way on this machine.
    #[error("{0}")]
    Setup(String),
    /// A part of the system did not do what was asked of it.
    #[error("{doing}: {cause}")]
    Failed {
        /// What was being done, as the beginning of a sentence.
        doing: String,
        /// The cause, as its own library words it.
        cause: String,
    },
}

/// A result of a tool.
pub type Result<T> = std::result::Result<T, Error>;

/// Says what was being done when a foreign error came up.
pub trait Doing<T> {
    /// Wraps the error with what was being done.
    fn doing(self, what: impl Display) -> Result<T>;
}

impl<T, E: Display> Doing<T> for std::result::Result<T, E> {
    fn doing(self, what: impl Display) -> Result<T> {
        self.map_err(|cause| Error::Failed { doing: what.to_string(), cause: cause.to_string() })
    }
}

//! What is kept of a person as a whole: handed to them, and erased.

pub(crate) mod erase;
pub(crate) mod erasure;
pub(crate) mod export;

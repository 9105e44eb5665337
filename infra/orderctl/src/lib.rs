//! The operator's command line, and the stand on which lists are measured.

#[cfg(test)]
mod exactly_once;
#[cfg(test)]
mod model;
pub mod samples;
pub mod stand;

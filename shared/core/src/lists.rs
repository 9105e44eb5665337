//! Lists and their pages: who may see what, which index answers, how far a page goes.

pub mod catalog;
pub mod just_changed;
pub mod lines;
pub mod orders;
pub mod paging;
pub mod payments;
mod read_your_writes;

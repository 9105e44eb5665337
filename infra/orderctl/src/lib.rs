//! The operator's command line, and the stand on which lists are measured.

pub mod bench;
pub mod bench_consumer;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod catalog_limits;
#[cfg(test)]
mod catalog_model;
pub mod deploy_check;
pub mod environment;
#[cfg(test)]
mod exactly_once;
pub mod hold;
#[cfg(test)]
mod item_model;
#[cfg(test)]
mod model;
#[cfg(test)]
mod notification_model;
#[cfg(test)]
mod own_changes;
pub mod paging;
#[cfg(test)]
mod pair_stats;
#[cfg(test)]
mod payment_model;
pub mod rebuild;
pub mod redrive;
#[cfg(test)]
mod repairs;
pub mod report;
pub mod samples;
mod shop;
pub mod smoke;
pub mod stand;
pub mod verify;

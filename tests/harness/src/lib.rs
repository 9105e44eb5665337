//! The API and its table in one process: what the models prove lists and counters on, and the
//! benches measure. The table is a real one (emulated), and so are the functions; there are no
//! sockets in front of them, and no Lambda between.

mod harness;
mod order_generator;
pub mod paging;
mod shop;

pub use harness::{Answer, Harness, arrived};
pub use oms_workspace::rng::SeededRng;
pub use order_generator::OrderGenerator;
pub use shop::Shop;

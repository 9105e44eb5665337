//! What the black-box tests share: the local stack, started once for all of them, and people who
//! use it over HTTP as any client would.
//!
//! Every test opens its own [`Shop`], with its own vendor, customers and products, so that they
//! all run at once on one stack.

pub mod aws;
pub mod blur;
pub mod deployed;
mod documented;
pub mod events;
pub mod function;
pub mod hook;
pub mod http;
pub mod ledger;
pub mod localstripe;
pub mod mail;
pub mod proxy;
pub mod pypi;
pub mod queue;
pub mod shop;
pub mod stack;
pub mod table;
pub mod topic;
pub mod wait;
pub mod world;

pub use aws::Aws;
pub use blur::{blurred, different_lines};
pub use deployed::Deployed;
pub use function::Function;
pub use hook::Hook;
pub use http::{Answer, Client};
pub use ledger::Ledger;
pub use mail::mails_to;
pub use proxy::{Cut, Proxy};
pub use queue::{OwnQueue, send_job};
pub use shop::{Goods, Person, Shop};
pub use stack::stack;
pub use table::OwnTable;
pub use topic::Mailbox;
pub use wait::{eventually, eventually_within};

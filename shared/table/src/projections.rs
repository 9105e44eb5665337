//! Index entries beside the orders: what lists and searches find them by. Written by the stream's
//! consumer; the orders themselves stay the truth.

pub mod line_rows;
pub mod order_rows;
pub mod payment_rows;
pub mod search_rows;
pub(crate) mod sweep;

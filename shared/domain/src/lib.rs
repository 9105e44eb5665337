//! The rules of orders, payments and statistics, as pure functions of values.

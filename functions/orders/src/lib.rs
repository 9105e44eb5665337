//! The HTTP function of the orders endpoints.

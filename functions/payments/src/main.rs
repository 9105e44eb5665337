//! The HTTP function of the payments endpoints.

fn main() {}

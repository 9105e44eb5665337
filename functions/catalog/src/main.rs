//! The HTTP function of the catalog endpoints.

fn main() {}

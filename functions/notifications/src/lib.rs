//! The HTTP function of the notifications endpoints.

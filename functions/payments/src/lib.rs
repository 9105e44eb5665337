//! The HTTP function of the payments endpoints.

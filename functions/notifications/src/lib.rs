//! The HTTP function of the notifications endpoints.

mod list;

oms_core::endpoints!(
    list in list,
);

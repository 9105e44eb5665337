//! The HTTP function of the catalogue endpoints: stores, products with their variants and stock,
//! customers' addresses, and what is kept of a person as a whole.

mod access;
mod addresses;
mod listing;
mod money;
mod partial;
mod products;
mod slug;
mod stores;
mod users;

oms_core::endpoints!(
    list in stores::list,
    create in stores::create,
    retrieve in stores::retrieve,
    put in stores::update,
    patch in stores::update,
    delete in stores::delete,
    list in products::list,
    create in products::create,
    retrieve in products::retrieve,
    put in products::update,
    patch in products::update,
    delete in products::delete,
    adjust_stock in products::adjust_stock,
    list in addresses::list,
    create in addresses::create,
    retrieve in addresses::retrieve,
    put in addresses::update,
    patch in addresses::update,
    delete in addresses::delete,
    erase in users::erase,
    erasure in users::erasure,
    export in users::export,
);

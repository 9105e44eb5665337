//! What the functions share: the table, HTTP, the payment gateway, configuration.

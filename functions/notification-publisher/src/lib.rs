//! Tells users and subscribers what happened to orders, from the table's stream.

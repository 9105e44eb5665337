//! Keeps the statistics: folds the changes of orders from the table's stream.

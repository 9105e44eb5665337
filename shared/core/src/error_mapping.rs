//! How what goes wrong below HTTP is told to a client.

use crate::http::error::ApiError;
use oms_domain::Refusal;
use oms_domain::place::{LineProblem, PlaceError};
use oms_table::TableError;
use serde_json::{Map, Value, json};

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let code = refusal.code();
        match (&refusal, refusal.reason()) {
            (Refusal::Field { field, message }, _) => ApiError::field(field, message),
            (_, Some(why)) => ApiError::RuleBecause { code, message: refusal.to_string(), why },
            (_, None) => ApiError::Rule { code, message: refusal.to_string() },
        }
    }
}

impl From<PlaceError> for ApiError {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::Refused(refusal) => refusal.into(),
            PlaceError::Lines(problems) => ApiError::Validation(json!({ "items": by_line(&problems) })),
        }
    }
}

/// DRF's shape: an object for each line up to the last wrong one, empty where nothing is wrong.
fn by_line(problems: &[LineProblem]) -> Vec<Value> {
    let last = problems.iter().map(|problem| problem.index).max();
    let mut lines = vec![Map::new(); last.map_or(0, |last| last + 1)];
    for problem in problems {
        lines[problem.index].insert(problem.field.to_owned(), json!([problem.message]));
    }
    lines.into_iter().map(Value::Object).collect()
}

impl From<TableError> for ApiError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::InsufficientStock { available } => Refusal::InsufficientStock { available }.into(),
            TableError::Full { .. } => ApiError::Rule { code: "limit_reached", message: error.to_string() },
            TableError::TooLarge => ApiError::Rule {
                code: "order_too_large",
                message: "The order is too large: shorten its notes and extra data.".to_owned(),
            },
            TableError::Conflict => ApiError::Conflict {
                code: "conflict",
                message: "The resource was changed by another request; read it and try again.".to_owned(),
            },
            TableError::Repeated => ApiError::Conflict {
                code: "idempotency_key_in_use",
                message: "A request with this Idempotency-Key is still running.".to_owned(),
            },
            TableError::Throttled => ApiError::Unavailable(Box::new(error)),
            TableError::Cancelled(_)
            | TableError::LogTooShort(_)
            | TableError::Shape { .. }
            | TableError::Request(_) => ApiError::internal(error),
        }
    }
}

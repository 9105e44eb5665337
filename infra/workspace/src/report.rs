//! What a command found, or why it could not look.

use serde_json::{Map, Value, json};
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

/// Whatever kept a command from doing its work.
pub type Fault = Box<dyn Error + Send + Sync>;

/// What a command tells its user.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In words, a line a finding.
    pub text: String,
    /// Whether all is as it should be.
    pub is_well: bool,
    /// The same for programs: figures and findings by name.
    pub data: Map<String, Value>,
}

impl Report {
    /// What is told in words alone.
    #[must_use]
    pub fn new(text: impl Into<String>, is_well: bool) -> Self {
        Self { text: text.into(), is_well, data: Map::new() }
    }

    /// With a figure or a finding for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self
    }
}

/// For whom a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// People: the words.
    Text,
    /// Programs: one JSON object with `is_well`, `lines`, and what the command knows by name; with
    /// `error` where it could not look.
    Json,
}

/// Prints what a command found, or why it could not look, and ends with 0 if all is well, with 1 if
/// it is not, with 2 if it could not look. Whoever has read enough and closed the output still gets
/// the status.
#[must_use]
pub fn conclude(outcome: Result<Report, String>, form: Form) -> ExitCode {
    let status = match &outcome {
        Ok(Report { is_well: true, .. }) => ExitCode::SUCCESS,
        Ok(Report { is_well: false, .. }) => ExitCode::FAILURE,
        Err(_) => ExitCode::from(2),
    };
    let text = shown(outcome, form);
    if !text.is_empty() {
        let _ = writeln!(std::io::stdout(), "{text}");
    }
    status
}

fn shown(outcome: Result<Report, String>, form: Form) -> String {
    match (outcome, form) {
        (Ok(report), Form::Text) => report.text,
        (Err(fault), Form::Text) => fault,
        (Ok(Report { text, is_well, mut data }), Form::Json) => {
            data.insert("is_well".to_owned(), json!(is_well));
            data.insert("lines".to_owned(), text.lines().collect());
            Value::Object(data).to_string()
        }
        (Err(fault), Form::Json) => json!({ "is_well": false, "error": fault }).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_read_one_object_whatever_came_of_it() {
        let report = Report::new("one\ntwo", true).with("orders", 2);
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let told = read(&shown(Ok(report.clone()), Form::Json));
        assert_eq!(told, json!({ "is_well": true, "lines": ["one", "two"], "orders": 2 }));
        assert_eq!(shown(Ok(report), Form::Text), "one\ntwo");
        let told = read(&shown(Err("no table".to_owned()), Form::Json));
        assert_eq!(told, json!({ "is_well": false, "error": "no table" }));
    }
}

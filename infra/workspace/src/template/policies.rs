//! What the roles of the functions may do with the table.

use serde_json::Value;

use super::resolve::Resolver;
use crate::error::{Error, Result};

/// A statement that allows something.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What is allowed, e.g. `dynamodb:GetItem`, with `*` for any text.
    pub actions: Vec<String>,
    /// On which resources, by ARN, with `*` for any text.
    pub resources: Vec<String>,
    /// On items of which partition keys, with `*` for any text; empty for all.
    pub leading_keys: Vec<String>,
}

/// The statements of a function's policies.
pub(super) fn statements(resolver: &Resolver, id: &str, policies: &Value) -> Result<Vec<Statement>> {
    let policies = resolver.value(policies)?.unwrap_or_default();
    let policies = policies.as_array().into_iter().flatten();
    let statements = policies.flat_map(|policy| policy["Statement"].as_array().into_iter().flatten());
    statements.map(|statement| one(id, statement)).collect()
}

fn one(id: &str, statement: &Value) -> Result<Statement> {
    if statement["Effect"] != "Allow" {
        return Err(Error::Template(format!("a statement of {id} does not allow: only that is understood")));
    }
    let mut leading_keys = Vec::new();
    for (operator, condition) in statement["Condition"].as_object().into_iter().flatten() {
        for (key, values) in condition.as_object().into_iter().flatten() {
            match (operator.as_str(), key.as_str()) {
                ("ForAllValues:StringLike", "dynamodb:LeadingKeys") => leading_keys.extend(texts(values)),
                _ => {
                    return Err(Error::Template(format!(
                        "{operator} of {key} in {id} is not understood here"
                    )));
                }
            }
        }
    }
    Ok(Statement {
        actions: texts(&statement["Action"]),
        resources: texts(&statement["Resource"]),
        leading_keys,
    })
}

/// One text or several.
fn texts(value: &Value) -> Vec<String> {
    let one = std::slice::from_ref(value);
    let all = value.as_array().map_or(one, Vec::as_slice);
    all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

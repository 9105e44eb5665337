//! What the roles of the functions may do with the table, and what operators may.

use std::collections::BTreeMap;
use std::path::Path;

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

/// Operators, by their access keys here, each with the policies that are attached to them.
const OPERATORS: [(&str, &[&str]); 4] = [
    ("orderctl-looks", &["Looks"]),
    ("orderctl-reads", &["Looks", "Reads"]),
    ("orderctl-verifies", &["Looks", "Reads", "Verifies"]),
    ("orderctl", &["Looks", "Reads", "Verifies", "Writes", "Reinstates"]),
];

/// What operators may do, by their access keys, as a template of managed policies says.
pub(super) fn operators(path: &Path) -> Result<BTreeMap<String, Vec<Statement>>> {
    let template = super::document(path)?;
    let resolver = Resolver::new(&template, &BTreeMap::new(), "")?;
    let attached = OPERATORS.iter().map(|(key, policies)| {
        let mut statements = Vec::new();
        for policy in *policies {
            let document = &template["Resources"][policy]["Properties"]["PolicyDocument"];
            statements.extend(self::statements(&resolver, policy, &Value::Array(vec![document.clone()]))?);
        }
        Ok(((*key).to_owned(), statements))
    });
    attached.collect()
}

/// What a function may do, by the role of the template that it names.
pub(super) fn of_role(resolver: &Resolver, function: &str, role: &Value) -> Result<Vec<Statement>> {
    let id = role["Fn::GetAtt"][0].as_str();
    let id = id.ok_or_else(|| Error::Template(format!("{function} names no role of the template")))?;
    let policies = &resolver.resource(id)?["Properties"]["Policies"];
    let documents = policies.as_array().into_iter().flatten().map(|policy| policy["PolicyDocument"].clone());
    statements(resolver, id, &Value::Array(documents.collect()))
}

/// The statements of some policies.
fn statements(resolver: &Resolver, id: &str, policies: &Value) -> Result<Vec<Statement>> {
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

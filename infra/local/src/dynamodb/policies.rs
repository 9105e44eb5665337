//! What each function may do with the table, by template.yaml, and what operators may: all else is
//! refused, as by IAM.

use std::collections::BTreeMap;

use oms_workspace::template::{ACCOUNT, REGION, Statement, System};

use super::api::Answer;
use super::call::Action;

/// The policies of the functions, by the functions' names, and of operators. Anybody else may do
/// all.
#[derive(Debug)]
pub(super) struct Policies(BTreeMap<String, Vec<Statement>>);

impl Policies {
    /// Those of a system.
    pub(super) fn of(system: &System) -> Self {
        let functions = system.functions.iter();
        let functions = functions.map(|function| (function.name.clone(), function.policies.clone()));
        Self(functions.chain(system.operators.clone()).collect())
    }

    /// Whether somebody may do all of some actions.
    ///
    /// # Errors
    /// What they are answered where they may not.
    pub(super) fn allow(&self, caller: &str, actions: &[Action]) -> Result<(), Answer> {
        let Some(statements) = self.0.get(caller) else { return Ok(()) };
        let refused = actions.iter().find(|action| !statements.iter().any(|each| allows(each, action)));
        refused.map_or(Ok(()), |action| {
            let message = format!(
                "User: {caller} is not authorized to perform: dynamodb:{} on resource: {} with the partition \
                 keys {:?} because no identity-based policy allows it",
                action.name,
                arn(action),
                action.partitions
            );
            Err(Answer::error(400, "AccessDeniedException", &message))
        })
    }
}

fn allows(statement: &Statement, action: &Action) -> bool {
    let name = format!("dynamodb:{}", action.name);
    let of_keys = statement.leading_keys.is_empty()
        || (!action.partitions.is_empty()
            && action
                .partitions
                .iter()
                .all(|key| statement.leading_keys.iter().any(|like| is_like(like, key))));
    statement.actions.iter().any(|like| is_like(like, &name))
        && statement.resources.iter().any(|like| is_like(like, &arn(action)))
        && of_keys
}

fn arn(action: &Action) -> String {
    let index = action.index.as_ref().map(|index| format!("/index/{index}")).unwrap_or_default();
    format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{}{index}", action.table)
}

/// Whether a text is like a pattern, in which `*` stands for any text.
fn is_like(pattern: &str, text: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(left) = text.strip_prefix(before) else { return false };
    rest.is_empty() || (0..=left.len()).filter_map(|at| left.get(at..)).any(|left| is_like(rest, left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let like = [("a*", "a"), ("a*c", "abc"), ("*", ""), ("a*c*", "abcd"), ("ORDER#*", "ORDER#1")];
        assert!(like.iter().all(|(pattern, text)| is_like(pattern, text)));
        let unlike = [("a*", "b"), ("a*c", "abd"), ("a", "ab"), ("ORDER#*", "ORDERS#1")];
        assert!(!unlike.iter().any(|(pattern, text)| is_like(pattern, text)));
    }

    #[test]
    fn an_action_needs_a_statement_of_its_table_index_and_keys() {
        let table = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/oms");
        let statement = |actions: &[&str], resources: &[String], keys: &[&str]| Statement {
            actions: actions.iter().map(|&action| action.to_owned()).collect(),
            resources: resources.to_vec(),
            leading_keys: keys.iter().map(|&key| key.to_owned()).collect(),
        };
        let policies = Policies(BTreeMap::from([(
            "orders".to_owned(),
            vec![
                statement(&["dynamodb:GetItem", "dynamodb:Query"], std::slice::from_ref(&table), &[]),
                statement(&["dynamodb:Query"], &[format!("{table}/index/*")], &[]),
                statement(&["dynamodb:PutItem"], &[table], &["ORDER#*"]),
            ],
        )]));
        let action = |name, index: Option<&str>, key: &str| Action {
            name,
            table: "oms".to_owned(),
            index: index.map(str::to_owned),
            partitions: vec![key.to_owned()],
        };
        let may = |caller, action| policies.allow(caller, &[action]).is_ok();
        assert!(may("orders", action("GetItem", None, "USER#1")));
        assert!(may("orders", action("Query", Some("by_time"), "x")));
        assert!(!may("orders", action("Scan", None, "x")));
        assert!(may("orders", action("PutItem", None, "ORDER#1")));
        assert!(!may("orders", action("PutItem", None, "USER#1")));
        assert!(may("whoever owns the account", action("Scan", None, "x")));
    }
}

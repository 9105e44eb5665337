//! The template's `Rules`, which CloudFormation holds the parameters to before it makes anything.

use super::parameters::plain;
use super::{Finding, Values};
use oms_workspace::template::section;
use serde_json::Value;

/// Whether it holds, or why that cannot be told from here.
type Verdict<T> = Result<T, String>;

/// Looks at every assertion of every rule.
pub(super) fn check(template: &Value, values: &Values) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, rule) in section(template, "Rules") {
        let what = format!("rule {name}");
        let applies = rule.get("RuleCondition").map_or(Ok(true), |condition| holds(condition, values));
        match applies {
            Ok(true) => findings.push(of_assertions(what, &rule, values)),
            Ok(false) => findings.push(Finding::Ok(format!("{what}, which does not apply"))),
            Err(why) => findings.push(Finding::NotChecked(what, why)),
        }
    }
    findings
}

/// The first assertion that does not hold; or else the first that cannot be told.
fn of_assertions(what: String, rule: &Value, values: &Values) -> Finding {
    let mut open = None;
    for assertion in rule["Assertions"].as_array().into_iter().flatten() {
        match holds(&assertion["Assert"], values) {
            Ok(true) => {}
            Ok(false) => {
                let about = assertion["AssertDescription"].as_str().unwrap_or("it does not hold");
                return Finding::Missing(what, format!("{about}: give other --parameter-overrides"));
            }
            Err(why) => open = open.or(Some(why)),
        }
    }
    match open {
        None => Finding::Ok(what),
        Some(why) => Finding::NotChecked(what, why),
    }
}

fn holds(condition: &Value, values: &Values) -> Verdict<bool> {
    let (name, arguments) = function(condition)?;
    match (name, arguments.as_array().map(Vec::as_slice)) {
        ("Fn::Equals", Some([one, other])) => Ok(text(one, values)? == text(other, values)?),
        ("Fn::Not", Some([inner])) => Ok(!holds(inner, values)?),
        ("Fn::And", Some(all)) => decided(all, false, values),
        ("Fn::Or", Some(any)) => decided(any, true, values),
        ("Fn::Contains", Some([list, wanted])) => {
            let wanted = text(wanted, values)?;
            Ok(texts(list, values)?.contains(&wanted))
        }
        _ => Err(format!("{name} is not understood here")),
    }
}

/// Whether one of the conditions is what decides; what cannot be told does not matter where another
/// decides.
fn decided(conditions: &[Value], decides: bool, values: &Values) -> Verdict<bool> {
    let mut open = None;
    for condition in conditions {
        match holds(condition, values) {
            Ok(holds) if holds == decides => return Ok(decides),
            Ok(_) => {}
            Err(why) => open = open.or(Some(why)),
        }
    }
    open.map_or(Ok(!decides), Err)
}

fn text(value: &Value, values: &Values) -> Verdict<String> {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Ok(plain(value)),
        Value::Null | Value::Array(_) | Value::Object(_) => match function(value)? {
            ("Ref", Value::String(name)) => {
                values.get(name).cloned().ok_or_else(|| format!("{name} has no value"))
            }
            (name, _) => Err(format!("{name} is not understood here")),
        },
    }
}

/// A list, or the values of a parameter that is one.
fn texts(list: &Value, values: &Values) -> Verdict<Vec<String>> {
    match list.as_array() {
        Some(list) => list.iter().map(|value| text(value, values)).collect(),
        None => Ok(text(list, values)?.split(',').map(|one| one.trim().to_owned()).collect()),
    }
}

fn function(value: &Value) -> Verdict<(&str, &Value)> {
    let map = value.as_object().filter(|map| map.len() == 1);
    let entry = map.and_then(|map| map.iter().next());
    entry
        .map(|(name, arguments)| (name.as_str(), arguments))
        .ok_or_else(|| format!("{value} is no condition"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values() -> Values {
        let pairs =
            [("Stage", "production"), ("Gateway", "stripe"), ("Key", ""), ("Days", "30"), ("List", "a, b")];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn conditions_hold_as_cloudformation_says() {
        let yes = json!({ "Fn::Equals": [{ "Ref": "Stage" }, "production"] });
        let no = json!({ "Fn::Equals": [{ "Ref": "Stage" }, "dev"] });
        let unknown = json!({ "Fn::EachMemberIn": [["a"], ["a"]] });
        let open = Err("Fn::EachMemberIn is not understood here".to_owned());
        for (condition, wanted) in [
            (yes.clone(), Ok(true)),
            (no.clone(), Ok(false)),
            (json!({ "Fn::Equals": [{ "Ref": "Days" }, 30] }), Ok(true)),
            (json!({ "Fn::Equals": [{ "Ref": "Key" }, ""] }), Ok(true)),
            (json!({ "Fn::Not": [yes] }), Ok(false)),
            (json!({ "Fn::Not": [no] }), Ok(true)),
            (json!({ "Fn::And": [yes, yes] }), Ok(true)),
            (json!({ "Fn::And": [yes, no] }), Ok(false)),
            (json!({ "Fn::Or": [no, yes] }), Ok(true)),
            (json!({ "Fn::Or": [no, no] }), Ok(false)),
            (json!({ "Fn::Contains": [["simulated", "stripe"], { "Ref": "Gateway" }] }), Ok(true)),
            (json!({ "Fn::Contains": [["simulated"], { "Ref": "Gateway" }] }), Ok(false)),
            (json!({ "Fn::Contains": [{ "Ref": "List" }, "b"] }), Ok(true)),
            (json!({ "Fn::Contains": [{ "Ref": "List" }, "c"] }), Ok(false)),
            // What is not understood leaves open only what it would decide.
            (unknown.clone(), open.clone()),
            (json!({ "Fn::Not": [unknown] }), open.clone()),
            (json!({ "Fn::And": [unknown, yes] }), open.clone()),
            (json!({ "Fn::And": [unknown, no] }), Ok(false)),
            (json!({ "Fn::Or": [unknown, no] }), open),
            (json!({ "Fn::Or": [unknown, yes] }), Ok(true)),
            (json!({ "Fn::Equals": [{ "Ref": "Nobody" }, "x"] }), Err("Nobody has no value".to_owned())),
            (
                json!({ "Fn::Equals": [{ "Fn::ValueOf": ["A", "B"] }, "x"] }),
                Err("Fn::ValueOf is not understood here".to_owned()),
            ),
            (json!({ "Fn::Equals": ["x"] }), Err("Fn::Equals is not understood here".to_owned())),
            (json!("true"), Err("\"true\" is no condition".to_owned())),
        ] {
            assert_eq!(holds(&condition, &values()), wanted, "{condition}");
        }
    }

    fn found(rule: &Value) -> Finding {
        check(&json!({ "Rules": { "Keys": rule } }), &values()).remove(0)
    }

    #[test]
    fn a_rule_that_applies_must_hold_in_all_it_asserts() {
        let is = |name: &str, value: &str| json!({ "Fn::Equals": [{ "Ref": name }, value] });
        let asserts =
            |assert: Value| json!({ "Assert": assert, "AssertDescription": "Stripe needs its keys" });
        let broken = Finding::Missing(
            "rule Keys".to_owned(),
            "Stripe needs its keys: give other --parameter-overrides".to_owned(),
        );
        let (good, bad) = (asserts(is("Stage", "production")), asserts(is("Stage", "dev")));
        let open = asserts(json!({ "Fn::RefAll": "AWS::EC2::VPC::Id" }));
        for (assertions, wanted) in [
            (json!([good]), Finding::Ok("rule Keys".to_owned())),
            (json!([good, bad]), broken.clone()),
            (json!([open, bad]), broken),
            (
                json!([open, good]),
                Finding::NotChecked("rule Keys".to_owned(), "Fn::RefAll is not understood here".to_owned()),
            ),
        ] {
            assert_eq!(found(&json!({ "Assertions": assertions })), wanted, "{assertions}");
            let applies = json!({ "RuleCondition": is("Gateway", "stripe"), "Assertions": assertions });
            assert_eq!(found(&applies), wanted, "{applies}");
            let idle = json!({ "RuleCondition": is("Gateway", "simulated"), "Assertions": assertions });
            assert_eq!(found(&idle), Finding::Ok("rule Keys, which does not apply".to_owned()));
        }
        let unknown = json!({ "RuleCondition": { "Fn::RefAll": "x" }, "Assertions": [bad] });
        assert!(matches!(found(&unknown), Finding::NotChecked(..)));
    }
}

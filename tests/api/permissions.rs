//! What CloudFormation is given, once SAM has translated template.yaml: what the roles may do, and
//! whether a change of settings reaches the functions.

use oms_tests::pypi;
use oms_tests::stack::root;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::sync::LazyLock;

/// Actions that AWS takes for all resources or not at all, each with a comment in the template.
const FOR_ALL: [&str; 2] = ["cloudwatch:DescribeAlarms", "dynamodb:ListStreams"];

static TRANSLATED: LazyLock<Value> = LazyLock::new(|| translated("AllAtOnce"));

fn translated(deployment: &str) -> Value {
    let mut command = Command::new(pypi::SAM.program("python3"));
    command.arg(root().join("tests/translate.py")).arg(root().join("template.yaml"));
    let parameters = ["PaymentGateway=simulated".to_owned(), format!("Deployment={deployment}")];
    let output = command.args(parameters).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the translator writes JSON")
}

fn resources(kind: &str) -> impl Iterator<Item = (&'static String, &'static Value)> {
    let all: &Map<String, Value> = TRANSLATED["Resources"].as_object().expect("there are resources");
    all.iter().filter(move |(_, resource)| resource["Type"] == kind)
}

/// One value or several.
fn several(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |values| values.iter().collect())
}

/// The statements of all roles and policies, each with the name of its resource.
fn statements() -> Vec<(&'static str, &'static Value)> {
    let roles = resources("AWS::IAM::Role").flat_map(|(id, role)| {
        let policies = role["Properties"]["Policies"].as_array().into_iter().flatten();
        policies.map(|policy| (id.as_str(), &policy["PolicyDocument"]))
    });
    let managed = resources("AWS::IAM::ManagedPolicy");
    let managed = managed.map(|(id, policy)| (id.as_str(), &policy["Properties"]["PolicyDocument"]));
    let statements = roles.chain(managed).flat_map(|(id, document)| {
        let statements = several(&document["Statement"]).into_iter();
        // What stands under a condition counts, too.
        statements.map(move |one| (id, one.get("Fn::If").map_or(one, |parts| &parts[1])))
    });
    statements.collect()
}

#[test]
fn each_function_has_a_role_of_its_own_and_sam_adds_nothing_to_it() {
    let roles: BTreeSet<_> = resources("AWS::Lambda::Function")
        .map(|(id, function)| {
            let role = function["Properties"]["Role"]["Fn::GetAtt"][0].as_str();
            role.unwrap_or_else(|| panic!("{id} has no role of the template"))
        })
        .collect();
    assert_eq!(roles.len(), resources("AWS::Lambda::Function").count());
    for (id, role) in resources("AWS::IAM::Role") {
        assert!(role["Properties"].get("ManagedPolicyArns").is_none(), "{id} has policies of AWS's");
    }
}

#[test]
fn no_role_may_do_all_or_on_all() {
    let statements = statements();
    assert!(statements.len() > 20, "{statements:?}");
    for (id, statement) in statements {
        let actions =
            several(&statement["Action"]).into_iter().map(|action| action.as_str().expect("a text"));
        let actions: Vec<_> = actions.collect();
        assert!(!actions.iter().any(|action| action.contains('*')), "{id}: {actions:?}");
        if !several(&statement["Resource"]).into_iter().any(|resource| *resource == "*") {
            continue;
        }
        let needless: Vec<_> = actions.iter().filter(|action| !FOR_ALL.contains(action)).collect();
        assert!(needless.is_empty(), "{id} may {needless:?} on all");
    }
    let template = fs::read_to_string(root().join("template.yaml")).expect("there is a template");
    let lines: Vec<_> = template.lines().collect();
    for (number, line) in lines.iter().enumerate().filter(|(_, line)| line.trim() == "Resource: '*'") {
        let before = &lines[number.saturating_sub(6)..number];
        assert!(before.iter().any(|line| line.trim().starts_with('#')), "line {}: {line}", number + 1);
    }
}

#[test]
fn each_function_writes_to_the_table_only_under_keys_that_are_named() {
    for (id, statement) in statements() {
        let actions = several(&statement["Action"]);
        let of_items = actions.iter().filter_map(|action| action.as_str());
        let of_items = of_items.filter(|action| action.starts_with("dynamodb:") && action.contains("Item"));
        let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
        if of_items.count() > 0 {
            assert!(keys.as_array().is_some_and(|keys| !keys.contains(&"*".into())), "{id}: {statement}");
        }
    }
}

/// A version whose description is another one is replaced, and it names the settings. Lambda
/// publishes one only where the function's own configuration has changed, so that names them, too.
#[test]
fn every_setting_of_a_function_is_part_of_the_text_that_makes_a_version() {
    let named = |value: &Value| -> BTreeSet<String> {
        let parameters = TRANSLATED["Parameters"].as_object().expect("there are parameters");
        let text = value.to_string();
        let is_named = |name: &&String| text.contains(&format!("\"{name}\""));
        parameters.keys().filter(is_named).cloned().collect()
    };
    let (_, settings) = resources("AWS::AppConfig::HostedConfigurationVersion").next().expect("settings");
    let text = settings["Properties"]["Content"]["Fn::Sub"].as_str().expect("a text");
    for (id, function) in resources("AWS::Lambda::Function") {
        let properties = &function["Properties"];
        for parameter in named(&properties["Environment"]).union(&named(&properties["MemorySize"])) {
            assert!(text.contains(&format!("{parameter}=${{{parameter}}}\n")), "{id}: {parameter}");
        }
        let description = properties["Description"]["Fn::Sub"].as_str().unwrap_or_default();
        assert!(description.contains("Settings ${Settings}"), "{id}: {description}");
        // Lambda takes 256 characters, with the number in them.
        assert!(description.len() < 240, "{id}: {description}");
    }
    let versions: Vec<_> = resources("AWS::Lambda::Version").collect();
    assert_eq!(versions.len(), resources("AWS::Lambda::Function").count());
    for (id, version) in versions {
        assert_eq!(version["Properties"]["Description"]["Fn::Sub"], "Settings ${Settings}", "{id}");
        assert_eq!(version["DeletionPolicy"], "Retain", "{id}");
    }
}

/// SAM hands the policy of a function on to its version, and to the mappings of its events: one of
/// a stream that a restored table's has replaced must go.
#[test]
fn a_version_that_other_settings_replace_stays_and_a_mapping_of_an_old_stream_does_not() {
    let retains = |resource: &Value| resource["UpdateReplacePolicy"] == "Retain";
    let function_of = |resource: &Value| resource["Properties"]["FunctionName"]["Ref"].clone();
    let of_streams: BTreeSet<&str> = resources("AWS::Lambda::EventSourceMapping")
        .filter(|(_, mapping)| !mapping["Properties"]["StartingPosition"].is_null())
        .map(|(id, mapping)| {
            assert!(!retains(mapping), "{id}");
            id.strip_suffix("Orders").expect("the event is called Orders")
        })
        .collect();
    assert_eq!(of_streams.len(), 2, "{of_streams:?}");
    for (id, version) in resources("AWS::Lambda::Version") {
        let function = function_of(version);
        let function = function.as_str().expect("a version is of a function");
        assert_eq!(retains(version), !of_streams.contains(function), "{id}");
    }
}

/// By API Gateway's guide (<https://docs.aws.amazon.com/apigateway/latest/developerguide/>, routes
/// of HTTP APIs): the whole route and method first, then the method with a greedy path, then any
/// method, then `$default`. A greedy path takes an empty rest.
#[test]
fn each_path_reaches_its_function_with_and_without_a_slash_at_its_end() {
    let (_, api) = resources("AWS::ApiGatewayV2::Api").next().expect("an API");
    let paths = api["Properties"]["Body"]["paths"].as_object().expect("routes");
    let routes: Vec<(&str, &str, String)> = paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().into_iter().flatten();
            methods.map(move |(method, to)| {
                (path.as_str(), method.as_str(), to["x-amazon-apigateway-integration"]["uri"].to_string())
            })
        })
        .collect();
    let reached = |method: &str, path: &str| -> &str {
        let fits = |route: &str| match route.strip_suffix("{proxy+}") {
            Some(before) => path.strip_prefix(before).map(|_| before.len()),
            None => (route == path).then_some(usize::MAX),
        };
        let by_any = |route: &str| route == "x-amazon-apigateway-any-method";
        let found = routes.iter().filter(|route| route.1 == method || by_any(route.1));
        let best = found
            .filter_map(|route| Some((fits(route.0)?, !by_any(route.1), route)))
            .max_by_key(|(length, exact, _)| (*length, *exact));
        best.map_or("", |(_, _, route)| route.2.as_str())
    };
    for (path, _, to) in &routes {
        let Some(group) = path.strip_suffix("/{proxy+}") else { continue };
        for asked in [group.to_owned(), format!("{group}/"), format!("{group}/a"), format!("{group}/a/b/")] {
            for method in ["get", "post", "delete"] {
                assert_eq!(reached(method, &asked), to.as_str(), "{method} {asked}");
            }
        }
    }
    assert_eq!(reached("get", "/nowhere"), "");
}

/// What a value of the template refers to: resources, parameters, AWS's own names.
fn named_in(value: &Value, found: &mut BTreeSet<String>) {
    let begin = |path: &str| path.split('.').next().unwrap_or_default().to_owned();
    for (key, inner) in value.as_object().into_iter().flatten() {
        match (key.as_str(), inner) {
            ("Ref", Value::String(name)) => drop(found.insert(name.clone())),
            ("Fn::GetAtt", path) => {
                let path = several(path)[0].as_str().unwrap_or_default();
                found.insert(begin(path));
            }
            ("Fn::Sub", sub) => {
                let parts = several(sub);
                let text = parts[0].as_str().unwrap_or_default().split("${").skip(1);
                let names = text.filter_map(|rest| rest.split_once('}')).map(|(name, _)| begin(name));
                let is_own = |name: &String| parts.get(1).is_some_and(|own| own.get(name).is_some());
                found.extend(names.filter(|name| !is_own(name) && !name.starts_with('!')));
            }
            _ => {}
        }
        named_in(inner, found);
    }
    value.as_array().into_iter().flatten().for_each(|inner| named_in(inner, found));
}

/// Else CloudFormation refuses the deployment: what nobody's trial has a condition for, it finds
/// out first in production.
#[test]
fn whatever_is_referred_to_is_there_and_nothing_waits_for_itself() {
    for deployment in ["AllAtOnce", "Canary10Percent5Minutes"] {
        let template = translated(deployment);
        let resources = template["Resources"].as_object().expect("resources");
        let mut waits_for = BTreeMap::new();
        for (id, resource) in resources {
            let mut named = BTreeSet::new();
            for part in ["Properties", "UpdatePolicy"] {
                named_in(&resource[part], &mut named);
            }
            let after = several(&resource["DependsOn"]).into_iter();
            named.extend(after.filter_map(Value::as_str).map(str::to_owned));
            for name in &named {
                let is_there = resources.contains_key(name) || template["Parameters"].get(name).is_some();
                assert!(is_there || name.starts_with("AWS::"), "{id} refers to {name}");
            }
            named.retain(|name| resources.contains_key(name));
            waits_for.insert(id.clone(), named);
        }
        // What waits for nothing that is left is made; what is left in the end waits for itself.
        loop {
            let left: BTreeSet<String> = waits_for.keys().cloned().collect();
            waits_for.retain(|_, others| others.iter().any(|other| left.contains(other)));
            if waits_for.len() == left.len() {
                break;
            }
        }
        assert!(waits_for.is_empty(), "{deployment}: {waits_for:#?}");
    }
}

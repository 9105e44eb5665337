//! The alarms, the dashboard and the runbook: that each speaks of what there is.

use super::*;
use std::collections::BTreeSet;

/// The most metrics that CloudWatch lets an alarm watch.
const MOST_METRICS: usize = 10;

fn text_of_file(path: &str) -> String {
    std::fs::read_to_string(crate::root().join(path)).unwrap()
}

/// The resources of a type, each with its properties.
fn all(of: &str) -> Vec<(String, Value)> {
    let template = document(&crate::root().join("template.yaml")).unwrap();
    let resources = section(&template, "Resources").into_iter();
    resources.filter(|(_, one)| kind(one) == of).map(|(id, one)| (id, one["Properties"].clone())).collect()
}

/// The metrics that an alarm watches.
fn watched(alarm: &Value) -> Vec<&Value> {
    match alarm["Metrics"].as_array() {
        Some(metrics) => {
            metrics.iter().map(|one| &one["MetricStat"]["Metric"]).filter(|one| !one.is_null()).collect()
        }
        None => vec![alarm],
    }
}

/// What the text of a template's function says.
fn said(value: &Value) -> String {
    value.as_str().map_or_else(|| value["Fn::Sub"].as_str().unwrap_or_default().to_owned(), str::to_owned)
}

fn dimension<'a>(metric: &'a Value, name: &str) -> Option<&'a Value> {
    let dimensions = metric["Dimensions"].as_array().into_iter().flatten();
    dimensions.filter(|one| one["Name"] == name).map(|one| &one["Value"]).next()
}

/// The widgets of the dashboard, with names of the template in `${…}`.
fn widgets() -> Vec<Value> {
    let (_, dashboard) = all("AWS::CloudWatch::Dashboard").remove(0);
    let body: Value = serde_json::from_str(&said(&dashboard["DashboardBody"])).unwrap();
    body["widgets"].as_array().unwrap().clone()
}

/// The figures that our code writes: the names of `shared/runtime/src/metrics.rs` that are counted
/// or recorded there, and not only described.
fn written() -> BTreeSet<String> {
    let code = text_of_file("shared/runtime/src/metrics.rs");
    let code = code.split("#[cfg(test)]").next().unwrap();
    let names = code.lines().filter_map(|line| {
        let (constant, value) = line.strip_prefix("const ")?.split_once(": &str = \"")?;
        Some((constant, value.strip_suffix("\";")?))
    });
    let is_written = |constant: &str| {
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        [" counter!(", " histogram!(", " count_one("].iter().any(|begin| {
            code.match_indices(&format!("{begin}{constant}"))
                .any(|(at, found)| ends(&code[at + found.len()..]))
        })
    };
    names.filter(|(constant, _)| is_written(constant)).map(|(_, name)| name.to_owned()).collect()
}

/// The consumers that write figures, as they call themselves.
fn consumers() -> BTreeSet<String> {
    let mains = ["stats-aggregator", "notification-publisher", "job-worker"];
    let mains = mains.map(|function| text_of_file(&format!("functions/{function}/src/main.rs")));
    let name = |main: &String| main.split("Metrics::start(\"").nth(1)?.split('"').next().map(str::to_owned);
    mains.iter().map(|main| name(main).unwrap()).collect()
}

/// The headings of the runbook.
fn sections() -> BTreeSet<String> {
    let runbook = text_of_file("docs/runbook.md");
    runbook.lines().filter_map(|line| line.strip_prefix("## ")).map(str::to_owned).collect()
}

#[test]
fn each_alarm_has_a_section_of_the_runbook_that_it_names_and_each_section_an_alarm() {
    let alarms = all("AWS::CloudWatch::Alarm");
    let told = alarms.iter().chain(&all("AWS::Budgets::Budget")).map(|(id, _)| id.clone()).collect();
    let (sections, told): (BTreeSet<String>, BTreeSet<String>) = (sections(), told);
    let missing: Vec<_> = told.difference(&sections).collect();
    let gone: Vec<_> = sections.difference(&told).collect();
    assert!(missing.is_empty(), "docs/runbook.md lacks sections of {missing:?}, which template.yaml has");
    assert!(gone.is_empty(), "docs/runbook.md has sections of {gone:?}, which are no alarms: take them out");
    for (id, alarm) in &alarms {
        let description = said(&alarm["AlarmDescription"]);
        assert!(description.ends_with(&format!(" See {id} in docs/runbook.md.")), "{id}: {description}");
    }
}

#[test]
fn each_alarm_tells_somebody_and_watches_no_more_than_cloudwatch_lets_it() {
    let template = document(&crate::root().join("template.yaml")).unwrap();
    for (id, alarm) in all("AWS::CloudWatch::Alarm") {
        let (condition, tells) = match id.as_str() {
            "BackupsFailed" => ("TellsOfBackups", true),
            // CodeDeploy alone heeds it.
            "DeploymentErrors" => ("IsWatched", false),
            _ => ("TellsSomebody", true),
        };
        assert_eq!(template["Resources"][&id]["Condition"], condition, "{id}");
        let action =
            json!([{ "Fn::If": ["HasAlarmTopic", { "Ref": "AlarmTopicArn" }, { "Ref": "AlarmTopic" }] }]);
        assert_eq!(alarm["AlarmActions"], if tells { action } else { Value::Null }, "{id}");
        assert_eq!(alarm["TreatMissingData"], "notBreaching", "{id}");
        let count = watched(&alarm).len();
        assert!((1..=MOST_METRICS).contains(&count), "{id} watches {count} metrics");
        let metrics = alarm["Metrics"].as_array();
        let shown = metrics.map(|all| all.iter().filter(|one| one["ReturnData"] != false).count());
        assert!(shown.is_none_or(|shown| shown == 1), "{id} must have one result");
    }
}

/// Whoever renames a figure, or takes it out, has to think of who watches it.
#[test]
fn alarms_and_dashboard_speak_of_figures_that_the_code_writes_and_of_this_stack() {
    let (mut written, consumers) = (written(), consumers());
    // What is made of the gateway's log.
    let filters = all("AWS::Logs::MetricFilter").into_iter();
    let logged: BTreeSet<String> = filters
        .flat_map(|(_, filter)| filter["MetricTransformations"].as_array().cloned().unwrap_or_default())
        .map(|metric| metric["MetricName"].as_str().unwrap().to_owned())
        .collect();
    written.extend(logged.iter().cloned());
    assert!(written.len() > 10 && consumers.len() == 3, "{written:?} {consumers:?}");
    for (id, alarm) in all("AWS::CloudWatch::Alarm") {
        for metric in watched(&alarm).into_iter().filter(|one| one["Namespace"] == "OrderManagement") {
            let name = metric["MetricName"].as_str().unwrap();
            assert!(written.contains(name), "{id} watches {name}, which no code writes");
            assert_eq!(dimension(metric, "Stack"), Some(&json!({ "Ref": "AWS::StackName" })), "{id}");
            match dimension(metric, "Consumer").and_then(Value::as_str) {
                Some(consumer) => assert!(consumers.contains(consumer), "{id}: nobody is called {consumer}"),
                None => {
                    let is_of_requests = ["OrdersPlaced", "WebhooksRefused"].contains(&name);
                    assert!(is_of_requests || logged.contains(name), "{id}: a consumer writes {name}");
                }
            }
        }
    }
    for widget in widgets() {
        for metric in widget["properties"]["metrics"].as_array().into_iter().flatten() {
            let words: Vec<&str> = metric.as_array().unwrap().iter().filter_map(Value::as_str).collect();
            if words.first() == Some(&"OrderManagement") {
                assert!(written.contains(words[1]), "the dashboard shows {}, which no code writes", words[1]);
                assert!(words.windows(2).any(|pair| pair == ["Stack", "${AWS::StackName}"]), "{metric}");
                let consumer = words.windows(2).find(|pair| pair[0] == "Consumer").map(|pair| pair[1]);
                assert!(consumer.is_none_or(|consumer| consumers.contains(consumer)), "{metric}");
            }
        }
    }
    let namespace = text_of_file("shared/runtime/src/metrics.rs");
    assert!(namespace.contains("pub const NAMESPACE: &str = \"OrderManagement\";"));
}

#[test]
fn the_alarms_of_functions_watch_all_of_them_by_their_time_outs() {
    let functions: BTreeSet<String> =
        all("AWS::Serverless::Function").into_iter().map(|(id, _)| id).collect();
    let alarms: BTreeMap<String, Value> = all("AWS::CloudWatch::Alarm").into_iter().collect();
    for id in ["FunctionErrors", "FunctionThrottles", "FunctionDuration"] {
        let metrics = watched(&alarms[id]).into_iter();
        let watched = metrics.map(|one| dimension(one, "FunctionName").unwrap()["Ref"].as_str().unwrap());
        assert_eq!(watched.map(str::to_owned).collect::<BTreeSet<_>>(), functions, "{id}");
    }
    let metrics = alarms["FunctionDuration"]["Metrics"].as_array().unwrap();
    let system = super::tests::ours();
    for metric in metrics.iter().filter(|one| !one["MetricStat"].is_null()) {
        let id = metric["Id"].as_str().unwrap();
        let name = metric["MetricStat"]["Metric"]["Dimensions"][0]["Value"]["Ref"].as_str().unwrap();
        let function = system.functions.iter().find(|function| function.id == name).unwrap();
        let is_word =
            |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == id);
        let uses = metrics.iter().filter_map(|one| one["Expression"].as_str()).filter(|text| is_word(text));
        let uses: Vec<&str> = uses.collect();
        let [expression] = uses[..] else { panic!("{name} belongs to one expression: {uses:?}") };
        let limit = format!(" / {}", function.timeout.as_millis());
        assert!(expression.ends_with(&limit), "{name} may take {:?}: {expression}", function.timeout);
    }
}

#[test]
fn the_alarms_of_throttles_watch_the_table_and_every_index() {
    let alarms: BTreeMap<String, Value> = all("AWS::CloudWatch::Alarm").into_iter().collect();
    let system = super::tests::ours();
    let indexes = system.tables[0].definition["GlobalSecondaryIndexes"].as_array().unwrap();
    let names: BTreeSet<&str> = indexes.iter().filter_map(|one| one["IndexName"].as_str()).collect();
    for id in ["TableReadThrottles", "TableWriteThrottles"] {
        let metrics = watched(&alarms[id]);
        let found = metrics.iter().filter_map(|one| dimension(one, "GlobalSecondaryIndexName"));
        assert_eq!(found.filter_map(Value::as_str).collect::<BTreeSet<_>>(), names, "{id}");
        assert_eq!(metrics.len(), indexes.len() + 1, "{id}: and the table itself");
    }
}

/// GB-seconds follow from the memory that the template gives.
#[test]
fn the_dashboard_knows_how_much_memory_functions_have() {
    let template = document(&crate::root().join("template.yaml")).unwrap();
    let everybody = template["Globals"]["Function"]["MemorySize"].as_u64().unwrap();
    let widgets = widgets();
    let is_it = |one: &&Value| one["properties"]["title"] == "GB-seconds of functions";
    let metrics = widgets.iter().find(is_it).unwrap()["properties"]["metrics"].as_array().unwrap();
    for (id, function) in all("AWS::Serverless::Function") {
        let shown = metrics.iter().find(|one| one[3] == format!("${{{id}}}")).unwrap();
        let name = shown[4]["id"].as_str().unwrap();
        let mut uses = metrics.iter().filter_map(|one| one[0]["expression"].as_str());
        let expression = uses.find(|text| text.contains(&format!("FILL({name}, 0)"))).unwrap();
        let memory = match function["MemorySize"]["Ref"].as_str() {
            Some(parameter) => format!("* ${{{parameter}}} / 1024"),
            None => format!("* {} / 1024", function["MemorySize"].as_u64().unwrap_or(everybody)),
        };
        assert!(expression.ends_with(&memory), "{id}: {expression}");
    }
}

#[test]
fn only_a_figure_that_is_written_counts() {
    let written = written();
    for name in ["OrdersPlaced", "OrdersCreated", "GatewaySilence", "Drift", "WebhooksRefused"] {
        assert!(written.contains(name), "{name}: {written:?}");
    }
    for name in ["Stack", "Consumer", "OrderManagement"] {
        assert!(!written.contains(name), "{name} is no figure");
    }
}

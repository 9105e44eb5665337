//! What template.yaml says about the system, with this machine's names put in.
//!
//! This is the only source of the local stack's tables, queues, topics, event sources, routes and
//! environment; what stands here but cannot be followed is an error, never ignored.

mod policies;
mod resolve;
mod sources;
mod yaml;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::error::{Doing, Error, Result};
pub use policies::Statement;
use resolve::Resolver;
pub use resolve::{ACCOUNT, REGION, kind, section};
pub use sources::{Source, SourceKind, StreamSource};

/// The system, as template.yaml describes it.
#[derive(Debug)]
pub struct System {
    /// Tables of DynamoDB.
    pub tables: Vec<Table>,
    /// Topics of SNS, by ARN.
    pub topics: Vec<Topic>,
    /// Queues of SQS; a queue stands after those that its redrive policy names.
    pub queues: Vec<Queue>,
    /// Functions, with what triggers them.
    pub functions: Vec<Function>,
    /// What operators may do, by the access key that stands for them here; from
    /// `infra/orderctl/policies.yaml` beside the template.
    pub operators: BTreeMap<String, Vec<Statement>>,
}

/// A table.
#[derive(Debug)]
pub struct Table {
    /// Its local name.
    pub name: String,
    /// The `CreateTable` request.
    pub definition: Value,
    /// The attribute that holds when an item expires, in seconds since 1970.
    pub ttl_attribute: Option<String>,
}

/// A topic.
#[derive(Debug)]
pub struct Topic {
    /// Its local name.
    pub name: String,
    /// The ARN under which the functions know it.
    pub arn: String,
}

/// A queue.
#[derive(Debug, Clone)]
pub struct Queue {
    /// Its local name.
    pub name: String,
    /// The ARN under which event sources know it.
    pub arn: String,
    /// Where it is.
    pub url: String,
    /// Attributes of `CreateQueue`.
    pub attributes: BTreeMap<String, String>,
}

/// A function.
#[derive(Debug, Default)]
pub struct Function {
    /// Its name in the template, by which SAM knows it.
    pub id: String,
    /// The name of its binary, by which cargo-lambda knows it.
    pub name: String,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// Its environment, as the template gives it.
    pub environment: BTreeMap<String, String>,
    /// Paths of the HTTP API that lead to it, as API Gateway writes them; `$default` is all others.
    pub routes: Vec<String>,
    /// Streams and queues that it reads.
    pub sources: Vec<Source>,
    /// What it may do.
    pub policies: Vec<Statement>,
}

impl System {
    /// Reads template.yaml. `parameters` stand in for its parameters, `sqs_url` is where SQS
    /// answers.
    pub fn read(path: &Path, parameters: &BTreeMap<String, String>, sqs_url: &str) -> Result<Self> {
        let template = document(path)?;
        let resolver = Resolver::new(&template, parameters, sqs_url)?;
        let globals = template["Globals"]["Function"].clone();
        let mut system = Self {
            tables: Vec::new(),
            topics: Vec::new(),
            queues: Vec::new(),
            functions: Vec::new(),
            operators: policies::operators(&path.with_file_name("infra/orderctl/policies.yaml"))?,
        };
        for (id, resource) in section(&template, "Resources") {
            if !resolver.is_made(&resource)? {
                continue;
            }
            match kind(&resource) {
                "AWS::DynamoDB::Table" => system.tables.push(table(&resolver, &id, &resource)?),
                "AWS::SNS::Topic" => system.topics.push(Topic {
                    name: resolver.physical_name(&id)?,
                    arn: text_of(&resolver, &json!({ "Ref": id }))?,
                }),
                "AWS::SQS::Queue" => system.queues.push(queue(&resolver, &id, &resource)?),
                "AWS::Serverless::Function" => {
                    system.functions.push(function(&resolver, &id, &globals, &resource)?)
                }
                // What only exists to be deployed: the gateway itself, logs, alarms, permissions.
                _ => {}
            }
        }
        system.queues.sort_by_key(|queue| queue.attributes.contains_key("RedrivePolicy"));
        Ok(system)
    }

    /// The routes as cargo-lambda's router writes them, each with its function.
    pub fn router(&self) -> BTreeMap<String, String> {
        let mut router = BTreeMap::new();
        for function in &self.functions {
            for path in function.routes.iter().flat_map(|route| router_paths(route)) {
                router.insert(path, function.name.clone());
            }
        }
        router
    }
}

/// API Gateway's `{proxy+}` takes an empty rest, cargo-lambda's `{*rest}` does not: it needs the
/// path with the slash as well.
fn router_paths(route: &str) -> Vec<String> {
    if route == "$default" {
        return vec!["/".to_owned(), "/{*rest}".to_owned()];
    }
    match route.strip_suffix("{proxy+}") {
        Some(before) => vec![before.to_owned(), format!("{before}{{*rest}}")],
        None => vec![route.to_owned()],
    }
}

/// The template as it is written, as JSON, every function of CloudFormation in its long form.
pub fn document(path: &Path) -> Result<Value> {
    yaml::read(&std::fs::read_to_string(path).doing(format!("reading {}", path.display()))?)
}

fn table(resolver: &Resolver, id: &str, resource: &Value) -> Result<Table> {
    let properties = properties(resolver, resource)?;
    let name = resolver.physical_name(id)?;
    let mut definition = Map::new();
    definition.insert("TableName".to_owned(), json!(name));
    for key in ["AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode"] {
        if let Some(value) = properties.get(key) {
            definition.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(view) = properties["StreamSpecification"].get("StreamViewType") {
        definition.insert(
            "StreamSpecification".to_owned(),
            json!({ "StreamEnabled": true, "StreamViewType": view }),
        );
    }
    let ttl = &properties["TimeToLiveSpecification"];
    let ttl_attribute =
        ttl["Enabled"].as_bool().unwrap_or(false).then(|| ttl["AttributeName"].as_str()).flatten();
    Ok(Table { name, definition: Value::Object(definition), ttl_attribute: ttl_attribute.map(str::to_owned) })
}

fn queue(resolver: &Resolver, id: &str, resource: &Value) -> Result<Queue> {
    let properties = properties(resolver, resource)?;
    let mut attributes = BTreeMap::new();
    for key in [
        "VisibilityTimeout",
        "DelaySeconds",
        "MessageRetentionPeriod",
        "ReceiveMessageWaitTimeSeconds",
        "RedrivePolicy",
    ] {
        if let Some(value) = properties.get(key) {
            attributes.insert(key.to_owned(), plain(value));
        }
    }
    Ok(Queue {
        name: resolver.physical_name(id)?,
        arn: text_of(resolver, &json!({ "Fn::GetAtt": [id, "Arn"] }))?,
        url: text_of(resolver, &json!({ "Ref": id }))?,
        attributes,
    })
}

fn function(resolver: &Resolver, id: &str, globals: &Value, resource: &Value) -> Result<Function> {
    let properties = properties(resolver, resource)?;
    let mut environment = BTreeMap::new();
    for variables in
        [&globals["Environment"]["Variables"], &resource["Properties"]["Environment"]["Variables"]]
    {
        if let Some(Value::Object(variables)) = resolver.value(variables)? {
            environment.extend(variables.iter().map(|(name, value)| (name.clone(), plain(value))));
        }
    }
    let timeout =
        properties.get("Timeout").or_else(|| globals.get("Timeout")).and_then(Value::as_u64).unwrap_or(3);
    let mut routes = Vec::new();
    let mut throttled = Vec::new();
    let mut sources = Vec::new();
    for (event_id, event) in section(&properties, "Events") {
        let settings = &event["Properties"];
        match kind(&event) {
            "HttpApi" => {
                let path = settings["Path"].as_str().unwrap_or("$default").to_owned();
                let is_any = settings["Method"].as_str().is_none_or(|method| method == "ANY");
                if is_any { &mut routes } else { &mut throttled }.push(path);
            }
            "DynamoDB" => sources.push(sources::of_stream(settings)?),
            "SQS" => sources.push(sources::of_queue(settings)),
            other => {
                return Err(Error::Template(format!(
                    "{event_id} of {id}: no local event source for {other}"
                )));
            }
        }
    }
    if let Some(path) = throttled.iter().find(|path| !is_part_of_any(path, &routes)) {
        return Err(Error::Template(format!(
            "{path} of {id} is for one method: a route of any method must lead to the same function"
        )));
    }
    Ok(Function {
        id: id.to_owned(),
        name: resolver.physical_name(id)?,
        timeout: Duration::from_secs(timeout),
        environment,
        routes,
        sources,
        policies: policies::of_role(resolver, id, &resource["Properties"]["Role"])?,
    })
}

/// Whether one of some routes takes what this one does. A route of one method stands in the
/// template for its throttling at the gateway, and there is none here.
fn is_part_of_any(path: &str, routes: &[String]) -> bool {
    let is_part = |route: &String| match route.strip_suffix("{proxy+}") {
        Some(before) => path.starts_with(before),
        None => route == path,
    };
    routes.iter().any(is_part)
}

fn properties(resolver: &Resolver, resource: &Value) -> Result<Value> {
    let mut properties = resource["Properties"].clone();
    // Roles are read by themselves; log settings mean nothing here, and may use functions that
    // nothing else needs.
    if let Some(map) = properties.as_object_mut() {
        map.remove("Role");
        map.remove("LoggingConfig");
    }
    Ok(resolver.value(&properties)?.unwrap_or(Value::Null))
}

fn text_of(resolver: &Resolver, value: &Value) -> Result<String> {
    Ok(resolver.value(value)?.map(|value| plain(&value)).unwrap_or_default())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod alarms;
#[cfg(test)]
mod tests;

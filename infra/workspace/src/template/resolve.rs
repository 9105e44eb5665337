//! CloudFormation's intrinsic functions, against the names that things have on this machine.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The account of everything local; ministack's and dynoxide's own.
pub const ACCOUNT: &str = "000000000000";
/// The region of everything local.
pub const REGION: &str = "us-east-1";
/// The name of the local stack, which begins the names of tables, queues and topics.
pub(super) const STACK: &str = "oms";

/// Resolves references within one template.
pub(super) struct Resolver {
    parameters: BTreeMap<String, Value>,
    conditions: Map<String, Value>,
    resources: Map<String, Value>,
    sqs_url: String,
}

impl Resolver {
    /// Takes the template, the values that stand in for parameters, and where SQS is
    /// (`http://127.0.0.1:1234`).
    pub(super) fn new(template: &Value, given: &BTreeMap<String, String>, sqs_url: &str) -> Result<Self> {
        let mut parameters = BTreeMap::new();
        for (name, parameter) in section(template, "Parameters") {
            let value =
                given.get(&name).cloned().map(Value::String).or_else(|| parameter.get("Default").cloned());
            let value =
                value.ok_or_else(|| Error::Template(format!("the parameter {name} has no local value")))?;
            parameters.insert(name, value);
        }
        if let Some(stray) = given.keys().find(|name| !parameters.contains_key(*name)) {
            return Err(Error::Template(format!("there is no parameter {stray}")));
        }
        Ok(Self {
            parameters,
            conditions: section(template, "Conditions"),
            resources: section(template, "Resources"),
            sqs_url: sqs_url.to_owned(),
        })
    }

    /// The value with every function in it worked out; `None` where it is `AWS::NoValue`.
    pub(super) fn value(&self, value: &Value) -> Result<Option<Value>> {
        Ok(match value {
            Value::Object(map) => match single(map) {
                Some(("Ref", Value::String(name))) => self.reference(name)?,
                Some(("Fn::GetAtt", Value::Array(path))) => Some(Value::String(self.attribute(path)?)),
                Some(("Fn::Sub", Value::String(text))) => Some(Value::String(self.substitute(text)?)),
                Some(("Fn::If", Value::Array(parts))) if parts.len() == 3 => {
                    let chosen = if self.named_condition(&parts[0])? { &parts[1] } else { &parts[2] };
                    self.value(chosen)?
                }
                Some((name, _)) if name.starts_with("Fn::") => {
                    return Err(Error::Template(format!("{name} is not understood here")));
                }
                _ => {
                    let mut out = Map::new();
                    for (key, value) in map {
                        if let Some(value) = self.value(value)? {
                            out.insert(key.clone(), value);
                        }
                    }
                    Some(Value::Object(out))
                }
            },
            Value::Array(values) => {
                let values = values.iter().filter_map(|value| self.value(value).transpose());
                Some(Value::Array(values.collect::<Result<_>>()?))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value.clone()),
        })
    }

    /// The name that a resource has on this machine: the one it asks for, or the stack's and its
    /// own.
    pub(super) fn physical_name(&self, logical_id: &str) -> Result<String> {
        let resource = self.resource(logical_id)?;
        let properties = &resource["Properties"];
        let asked = ["TableName", "QueueName", "TopicName", "FunctionName", "LogGroupName"]
            .iter()
            .find_map(|key| properties.get(*key));
        if let Some(asked) = asked {
            return match self.value(asked)? {
                Some(Value::String(name)) => Ok(name),
                _ => Err(Error::Template(format!("the name of {logical_id} is no text"))),
            };
        }
        // A function's local name is that of its binary, by which cargo-lambda knows it.
        if kind(resource) == "AWS::Serverless::Function" {
            let path = properties["CodeUri"].as_str().unwrap_or_default();
            let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            return Ok(name.to_owned());
        }
        Ok(format!("{STACK}-{logical_id}"))
    }

    /// Whether a resource is made: it has no condition, or one that holds.
    pub(super) fn is_made(&self, resource: &Value) -> Result<bool> {
        resource.get("Condition").map_or(Ok(true), |name| self.named_condition(name))
    }

    fn reference(&self, name: &str) -> Result<Option<Value>> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(Some(value.clone()));
        }
        let text = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::Region" => REGION.to_owned(),
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::StackName" => STACK.to_owned(),
            _ => {
                let physical = self.physical_name(name)?;
                match kind(self.resource(name)?) {
                    "AWS::SNS::Topic" => arn("sns", &physical),
                    "AWS::SQS::Queue" => self.queue_url(&physical),
                    _ => physical,
                }
            }
        };
        Ok(Some(Value::String(text)))
    }

    fn queue_url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.sqs_url)
    }

    fn attribute(&self, path: &[Value]) -> Result<String> {
        let [Value::String(id), Value::String(attribute)] = path else {
            return Err(Error::Template(format!("Fn::GetAtt {path:?} is not understood here")));
        };
        let name = self.physical_name(id)?;
        Ok(match (kind(self.resource(id)?), attribute.as_str()) {
            ("AWS::DynamoDB::Table", "Arn") => arn("dynamodb", &format!("table/{name}")),
            ("AWS::DynamoDB::Table", "StreamArn") => arn("dynamodb", &format!("table/{name}/stream/local")),
            ("AWS::SQS::Queue", "Arn") => arn("sqs", &name),
            ("AWS::Logs::LogGroup", "Arn") => arn("logs", &format!("log-group:{name}:*")),
            ("AWS::SQS::Queue", "QueueName") | ("AWS::SNS::Topic", "TopicName") => name,
            ("AWS::SQS::Queue", "QueueUrl") => self.queue_url(&name),
            ("AWS::SNS::Topic", "TopicArn") => arn("sns", &name),
            ("AWS::Serverless::Function", "Arn") => arn("lambda", &format!("function:{name}")),
            (kind, attribute) => {
                return Err(Error::Template(format!("{attribute} of {kind} is not understood here")));
            }
        })
    }

    fn substitute(&self, text: &str) -> Result<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) =
                after.split_once('}').ok_or_else(|| Error::Template(format!("an open ${{ in {text}")))?;
            out.push_str(before);
            match name.strip_prefix('!') {
                // CloudFormation's way to write a literal ${…}.
                Some(literal) => out.push_str(&format!("${{{literal}}}")),
                None => out.push_str(&self.named(name)?),
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn named(&self, name: &str) -> Result<String> {
        if let Some((resource, attribute)) = name.split_once('.') {
            return self.attribute(&[resource.into(), attribute.into()]);
        }
        match self.reference(name)? {
            Some(Value::String(text)) => Ok(text),
            Some(other) => Ok(other.to_string()),
            None => Ok(String::new()),
        }
    }

    fn named_condition(&self, name: &Value) -> Result<bool> {
        let name = name.as_str().unwrap_or_default();
        let condition = self.conditions.get(name);
        self.condition(condition.ok_or_else(|| Error::Template(format!("there is no condition {name}")))?)
    }

    fn condition(&self, condition: &Value) -> Result<bool> {
        let map = condition.as_object().and_then(single);
        match map {
            Some(("Condition", name)) => self.named_condition(name),
            Some(("Fn::Equals", Value::Array(sides))) if sides.len() == 2 => {
                Ok(self.value(&sides[0])? == self.value(&sides[1])?)
            }
            Some(("Fn::Not", Value::Array(inner))) if inner.len() == 1 => Ok(!self.condition(&inner[0])?),
            Some(("Fn::And", Value::Array(all))) => {
                all.iter().try_fold(true, |so_far, c| Ok(so_far && self.condition(c)?))
            }
            Some(("Fn::Or", Value::Array(any))) => {
                any.iter().try_fold(false, |so_far, c| Ok(so_far || self.condition(c)?))
            }
            _ => Err(Error::Template(format!("the condition {condition} is not understood here"))),
        }
    }

    pub(super) fn resource(&self, logical_id: &str) -> Result<&Value> {
        self.resources
            .get(logical_id)
            .ok_or_else(|| Error::Template(format!("there is no resource {logical_id}")))
    }
}

/// A resource's type, e.g. `AWS::SQS::Queue`.
pub fn kind(resource: &Value) -> &str {
    resource["Type"].as_str().unwrap_or_default()
}

/// A section of the template as a map, empty where the template has none.
pub fn section(template: &Value, name: &str) -> Map<String, Value> {
    template.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

fn single(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut entries = map.iter();
    match (entries.next(), entries.next()) {
        (Some((key, value)), None) => Some((key, value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resolver() -> Resolver {
        let template = json!({
            "Parameters": {"Colour": {"Default": "red"}, "Empty": {"Default": ""}},
            "Conditions": {"HasEmpty": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Empty"}, ""]}]}},
            "Resources": {
                "Table": {"Type": "AWS::DynamoDB::Table"},
                "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "${Colour}-queue"}}},
                "Topic": {"Type": "AWS::SNS::Topic"},
            }
        });
        Resolver::new(&template, &BTreeMap::new(), "http://here").unwrap()
    }

    #[test]
    fn references_are_local_names() {
        let value = json!({
            "table": {"Ref": "Table"},
            "queue": {"Ref": "Queue"},
            "arn": {"Fn::GetAtt": ["Queue", "Arn"]},
            "topic": {"Ref": "Topic"},
            "gone": {"Fn::If": ["HasEmpty", {"Ref": "Empty"}, {"Ref": "AWS::NoValue"}]},
            "text": {"Fn::Sub": "${AWS::Region}/${Table.Arn}/${!Left}"},
        });
        assert_eq!(
            resolver().value(&value).unwrap().unwrap(),
            json!({
                "table": "oms-Table",
                "queue": "http://here/000000000000/red-queue",
                "arn": "arn:aws:sqs:us-east-1:000000000000:red-queue",
                "topic": "arn:aws:sns:us-east-1:000000000000:oms-Topic",
                "text": "us-east-1/arn:aws:dynamodb:us-east-1:000000000000:table/oms-Table/${Left}",
            })
        );
    }

    #[test]
    fn what_has_a_condition_that_does_not_hold_is_not_made() {
        let is_made = |resource| resolver().is_made(&resource).unwrap();
        assert!(is_made(json!({"Type": "AWS::SNS::Topic"})));
        assert!(!is_made(json!({"Type": "AWS::SNS::Topic", "Condition": "HasEmpty"})));
        assert!(resolver().is_made(&json!({"Condition": "Nowhere"})).is_err());
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(resolver().value(&json!({"Fn::Cidr": []})).is_err());
        assert!(resolver().value(&json!({"Ref": "Nothing"})).is_err());
    }
}

//! YAML with CloudFormation's short tags, as plain JSON in CloudFormation's long form.

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

use crate::error::{Doing, Error, Result};

/// Reads YAML; `!Ref x` becomes `{"Ref": "x"}`, `!GetAtt a.b` becomes `{"Fn::GetAtt": ["a", "b"]}`,
/// and any other `!Name x` becomes `{"Fn::Name": x}`.
pub(super) fn read(text: &str) -> Result<Value> {
    let yaml: Yaml = serde_yaml_ng::from_str(text).doing("template.yaml is no YAML")?;
    json_of(yaml)
}

fn json_of(yaml: Yaml) -> Result<Value> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::Number(value) => serde_json::to_value(value).doing("template.yaml holds a bad number")?,
        Yaml::String(value) => Value::String(value),
        Yaml::Sequence(values) => Value::Array(values.into_iter().map(json_of).collect::<Result<_>>()?),
        Yaml::Mapping(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                let key = key.as_str().ok_or_else(|| Error::Template(format!("{key:?} cannot be a key")))?;
                map.insert(key.to_owned(), json_of(value)?);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => {
            let value = json_of(tagged.value)?;
            match tagged.tag.to_string().trim_start_matches('!') {
                "Ref" => json!({ "Ref": value }),
                "Condition" => json!({ "Condition": value }),
                "GetAtt" => json!({ "Fn::GetAtt": attribute_of(value) }),
                name => json!({ format!("Fn::{name}"): value }),
            }
        }
    })
}

fn attribute_of(value: Value) -> Value {
    match value.as_str().and_then(|text| text.split_once('.')) {
        Some((resource, attribute)) => json!([resource, attribute]),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_become_the_long_form() {
        let value = read("a: !Ref X\nb: !GetAtt Table.StreamArn\nc: !If [On, !Sub '${X}', 1]\n").unwrap();
        assert_eq!(
            value,
            json!({
                "a": {"Ref": "X"},
                "b": {"Fn::GetAtt": ["Table", "StreamArn"]},
                "c": {"Fn::If": ["On", {"Fn::Sub": "${X}"}, 1]},
            })
        );
    }
}

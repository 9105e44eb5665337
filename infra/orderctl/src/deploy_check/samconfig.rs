//! What samconfig.toml tells `sam deploy`.

use super::{Finding, Values};
use oms_workspace::report::Fault;
use std::collections::BTreeSet;
use std::path::Path;
use toml_edit::{DocumentMut, Item, TableLike, Value};

/// The environment that `sam` reads unless it is told otherwise.
pub const DEFAULT_ENVIRONMENT: &str = "default";

/// The settings of one environment, those of `global` included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Config {
    /// The values of the template's parameters.
    pub(super) parameters: Values,
    /// Words of `parameter_overrides` that name no parameter.
    unreadable: Vec<String>,
    /// The names of all settings.
    settings: BTreeSet<String>,
    environment: String,
}

impl Config {
    /// Reads an environment of a file; an empty one where there is no file.
    ///
    /// # Errors
    /// The file cannot be read, or is no TOML.
    pub(super) fn read(path: &Path, environment: &str) -> Result<Self, Fault> {
        let about = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Self::parse(&text, environment).map_err(|error| about(&error))?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self { environment: environment.to_owned(), ..Self::default() })
            }
            Err(error) => Err(about(&error).into()),
        }
    }

    fn parse(text: &str, environment: &str) -> Result<Self, toml_edit::TomlError> {
        let document: DocumentMut = text.parse()?;
        let mut config = Self { environment: environment.to_owned(), ..Self::default() };
        // What is said for the command comes last, and wins.
        for command in ["global", "deploy"] {
            let table = document
                .get(environment)
                .and_then(|of_environment| of_environment.get(command))
                .and_then(|of_command| of_command.get("parameters"))
                .and_then(Item::as_table_like);
            let Some(table) = table else { continue };
            config.settings.extend(table.iter().map(|(name, _)| name.to_owned()));
            if let Some(overrides) = table.get("parameter_overrides") {
                config.parameters.clear();
                config.unreadable.clear();
                config.take(overrides);
            }
        }
        Ok(config)
    }

    fn take(&mut self, overrides: &Item) {
        if let Some(text) = overrides.as_str() {
            self.take_text(text);
        } else if let Some(list) = overrides.as_array() {
            list.iter().for_each(|entry| self.take_text(&plain(entry)));
        } else if let Some(table) = overrides.as_table_like() {
            self.take_table(table);
        }
    }

    fn take_table(&mut self, table: &dyn TableLike) {
        for (name, value) in table.iter() {
            self.parameters.insert(name.to_owned(), value.as_value().map(plain).unwrap_or_default());
        }
    }

    fn take_text(&mut self, text: &str) {
        for word in words(text) {
            let pair = match word.strip_prefix("ParameterKey=") {
                Some(pair) => pair.split_once(",ParameterValue="),
                None => word.split_once('='),
            };
            match pair {
                Some((name, value)) => drop(self.parameters.insert(unquoted(name), unquoted(value))),
                None => self.unreadable.push(word),
            }
        }
    }

    /// Whether a setting is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.settings.contains(name)
    }

    /// Whether what `sam deploy` needs is given, which it otherwise asks for only when it is
    /// `--guided`.
    pub(super) fn check(&self) -> Vec<Finding> {
        let environment = &self.environment;
        let table = format!("[{environment}.deploy.parameters]");
        let mut findings = Vec::new();
        for (names, example) in [
            (&["stack_name"][..], "stack_name = \"oms\""),
            (&["capabilities"], "capabilities = \"CAPABILITY_IAM\""),
            (&["resolve_s3", "s3_bucket"], "resolve_s3 = true"),
        ] {
            let what = format!("{} of {table} in samconfig.toml", names.join(" or "));
            findings.push(match names.iter().any(|name| self.has(name)) {
                true => Finding::Ok(what),
                false => Finding::Missing(what, format!("write {example} there, or use sam deploy --guided")),
            });
        }
        for word in &self.unreadable {
            let name = word.split_once('=').map_or(word.as_str(), |(name, _)| name);
            findings.push(Finding::Missing(
                format!("a parameter in parameter_overrides of {table}, at {name:?}"),
                "write each as Name=\"value\"".to_owned(),
            ));
        }
        findings
    }
}

/// A value as the command line would have it; nothing for lists and tables, which are no values of
/// parameters.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.value().clone(),
        Value::Integer(number) => number.value().to_string(),
        Value::Float(number) => number.value().to_string(),
        Value::Boolean(is_so) => is_so.value().to_string(),
        Value::Datetime(time) => time.value().to_string(),
        Value::Array(_) | Value::InlineTable(_) => String::new(),
    }
}

/// A text at its spaces, but for those in quotes and behind a backslash.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut quote = None;
    let mut is_escaped = false;
    for letter in text.chars() {
        if letter.is_whitespace() && quote.is_none() && !is_escaped {
            words.push(std::mem::take(&mut word));
            continue;
        }
        word.push(letter);
        match letter {
            _ if is_escaped => {}
            '"' | '\'' if quote == Some(letter) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(letter),
            _ => {}
        }
        is_escaped = letter == '\\' && !is_escaped;
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// A value without the quotes around it, and what was escaped as it is meant, as `sam` reads it.
fn unquoted(text: &str) -> String {
    let within = ['"', '\''].iter().find_map(|quote| text.strip_prefix(*quote)?.strip_suffix(*quote));
    within.unwrap_or(text).replace("\\ ", " ").replace("\\\"", "\"").replace("\\'", "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(file: &str, environment: &str) -> Vec<(String, String)> {
        Config::parse(file, environment).unwrap().parameters.into_iter().collect()
    }

    #[test]
    fn overrides_may_be_written_in_all_the_forms_that_sam_reads() {
        for overrides in [
            r#"'Stage="production" AuthIssuer="https://i"'"#,
            r#""Stage=production AuthIssuer=https://i""#,
            r#""Stage=\"production\" AuthIssuer='https://i'""#,
            r#""ParameterKey=Stage,ParameterValue=production ParameterKey=AuthIssuer,ParameterValue=\"https://i\"""#,
            r#"["Stage=production", "AuthIssuer=https://i"]"#,
            r#"["Stage=\"production\"", "ParameterKey=AuthIssuer,ParameterValue=https://i"]"#,
            r#"{ Stage = "production", AuthIssuer = "https://i" }"#,
            "\"\"\"\n  Stage=production\n  AuthIssuer=https://i\n\"\"\"",
        ] {
            let file =
                format!("version = 0.1\n[default.deploy.parameters]\nparameter_overrides = {overrides}\n");
            let found = parameters(&file, "default");
            let wanted = [("AuthIssuer", "https://i"), ("Stage", "production")];
            assert_eq!(found, wanted.map(|(name, value)| (name.to_owned(), value.to_owned())), "{overrides}");
        }
    }

    #[test]
    fn a_value_may_hold_anything() {
        for (written, meant) in [
            (r#"'A="a b"'"#, "a b"),
            (r#"'A=a\ b'"#, "a b"),
            (r#"'A="{\"keys\": []}"'"#, r#"{"keys": []}"#),
            (r#"'A=a=b'"#, "a=b"),
            (r#"'A=""'"#, ""),
            ("{ A = 300 }", "300"),
            ("{ A = true }", "true"),
        ] {
            let file = format!("[default.deploy.parameters]\nparameter_overrides = {written}\n");
            assert_eq!(parameters(&file, "default"), [("A".to_owned(), meant.to_owned())], "{written}");
        }
    }

    #[test]
    fn each_environment_stands_for_itself_and_deploy_before_global() {
        let file = "[default.global.parameters]\nparameter_overrides = 'A=1 B=2'\n\
                    [default.deploy.parameters]\nparameter_overrides = 'A=3'\n\
                    [prod.global.parameters]\nparameter_overrides = 'A=4'\n";
        let pair = |value: &str| vec![("A".to_owned(), value.to_owned())];
        assert_eq!(parameters(file, "default"), pair("3"));
        assert_eq!(parameters(file, "prod"), pair("4"));
        assert_eq!(parameters(file, "test"), []);
    }

    #[test]
    fn a_word_that_is_no_parameter_is_told_without_its_value() {
        let config = Config::parse("[a.deploy.parameters]\nparameter_overrides = 'A=1 B'\n", "a").unwrap();
        let findings = config.check();
        let last = findings.last().unwrap();
        assert!(matches!(last, Finding::Missing(what, _) if what.ends_with("at \"B\"")), "{last:?}");
    }

    #[test]
    fn what_sam_needs_must_be_in_the_same_environment() {
        let file = std::fs::read_to_string(oms_workspace::root().join("samconfig.toml")).unwrap();
        let missing = |environment: &str| {
            let findings = Config::parse(&file, environment).unwrap().check();
            findings.iter().filter(|finding| matches!(finding, Finding::Missing(..))).count()
        };
        assert_eq!((missing("default"), missing("prod")), (0, 3));
    }

    #[test]
    fn what_is_no_toml_is_an_error() {
        assert!(Config::parse("parameter_overrides = ", "default").is_err());
    }
}

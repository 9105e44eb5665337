//! Whether the values of the template's parameters are there, and are what CloudFormation accepts.

use super::{Finding, Values};
use oms_domain::Decimal;
use oms_workspace::template::section;
use regex_lite::Regex;
use serde_json::Value;

/// What is wrong with a value, or why that cannot be told from here.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Doubt {
    Wrong(String),
    Unknown(String),
}

/// Looks at each parameter that is given or must be.
pub(super) fn check(template: &Value, given: &Values) -> Vec<Finding> {
    let parameters = section(template, "Parameters");
    let mut findings = Vec::new();
    for (name, parameter) in &parameters {
        match given.get(name) {
            Some(value) => findings.push(of_value(name, parameter, value)),
            None if parameter.get("Default").is_none() => {
                let about = parameter["Description"].as_str().unwrap_or_default();
                findings.push(Finding::Missing(
                    format!("parameter {name}"),
                    format!("--parameter-overrides {name}=…, or sam deploy --guided; {about}"),
                ));
            }
            None => {}
        }
    }
    for stray in given.keys().filter(|name| !parameters.contains_key(*name)) {
        findings.push(Finding::Missing(
            format!("parameter {stray} in template.yaml"),
            "there is none of this name: leave it out, or write it as the template does".to_owned(),
        ));
    }
    findings
}

/// All values: those that are given, and the defaults of the others.
pub(super) fn values(template: &Value, given: &Values) -> Values {
    let mut values = Values::new();
    for (name, parameter) in section(template, "Parameters") {
        let default = parameter.get("Default").map(plain);
        if let Some(value) = given.get(&name).cloned().or(default) {
            values.insert(name, value);
        }
    }
    values
}

fn of_value(name: &str, parameter: &Value, value: &str) -> Finding {
    let shown = match parameter["NoEcho"] == true || parameter["NoEcho"] == "true" {
        true => "…".to_owned(),
        false => value.to_owned(),
    };
    let what = format!("parameter {name}={shown}");
    match doubt(parameter, value) {
        None => Finding::Ok(what),
        Some(Doubt::Wrong(why)) => Finding::Missing(what, format!("{why}: give it another value")),
        Some(Doubt::Unknown(why)) => Finding::NotChecked(what, why),
    }
}

/// What CloudFormation would say of a value.
fn doubt(parameter: &Value, value: &str) -> Option<Doubt> {
    let of_each =
        |is_number: bool| value.split(',').map(str::trim).find_map(|one| of_one(parameter, one, is_number));
    match parameter["Type"].as_str().unwrap_or("String") {
        "String" => of_one(parameter, value, false),
        "Number" => of_one(parameter, value, true),
        "CommaDelimitedList" => of_each(false),
        "List<Number>" => of_each(true),
        other => Some(Doubt::Unknown(format!("only AWS knows what is a {other}"))),
    }
}

fn of_one(parameter: &Value, value: &str, is_number: bool) -> Option<Doubt> {
    let allowed = parameter["AllowedValues"].as_array();
    let allowed: Option<Vec<String>> = allowed.map(|allowed| allowed.iter().map(plain).collect());
    if let Some(allowed) = allowed.filter(|allowed| !allowed.iter().any(|one| one == value)) {
        return Some(Doubt::Wrong(format!("only {} is allowed", allowed.join(", "))));
    }
    if is_number { of_number(parameter, value) } else { of_length(parameter, value) }
        .or_else(|| of_pattern(parameter, value))
}

fn of_number(parameter: &Value, value: &str) -> Option<Doubt> {
    let Ok(number) = value.parse::<Decimal>() else {
        return Some(Doubt::Wrong("it is no number".to_owned()));
    };
    let limit = |name: &str| plain(&parameter[name]).parse::<Decimal>().ok();
    if let Some(least) = limit("MinValue").filter(|least| number < *least) {
        return Some(Doubt::Wrong(format!("it is less than {least}")));
    }
    let most = limit("MaxValue").filter(|most| number > *most)?;
    Some(Doubt::Wrong(format!("it is more than {most}")))
}

fn of_length(parameter: &Value, value: &str) -> Option<Doubt> {
    let length = value.chars().count();
    let limit = |name: &str| plain(&parameter[name]).parse::<usize>().ok();
    if let Some(least) = limit("MinLength").filter(|least| length < *least) {
        return Some(Doubt::Wrong(format!("it is shorter than {least} characters")));
    }
    let most = limit("MaxLength").filter(|most| length > *most)?;
    Some(Doubt::Wrong(format!("it is longer than {most} characters")))
}

/// The pattern must match the whole value.
fn of_pattern(parameter: &Value, value: &str) -> Option<Doubt> {
    let pattern = parameter["AllowedPattern"].as_str()?;
    let Ok(regex) = Regex::new(&format!("^(?:{pattern})$")) else {
        return Some(Doubt::Unknown(format!("the pattern {pattern} is not understood here")));
    };
    let about = parameter["ConstraintDescription"].as_str();
    let why = about.map_or_else(|| format!("it must match {pattern}"), str::to_owned);
    (!regex.is_match(value)).then_some(Doubt::Wrong(why))
}

/// A value as CloudFormation compares it: as a text.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The fault of a value; empty where there is none, with a question mark where nobody knows.
    fn fault(parameter: &Value, value: &str) -> String {
        match doubt(parameter, value) {
            None => String::new(),
            Some(Doubt::Wrong(why)) => why,
            Some(Doubt::Unknown(why)) => format!("? {why}"),
        }
    }

    #[test]
    fn a_value_is_held_to_what_its_parameter_says() {
        let stage = json!({ "Type": "String", "AllowedValues": ["dev", "production"] });
        let days = json!({ "Type": "Number", "AllowedValues": [1, 30] });
        let seconds = json!({ "Type": "Number", "MinValue": 0, "MaxValue": 900 });
        let currency = json!({ "Type": "String", "AllowedPattern": "[A-Z]{3}" });
        let tax = json!({ "Type": "String", "AllowedPattern": r"0(\.[0-9]+)?|1(\.0+)?" });
        let issuer = json!({ "Type": "String", "MinLength": 1, "MaxLength": "3" });
        let key = json!({ "Type": "String", "AllowedPattern": "a", "ConstraintDescription": "it is not a" });
        let list = json!({ "Type": "CommaDelimitedList", "AllowedValues": ["email", "sqs"] });
        let numbers = json!({ "Type": "List<Number>", "MaxValue": 5 });
        let image = json!({ "Type": "AWS::EC2::Image::Id" });
        let clever = json!({ "Type": "String", "AllowedPattern": "(?=a)a" });
        for (parameter, value, wanted) in [
            (&stage, "production", ""),
            (&stage, "prod", "only dev, production is allowed"),
            (&stage, "", "only dev, production is allowed"),
            (&days, "30", ""),
            (&days, "31", "only 1, 30 is allowed"),
            (&seconds, "0", ""),
            (&seconds, "900", ""),
            (&seconds, "0.5", ""),
            (&seconds, "901", "it is more than 900"),
            (&seconds, "-1", "it is less than 0"),
            (&seconds, "a minute", "it is no number"),
            (&seconds, "", "it is no number"),
            (&currency, "EUR", ""),
            (&currency, "EURO", "it must match [A-Z]{3}"),
            (&currency, "eur", "it must match [A-Z]{3}"),
            (&tax, "0.19", ""),
            (&tax, "1.0", ""),
            (&tax, "0.19%", r"it must match 0(\.[0-9]+)?|1(\.0+)?"),
            (&tax, "19", r"it must match 0(\.[0-9]+)?|1(\.0+)?"),
            (&issuer, "", "it is shorter than 1 characters"),
            (&issuer, "äöü", ""),
            (&issuer, "abcd", "it is longer than 3 characters"),
            (&key, "b", "it is not a"),
            (&list, "email, sqs", ""),
            (&list, "email,fax", "only email, sqs is allowed"),
            (&numbers, "1,5", ""),
            (&numbers, "1,6", "it is more than 5"),
            (&image, "ami-1", "? only AWS knows what is a AWS::EC2::Image::Id"),
            (&clever, "a", "? the pattern (?=a)a is not understood here"),
        ] {
            assert_eq!(fault(parameter, value), wanted, "{value:?} of {parameter}");
        }
    }

    #[test]
    fn what_has_no_default_must_be_given_and_what_is_given_must_exist() {
        let template = json!({ "Parameters": {
            "Issuer": { "Type": "String", "Description": "Who signs." },
            "Stage": { "Type": "String", "Default": "dev" },
        }});
        let given = |name: &str| Values::from([(name.to_owned(), "x".to_owned())]);
        let mend = "--parameter-overrides Issuer=…, or sam deploy --guided; Who signs.".to_owned();
        assert_eq!(check(&template, &Values::new()), [Finding::Missing("parameter Issuer".to_owned(), mend)]);
        assert_eq!(check(&template, &given("Issuer")), [Finding::Ok("parameter Issuer=x".to_owned())]);
        let stray = &check(&template, &given("issuer"))[1];
        assert!(matches!(stray, Finding::Missing(what, _) if what == "parameter issuer in template.yaml"));
    }

    #[test]
    fn a_secret_is_not_shown_even_where_it_is_wrong() {
        let parameter = json!({ "Type": "String", "NoEcho": true, "AllowedPattern": "sk_.*" });
        for value in ["sk_secret", "secret"] {
            let finding = format!("{:?}", of_value("Key", &parameter, value));
            assert!(!finding.contains("secret"), "{finding}");
        }
    }

    #[test]
    fn of_the_template_only_the_gateway_must_be_given_and_its_defaults_are_allowed() {
        let template =
            oms_workspace::template::document(&oms_workspace::root().join("template.yaml")).unwrap();
        let findings = check(&template, &Values::new());
        let missing: Vec<&str> = findings
            .iter()
            .filter_map(|finding| match finding {
                Finding::Missing(what, _) => Some(what.as_str()),
                Finding::Ok(_) | Finding::NotChecked(..) => None,
            })
            .collect();
        assert_eq!(missing, ["parameter PaymentGateway"]);
        let allowed = |name: &str, value: &str| fault(&template["Parameters"][name], value).is_empty();
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:stripe-AbCdEf#secret_key";
        assert!(allowed("StripeSecretKeyArn", arn) && !allowed("StripeSecretKeyArn", "sk_live_1"));
        assert!(allowed("StripeSecretKey", "sk_test_1") && allowed("StripeSecretKey", "rk_test_1"));
        assert!(!allowed("StripeSecretKey", "sk_live_1"), "it would be there for all to read");
        for (name, parameter) in section(&template, "Parameters") {
            if let Some(default) = parameter.get("Default") {
                assert_eq!(fault(&parameter, &plain(default)), "", "{name}");
            }
        }
    }
}

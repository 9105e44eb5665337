//! What is missing before `sam deploy` starts, each with what mends it. Nothing is asked of any
//! network.

mod bootstraps;
mod parameters;
mod rules;
mod samconfig;
mod tools;

use clap::{Args, ValueEnum};
use oms_workspace::report::{Fault, Report};
use samconfig::Config;
use std::collections::BTreeMap;
use std::path::Path;
use tools::Machine;

pub use samconfig::DEFAULT_ENVIRONMENT;

/// Values of the template's parameters, by name.
pub type Values = BTreeMap<String, String>;

/// What the functions run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Architecture {
    /// Graviton, which costs a fifth less.
    #[value(name = "arm64")]
    Arm64,
    /// Intel and AMD.
    #[value(name = "x86_64")]
    X86,
}

/// How it is going to be deployed.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What `sam deploy` is told with `--parameter-overrides`.
    pub parameters: Values,
    /// The `--config-env` of `sam deploy`.
    pub config_env: String,
}

/// The same, as the command line says it.
#[derive(Args, Clone, Debug)]
pub struct DeployCheck {
    /// A value that `sam deploy` will be given with --parameter-overrides; may be repeated. As
    /// there, those of samconfig.toml then do not count
    #[arg(long, value_name = "NAME=VALUE", value_parser = crate::cli::pair)]
    parameter: Vec<(String, String)>,
    /// The environment of samconfig.toml, as `sam deploy` is told it
    #[arg(long, default_value = DEFAULT_ENVIRONMENT)]
    config_env: String,
}

impl DeployCheck {
    /// Does what was asked, of this checkout.
    ///
    /// # Errors
    /// As [`run`].
    pub fn run(self) -> Result<Report, Fault> {
        let parameters = self.parameter.into_iter().collect();
        run(&oms_workspace::root(), &Plan { parameters, config_env: self.config_env })
    }
}

/// Something that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Finding {
    /// It is as it must be.
    Ok(String),
    /// It is not; what it is, and what mends it.
    Missing(String, String),
    /// Only AWS can tell; what it is, and why.
    NotChecked(String, String),
}

/// Looks at the tools, the functions that were built, and the parameters of the checkout at `root`.
///
/// # Errors
/// template.yaml or samconfig.toml cannot be read.
pub fn run(root: &Path, plan: &Plan) -> Result<Report, Fault> {
    let template = oms_workspace::template::document(&root.join("template.yaml"))?;
    let config = Config::read(&root.join("samconfig.toml"), &plan.config_env)?;
    let mut of_config = config.check();
    let tools = |architecture| tools::check(&Machine::this(root), architecture, config.has("region"));
    let (given, mut said) = given(plan, &config);
    let values = parameters::values(&template, &given);
    let architecture = Architecture::of(&values);
    let mut findings = tools(architecture);
    findings.extend(bootstraps::check(root, &template, architecture)?);
    findings.append(&mut of_config);
    findings.append(&mut said);
    findings.extend(parameters::check(&template, &given));
    findings.extend(rules::check(&template, &values));
    Ok(report(&findings))
}

/// What `sam deploy` passes on: with `--parameter-overrides` it does not read those of
/// samconfig.toml.
fn given(plan: &Plan, config: &Config) -> (Values, Vec<Finding>) {
    if plan.parameters.is_empty() {
        return (config.parameters.clone(), Vec::new());
    }
    let left: Vec<&str> = config
        .parameters
        .keys()
        .filter(|name| !plan.parameters.contains_key(*name))
        .map(String::as_str)
        .collect();
    let mut said = Vec::new();
    if !left.is_empty() {
        said.push(Finding::NotChecked(
            format!("{} of samconfig.toml", left.join(", ")),
            "sam reads its parameter_overrides only where --parameter-overrides is not given: give all, or none"
                .to_owned(),
        ));
    }
    (plan.parameters.clone(), said)
}

impl Architecture {
    /// What the parameter of that name says; another value is none of its own.
    fn of(values: &Values) -> Self {
        let said = values.get("Architecture").and_then(|name| Self::from_str(name, false).ok());
        said.unwrap_or(Self::Arm64)
    }

    /// As AWS writes it.
    const fn name(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::X86 => "x86_64",
        }
    }

    /// What builds the functions for it.
    const fn build(self) -> &'static str {
        match self {
            Self::Arm64 => "cargo functions --arm64",
            Self::X86 => "cargo functions --x86-64",
        }
    }
}

fn report(findings: &[Finding]) -> Report {
    let mut text = String::new();
    let mut missing = 0;
    for finding in findings {
        let line = match finding {
            Finding::Ok(what) => format!("ok           {what}\n"),
            Finding::Missing(what, mend) => {
                missing += 1;
                format!("missing      {what}: {mend}\n")
            }
            Finding::NotChecked(what, why) => format!("not checked  {what}: {why}\n"),
        };
        text.push_str(&line);
    }
    text.push_str(&match missing {
        0 => "nothing is missing: sam deploy".to_owned(),
        missing => format!("{missing} missing"),
    });
    Report::new(text, missing == 0).with("missing", missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_missing_is_not_well() {
        let ok = Finding::Ok("sam".to_owned());
        let open = Finding::NotChecked("rule A".to_owned(), "Fn::ValueOf".to_owned());
        let missing = Finding::Missing("sam".to_owned(), "pip install aws-sam-cli".to_owned());
        let well = report(&[ok.clone(), open.clone()]);
        assert_eq!(
            well.text,
            "ok           sam\nnot checked  rule A: Fn::ValueOf\nnothing is missing: sam deploy"
        );
        assert!(well.is_well);
        let ill = report(&[ok, open, missing]);
        assert!(ill.text.ends_with("missing      sam: pip install aws-sam-cli\n1 missing"), "{}", ill.text);
        assert!(!ill.is_well);
    }

    #[test]
    fn parameters_on_the_command_line_replace_those_of_the_file() {
        let values = |pairs: &[(&str, &str)]| -> Values {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let plan = |parameters| Plan { parameters, config_env: "default".to_owned() };
        let config = || {
            let mut config = Config::default();
            config.parameters = values(&[("A", "1"), ("B", "2")]);
            config
        };
        assert_eq!(given(&plan(Values::new()), &config()), (values(&[("A", "1"), ("B", "2")]), Vec::new()));
        let (taken, said) = given(&plan(values(&[("A", "3")])), &config());
        assert_eq!(taken, values(&[("A", "3")]));
        assert!(
            matches!(&said[..], [Finding::NotChecked(what, _)] if what == "B of samconfig.toml"),
            "{said:?}"
        );
        let (_, said) = given(&plan(values(&[("A", "3"), ("B", "4")])), &config());
        assert_eq!(said, []);
    }

    #[test]
    fn the_architecture_is_that_of_the_parameter() {
        let template =
            oms_workspace::template::document(&oms_workspace::root().join("template.yaml")).unwrap();
        let of = |given: &[(&str, &str)]| {
            let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Architecture::of(&parameters::values(&template, &given))
        };
        assert_eq!(of(&[]), Architecture::Arm64);
        assert_eq!(of(&[("Architecture", "x86_64")]), Architecture::X86);
    }

    /// The rules of the template that refuse some parameters.
    fn refusals(template: &serde_json::Value, given: &[(&str, &str)]) -> Vec<String> {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let findings = rules::check(template, &parameters::values(template, &given));
        let refused = findings.iter().filter_map(|finding| match finding {
            Finding::Ok(_) => None,
            Finding::Missing(what, _) | Finding::NotChecked(what, _) => what.strip_prefix("rule "),
        });
        refused.map(str::to_owned).collect()
    }

    #[test]
    fn one_half_of_what_goes_together_is_refused() {
        let template =
            oms_workspace::template::document(&oms_workspace::root().join("template.yaml")).unwrap();
        let arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:stripe-AbCdEf";
        let (key, secret) = (("StripeSecretKeyArn", arn), ("StripeWebhookSecretArn", arn));
        let name = ("DomainName", "api.shop.example");
        let certificate = ("CertificateArn", "arn:aws:acm:eu-west-1:123456789012:certificate/a");
        let (reads, writes) = (("MaxReadUnits", "100"), ("MaxWriteUnits", "100"));
        let (stripe, test_key) = (("PaymentGateway", "stripe"), ("StripeSecretKey", "sk_test_1"));
        let (canary, email) = (("Deployment", "Canary10Percent5Minutes"), ("AlarmEmail", "ops@example.com"));
        for (given, refused) in [
            (vec![stripe, key, secret], vec![]),
            (vec![stripe, key], vec!["StripeHasItsKeys"]),
            (vec![stripe, key, secret, test_key], vec!["OneOfEachStripeKey"]),
            (vec![stripe, key, secret, name, certificate], vec![]),
            (vec![stripe, key, secret, name], vec!["DomainHasItsCertificate"]),
            (vec![stripe, key, secret, certificate], vec!["DomainHasItsCertificate"]),
            (vec![stripe, key, secret, reads, writes], vec![]),
            (vec![stripe, key, secret, writes], vec!["MaximaGoTogether"]),
            (vec![stripe, key, secret, canary, email], vec![]),
            (vec![stripe, key, secret, canary], vec!["GradualIsWatched"]),
        ] {
            let given = [given, vec![("AdminEmail", "ada@example.com")]].concat();
            assert_eq!(refusals(&template, &given), refused, "{given:?}");
        }
    }

    /// What would deploy and be dead, or give the goods away, by the rule that refuses it.
    #[test]
    fn the_template_refuses_what_would_be_dead() {
        let template =
            oms_workspace::template::document(&oms_workspace::root().join("template.yaml")).unwrap();
        let simulated = ("PaymentGateway", "simulated");
        let (stripe, key, secret) = (
            ("PaymentGateway", "stripe"),
            ("StripeSecretKey", "sk_test_1"),
            ("StripeWebhookSecret", "whsec_1"),
        );
        let own = [("AuthIssuer", "https://issuer.example"), ("AuthAudience", "shop")];
        let (admin, production) = (("AdminEmail", "ada@example.com"), ("Stage", "production"));
        let (email, topic) =
            (("AlarmEmail", "ops@example.com"), ("AlarmTopicArn", "arn:aws:sns:eu-west-1:1:ops"));
        for (given, refused) in [
            (vec![simulated, admin], vec![]),
            (vec![simulated, own[0], own[1]], vec![]),
            (vec![simulated], vec!["SomebodySignsTokens"]),
            (vec![simulated, own[0]], vec!["SomebodySignsTokens"]),
            (vec![simulated, admin, own[0], own[1]], vec!["OneIssuer"]),
            (
                vec![simulated, own[0], own[1], ("AuthJwks", "{}"), ("AuthJwksUrl", "https://keys.example")],
                vec!["OneSourceOfKeys"],
            ),
            (vec![stripe, admin, key, secret, production, email], vec![]),
            (vec![stripe, admin, key, secret, production, topic], vec![]),
            (vec![stripe, admin, key, secret, production], vec!["ProductionTellsSomebody"]),
            (vec![simulated, admin, email, topic], vec!["OneAlarmTopic"]),
            (vec![simulated, admin, topic, ("MonthlyBudgetUsd", "50")], vec![]),
            (vec![simulated, admin, ("MonthlyBudgetUsd", "50")], vec!["BudgetTellsSomebody"]),
            (vec![stripe, admin, key], vec!["StripeHasItsKeys"]),
            (vec![stripe, admin, secret], vec!["StripeHasItsKeys"]),
            (vec![simulated, admin, production, email], vec!["ProductionTakesMoney"]),
        ] {
            assert_eq!(refusals(&template, &given), refused, "{given:?}");
        }
    }
}

//! What is wrong with a deployment, each with what mends it. It asks and writes nothing.

mod access;
mod event_sources;
mod finding;
mod messaging;
mod table;

use crate::environment::{Environment, Settings};
use clap::Args;
use finding::{Finding, State};
use oms_core::app::App;
use oms_runtime::config::{Config, is_on_this_machine};
use oms_runtime::logging::chain;
use oms_workspace::report::{Fault, Report};
use serde_json::json;
use std::time::Duration;

/// How long it may take.
#[derive(Args, Clone, Copy, Debug)]
pub struct Doctor {
    /// How long each check may take, in seconds; they run at the same time
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = crate::cli::seconds(60))]
    timeout: u64,
}

/// What the checks ask.
struct Patient {
    app: App,
    settings: Settings,
    limit: Duration,
}

impl Doctor {
    /// Looks at a deployment. Settings that are missing are a finding, too.
    ///
    /// # Errors
    /// A file of settings cannot be read; no running local system.
    pub async fn run(self, environment: &Environment) -> Result<Report, Fault> {
        let settings = environment.settings()?;
        let config = match environment.config().await {
            Ok(config) => config,
            Err(error) => {
                let mend = "set them, or give them by --env-file and --region (docs/operating.md)";
                return Ok(report(&[Finding::fail("settings", chain(error.as_ref()), mend)]));
            }
        };
        let limit = Duration::from_secs(self.timeout);
        let patient = Patient { app: App::without_callers(config), settings, limit };
        let (access, table, messaging) =
            futures::join!(access::check(&patient), table::check(&patient), messaging::check(&patient));
        Ok(report(&[access, table, messaging].concat()))
    }
}

impl Patient {
    fn config(&self) -> &Config {
        self.app.config()
    }

    /// Whether its services are emulated on this machine, which knows less than AWS.
    fn is_emulated(&self) -> bool {
        self.config().aws.dynamodb_endpoint.as_deref().is_some_and(is_on_this_machine)
    }

    /// What a check finds, in time.
    async fn within(&self, name: &'static str, check: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
        tokio::time::timeout(self.limit, check).await.unwrap_or_else(|_| {
            let what = format!("no answer within {} s", self.limit.as_secs());
            vec![Finding::fail(name, what, "see whether this machine reaches it; --timeout gives it longer")]
        })
    }
}

fn report(findings: &[Finding]) -> Report {
    let count = |state: State| findings.iter().filter(|finding| finding.state == state).count();
    let (failed, warned) = (count(State::Fail), count(State::Warn));
    let mut text: String = findings.iter().map(|finding| format!("{finding}\n")).collect();
    text.push_str(&match (failed, warned) {
        (0, 0) => "nothing is wrong".to_owned(),
        (failed, warned) => format!("{failed} wrong, {warned} to look at"),
    });
    let checks = findings.iter().map(|finding| {
        let Finding { name, state, what, mend } = finding;
        json!({ "check": name, "state": state.word(), "what": what, "mend": mend })
    });
    let checks: Vec<_> = checks.collect();
    Report::new(text, failed == 0).with("checks", checks).with("failed", failed).with("warned", warned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_fails_is_not_well() {
        let ok = Finding::ok("table", "it is there");
        let warn = Finding::warn("clock", "it is slow", "set it");
        let fail = Finding::fail("topic", "it is gone", "deploy");
        let unknown = Finding::unknown("quotas", "not asked");
        let told = report(&[ok.clone(), unknown.clone(), warn]);
        assert!(told.is_well && told.text.ends_with("\n0 wrong, 1 to look at"), "{}", told.text);
        let told = report(&[ok, unknown, fail]);
        assert!(!told.is_well && told.text.contains("fail     topic             it is gone: deploy\n"));
        assert_eq!(told.data["checks"][2]["state"], "fail");
    }
}

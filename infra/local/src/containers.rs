//! What `sam local` must be told, whose functions run in containers: `env.json`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use oms_workspace::error::Result;
use oms_workspace::places::{Places, replace};
use oms_workspace::template::System;

use crate::addresses::Addresses;

/// The name by which a container knows the machine that it runs on. Docker Desktop gives it;
/// elsewhere `--add-host` does (samconfig.toml).
const MACHINE: &str = "host.docker.internal";

/// What stands in for the template's parameters that have no default, or another one here.
pub fn parameters() -> String {
    // As Lambda calls them.
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    format!("Architecture={architecture} PaymentGateway=simulated")
}

/// The address by which this machine reaches what listens on another one of it.
pub fn here(bound: IpAddr) -> IpAddr {
    if bound.is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { bound }
}

/// Writes `env.json`: for each function, by its name in the template, the environment of
/// `cargo dev`, with addresses that lead out of a container.
pub fn write_environment(places: &Places, addresses: &Addresses, system: &System) -> Result<()> {
    let text = serde_json::to_vec_pretty(&environment(addresses, system));
    replace(&places.state.join("env.json"), &text.unwrap_or_default())
}

fn environment<'a>(addresses: &Addresses, system: &'a System) -> BTreeMap<&'a str, BTreeMap<String, String>> {
    let (dynamodb, messaging) = (outside(&addresses.dynamodb), outside(&addresses.messaging));
    let endpoints = [
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("AWS_ENDPOINT_URL_SNS", messaging.clone()),
        ("AWS_ENDPOINT_URL_SQS", messaging),
    ]
    .map(|(name, url)| (name.to_owned(), url));
    let of = |environment: &BTreeMap<String, String>| {
        environment.clone().into_iter().chain(endpoints.clone()).collect()
    };
    system.functions.iter().map(|function| (function.id.as_str(), of(&function.environment))).collect()
}

/// A URL of this machine as a container knows it.
fn outside(url: &str) -> String {
    url.replace(&Ipv4Addr::LOCALHOST.to_string(), MACHINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_finds_the_services_from_its_container_and_the_rest_as_it_is() {
        let parameters = [("AuthIssuer", "i"), ("AuthAudience", "a"), ("PaymentGateway", "simulated")];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let template = oms_workspace::root().join("template.yaml");
        let system = System::read(&template, &parameters, "http://127.0.0.1:2").unwrap();
        let addresses = Addresses {
            api: "http://127.0.0.1:3".to_owned(),
            dynamodb: "http://172.17.0.1:1".to_owned(),
            messaging: "http://127.0.0.1:2".to_owned(),
            lambda: "http://127.0.0.1:4".to_owned(),
        };
        let all = environment(&addresses, &system);
        assert_eq!(all.len(), 9);
        let items = &all["OrderItems"];
        assert_eq!(items["AWS_ENDPOINT_URL_DYNAMODB"], "http://172.17.0.1:1");
        assert_eq!(items["AWS_ENDPOINT_URL_SQS"], "http://host.docker.internal:2");
        assert_eq!((&*items["TABLE_NAME"], &*items["AUTH_ISSUER"]), ("oms-Table", "i"));
    }
}

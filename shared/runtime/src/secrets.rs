//! Secrets that the settings name instead of holding: by the ARN of a secret of Secrets Manager, or
//! of a parameter of Systems Manager. They are read once, while an instance starts, so that neither
//! the template nor the function's configuration shows them.
//!
//! `arn:aws:secretsmanager:…:secret:stripe-AbCdEf#secret_key` is a field of a secret that is a JSON
//! object; without `#…` the whole text is meant. `arn:aws:ssm:…:parameter/oms/cursor` is a
//! parameter, decrypted.

use crate::config::{AwsConfig, NAMED_SECRETS};
use crate::retry;
use crate::sdk::signed::{self, Service};
use futures::future::try_join_all;
use http::Request;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// How long one answer is waited for.
const TIMEOUT: Duration = Duration::from_secs(3);

/// A secret that could not be had: a sentence for the operator, without the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoSecret(String);

/// What the settings name by an ARN, each by the name of its setting.
///
/// # Errors
/// [`NoSecret`] where one cannot be read: the function must not start without it.
pub(crate) async fn named(
    lookup: impl Fn(&str) -> Option<String>,
    aws: &AwsConfig,
) -> Result<HashMap<String, String>, NoSecret> {
    let given = NAMED_SECRETS.iter().filter_map(|name| Some((*name, lookup(name)?)));
    let wanted = given.filter(|(_, value)| value.starts_with("arn:"));
    try_join_all(wanted.map(|(name, value)| read(name, value, aws))).await.map(HashMap::from_iter)
}

async fn read(name: &str, value: String, aws: &AwsConfig) -> Result<(String, String), NoSecret> {
    let (arn, field) = value.split_once('#').map_or((&*value, None), |(arn, field)| (arn, Some(field)));
    let failed = |why: String| NoSecret(format!("{name} names {arn}, of which {why}"));
    let call = call(arn, aws).ok_or_else(|| failed("no service is known to hold secrets".to_owned()))?;
    let mut last = String::new();
    for tries in 1..=retry::SECRETS {
        match call.answer(aws).await {
            Ok(text) => {
                let found = part(&text, field);
                let found = found.ok_or_else(|| failed(format!("{} is no text", field.unwrap_or("all"))));
                return Ok((name.to_owned(), found?));
            }
            Err(Refused::ForGood(why)) => return Err(failed(why)),
            Err(Refused::ForNow(why)) => {
                last = why;
                retry::backoff(tries).await;
            }
        }
    }
    Err(failed(last))
}

/// A field of a secret that is JSON, or all of it.
fn part(text: &str, field: Option<&str>) -> Option<String> {
    let Some(field) = field else { return Some(text.to_owned()).filter(|text| !text.is_empty()) };
    let object: Value = serde_json::from_str(text).ok()?;
    object[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Why there was no secret in the answer.
enum Refused {
    /// It would be so again.
    ForGood(String),
    /// It may be otherwise next time.
    ForNow(String),
}

/// What is asked of which service.
#[derive(Debug)]
struct Call {
    service: &'static str,
    region: String,
    action: &'static str,
    body: Value,
    /// Where in the answer the text is.
    found_at: &'static str,
}

fn call(arn: &str, aws: &AwsConfig) -> Option<Call> {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, region, resource) = (parts.next()?, parts.next()?, parts.nth(1)?);
    let region = if region.is_empty() { aws.region.clone() } else { region.to_owned() };
    match service {
        "secretsmanager" => Some(Call {
            service: "secretsmanager",
            region,
            action: "secretsmanager.GetSecretValue",
            body: json!({ "SecretId": arn }),
            found_at: "/SecretString",
        }),
        "ssm" => Some(Call {
            service: "ssm",
            region,
            action: "AmazonSSM.GetParameter",
            body: json!({ "Name": resource.strip_prefix("parameter")?, "WithDecryption": true }),
            found_at: "/Parameter/Value",
        }),
        _ => None,
    }
}

impl Call {
    async fn answer(&self, aws: &AwsConfig) -> Result<String, Refused> {
        let url = match &aws.secrets_endpoint {
            Some(endpoint) => endpoint.clone(),
            None => format!("https://{}.{}.amazonaws.com/", self.service, self.region),
        };
        let request = Request::post(url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", self.action)
            .body(self.body.to_string().into_bytes())
            .map_err(|error| Refused::ForGood(error.to_string()))?;
        let service = Service { name: self.service, region: &self.region, timeout: TIMEOUT };
        let answer = signed::send(service, &aws.credentials, request).await;
        let answer = answer.map_err(|error| Refused::ForNow(crate::logging::chain(&error)))?;
        let body: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        if answer.status().is_success() {
            let text = body.pointer(self.found_at).and_then(Value::as_str).map(str::to_owned);
            return text.ok_or_else(|| Refused::ForGood("the value is no text".to_owned()));
        }
        let kind = body["__type"].as_str().unwrap_or_default();
        let kind = kind.rsplit('#').next().unwrap_or_default();
        let why = format!("{} answers {} {kind}", self.service, answer.status().as_u16());
        let is_passing = answer.status().is_server_error() || kind.contains("Throttl");
        Err(if is_passing { Refused::ForNow(why) } else { Refused::ForGood(why) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Gateway, GatewayKeys};
    use crate::testing::Server;

    #[test]
    fn a_field_is_a_text_of_a_json_object() {
        let secret = r#"{"secret_key": "sk_test_1", "number": 1, "empty": ""}"#;
        assert_eq!(part(secret, Some("secret_key")).as_deref(), Some("sk_test_1"));
        assert_eq!(part("plain", None).as_deref(), Some("plain"));
        for field in ["number", "empty", "missing"] {
            assert_eq!(part(secret, Some(field)), None, "{field}");
        }
        assert_eq!((part("plain", Some("a")), part("", None)), (None, None));
    }

    #[test]
    fn a_parameter_has_the_name_that_its_arn_ends_with() {
        let aws = crate::testing::config(&[]).unwrap().aws;
        let asked = call("arn:aws:ssm:eu-west-1:1:parameter/oms/cursor", &aws).unwrap();
        assert_eq!((&asked.body["Name"], &*asked.region), (&json!("/oms/cursor"), "eu-west-1"));
        let secret = "arn:aws:secretsmanager:us-east-2:1:secret:stripe-AbCdEf";
        let asked = call(secret, &aws).unwrap();
        assert_eq!((&asked.body["SecretId"], &*asked.region), (&json!(secret), "us-east-2"));
        assert!(call("arn:aws:s3:::bucket", &aws).is_none() && call("arn:aws", &aws).is_none());
    }

    const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:1:secret:stripe-AbCdEf";
    const ANSWER: &str = r#"{"SecretString": "{\"secret_key\": \"sk_live_1\"}"}"#;

    async fn started(server: &Server) -> Result<Config, Vec<String>> {
        let key = format!("{SECRET}#secret_key");
        let settings = [
            ("TABLE_NAME", "oms"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "hidden"),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &server.url),
            ("PAYMENT_GATEWAY", "stripe"),
            ("STAGE", "production"),
            ("STRIPE_SECRET_KEY", &key),
            ("STRIPE_WEBHOOK_SECRET", "whsec_1"),
        ];
        let told = |name: &str| Some(settings.iter().find(|(known, _)| *known == name)?.1.to_owned());
        Config::with_secrets(GatewayKeys::Required, told).await.map_err(|error| error.problems)
    }

    #[tokio::test]
    async fn a_secret_is_read_behind_a_passing_fault_and_what_it_names_stays_as_it_is() {
        let server = Server::answering_in_turn(&[(500, "{}"), (200, ANSWER)]);
        let config = started(&server).await.unwrap();
        let Gateway::Stripe(stripe) = config.payment_gateway else { panic!("it is stripe") };
        assert_eq!((stripe.secret_key.reveal(), server.calls()), ("sk_live_1", 2));
        assert_eq!(config.stripe_webhook_secret.unwrap().reveal(), "whsec_1");
    }

    #[tokio::test]
    async fn without_its_secret_a_function_does_not_start_and_says_which() {
        for (status, body, why, calls) in [
            (400, r#"{"__type": "ResourceNotFoundException"}"#, "answers 400 ResourceNotFoundException", 1),
            (400, r#"{"__type": "ThrottlingException"}"#, "answers 400 ThrottlingException", retry::SECRETS),
            (200, r#"{"SecretString": "{}"}"#, "secret_key is no text", 1),
        ] {
            let server = Server::answering(status, body);
            let problems = started(&server).await.unwrap_err();
            let [problem] = &problems[..] else { panic!("one: {problems:?}") };
            let begins = format!("STRIPE_SECRET_KEY names {SECRET}, of which ");
            assert!(problem.starts_with(&begins) && problem.contains(why), "{problem}");
            assert_eq!(u32::try_from(server.calls()), Ok(calls), "{body}");
        }
    }
}

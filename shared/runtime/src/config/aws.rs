//! How AWS is reached, from the variables that the SDKs agree on.

use super::is_on_this_machine;
use super::lookup::Lookup;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use std::fmt;

/// How AWS is reached. `Debug` shows no secret.
#[derive(Clone)]
pub struct AwsConfig {
    /// `AWS_REGION`, or `AWS_DEFAULT_REGION`. Required.
    pub region: String,
    /// Who signs: of `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, with `AWS_SESSION_TOKEN`,
    /// which are required; or whom a tool hands in.
    pub credentials: SharedCredentialsProvider,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or `AWS_ENDPOINT_URL`.
    pub dynamodb_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SNS`, or `AWS_ENDPOINT_URL`.
    pub sns_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SQS`, or `AWS_ENDPOINT_URL`.
    pub sqs_endpoint: Option<String>,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`, or `AWS_ENDPOINT_URL`: where secrets are that settings
    /// name by an ARN.
    pub secrets_endpoint: Option<String>,
}

impl AwsConfig {
    /// Whether the topic is on this machine, as on the local stack: then so may its subscribers be.
    #[must_use]
    pub fn sns_is_on_this_machine(&self) -> bool {
        self.sns_endpoint.as_deref().is_some_and(is_on_this_machine)
    }
}

impl fmt::Debug for AwsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsConfig")
            .field("region", &self.region)
            .field("dynamodb_endpoint", &self.dynamodb_endpoint)
            .field("sns_endpoint", &self.sns_endpoint)
            .field("sqs_endpoint", &self.sqs_endpoint)
            .finish_non_exhaustive()
    }
}

pub(super) fn aws(env: &mut Lookup<'_>, credentials: Option<SharedCredentialsProvider>) -> AwsConfig {
    let everywhere = env.text("AWS_ENDPOINT_URL");
    AwsConfig {
        region: match env.text("AWS_REGION").or_else(|| env.text("AWS_DEFAULT_REGION")) {
            Some(region) => region,
            None => env.required("AWS_REGION"),
        },
        credentials: credentials.unwrap_or_else(|| credentials_of(env)),
        dynamodb_endpoint: env.text("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| everywhere.clone()),
        sns_endpoint: env.text("AWS_ENDPOINT_URL_SNS").or_else(|| everywhere.clone()),
        sqs_endpoint: env.text("AWS_ENDPOINT_URL_SQS").or_else(|| everywhere.clone()),
        secrets_endpoint: env.text("AWS_ENDPOINT_URL_SECRETS_MANAGER").or(everywhere),
    }
}

fn credentials_of(env: &mut Lookup<'_>) -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new(
        env.required("AWS_ACCESS_KEY_ID"),
        env.required("AWS_SECRET_ACCESS_KEY"),
        env.text("AWS_SESSION_TOKEN"),
        None,
        "environment",
    ))
}

//! Clients of AWS, built by hand: reading profiles and asking metadata services would cost more
//! at a cold start than everything that the function does itself.

mod described;
pub mod https;
mod invocation;
pub mod signed;

use self::invocation::Invocation;
use crate::config::Config;
use crate::simulated;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, SharedHttpClient, retry::RetryConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use std::sync::LazyLock;
use std::time::Duration;

/// How long a connection may take to open.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long one attempt of a call may take.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long a call may take with all its attempts.
pub const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a call is tried at most.
pub const MAX_ATTEMPTS: u32 = 3;

/// One client for all services, so that they share connections and what TLS has set up.
static HTTP: LazyLock<SharedHttpClient> = LazyLock::new(|| {
    Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(https::aws_roots())
        .build_https()
});

/// Declares how the client of a service is made; the SDK crates share no type for it.
macro_rules! client {
    ($(#[$doc:meta])* $name:ident, $sdk:ident, $endpoint:ident) => {
        $(#[$doc])*
        #[must_use]
        pub fn $name(config: &Config) -> $sdk::Client {
            let mut builder = $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new(config.aws.region.clone()))
                .credentials_provider(config.aws.credentials.clone())
                .http_client(simulated::ask(|world| world.http()).unwrap_or_else(|| HTTP.clone()))
                .timeout_config(timeouts(Duration::MAX))
                .interceptor(Invocation)
                .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS));
            builder.set_endpoint_url(config.aws.$endpoint.clone());
            $sdk::Client::from_conf(builder.build())
        }
    };
}

client!(
    /// The client of DynamoDB. It opens no connection before its first call.
    dynamodb, aws_sdk_dynamodb, dynamodb_endpoint
);
client!(
    /// The client of SNS. It opens no connection before its first call.
    sns, aws_sdk_sns, sns_endpoint
);
client!(
    /// The client of SQS. It opens no connection before its first call.
    sqs, aws_sdk_sqs, sqs_endpoint
);

/// What the clients share, for tools that ask other services of AWS.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    HTTP.clone()
}

/// What a call may take where there is so much time left.
fn timeouts(left: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        // Always the same: connections are shared by what is to be waited for them.
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT.min(left))
        .operation_timeout(OPERATION_TIMEOUT.min(left))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invocation;
    use crate::testing::{Server, config};

    #[tokio::test]
    async fn an_endpoint_on_this_machine_is_called_without_tls() {
        let server = Server::answering(200, r#"{"TableNames": ["oms"]}"#);
        let config = config(&[("AWS_ENDPOINT_URL_DYNAMODB", &server.url)]).unwrap();
        let answer = dynamodb(&config).list_tables().send().await.unwrap();
        assert_eq!(answer.table_names(), ["oms"]);
        assert_eq!(server.calls(), 1);
    }

    #[tokio::test]
    async fn what_fails_is_tried_three_times() {
        let server = Server::answering(500, "{}");
        let config = config(&[("AWS_ENDPOINT_URL", &server.url)]).unwrap();
        assert!(dynamodb(&config).list_tables().send().await.is_err());
        assert_eq!(server.calls(), 3);
    }

    #[tokio::test]
    async fn a_call_waits_no_longer_than_its_invocation() {
        // It takes connections, and answers none.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", silent.local_addr().unwrap());
        let config = config(&[("AWS_ENDPOINT_URL", &url)]).unwrap();
        let mut context = lambda_runtime::Context::default();
        context.deadline = u64::try_from(crate::clock::now().as_millisecond()).unwrap() + 2_000;
        let began = std::time::Instant::now();
        let answer = invocation::run(&context, dynamodb(&config).list_tables().send()).await;
        assert!(answer.is_err());
        assert!(began.elapsed() < ATTEMPT_TIMEOUT, "it took {:?}", began.elapsed());
    }
}

//! HTTPS on the stack that the SDK brings along, for the few calls that are not to an AWS API.

use crate::deadline;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use std::error::Error;
use std::sync::LazyLock;
use std::time::Duration;

/// What a request carries, for callers who know nothing of the SDK.
pub use aws_smithy_types::body::SdkBody as RequestBody;

/// How long a call may take in all, unless its caller says otherwise.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// The largest answer that is read, in bytes.
pub const MAX_ANSWER_BYTES: usize = 1_048_576;

/// The roots that Amazon's services are signed under, from
/// <https://www.amazontrust.com/repository/>.
const AMAZON_ROOTS: &str = include_str!("amazon-roots.pem");

/// Why a call brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The URL makes no request.
    #[error("no request can be made of it")]
    Request(#[source] Box<dyn Error + Send + Sync>),
    /// It took longer than it may.
    #[error("no answer came within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The connection failed.
    #[error("the connection failed")]
    Connection(#[source] Box<dyn Error + Send + Sync>),
    /// An answer came, but no success.
    #[error("the answer had status {0}")]
    Status(u16),
    /// An answer came, but it makes no sense.
    #[error("the answer makes no sense")]
    Content(#[source] Box<dyn Error + Send + Sync>),
}

/// Trust in Amazon's own roots, for AWS: five certificates to read instead of 150 from a
/// directory, which takes a small function a quarter of a second.
pub(super) fn aws_roots() -> TlsContext {
    let store = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    // There is nothing in a context that could fail to build.
    TlsContext::builder().with_trust_store(store).build().unwrap_or_default()
}

fn connector(roots: TlsContext) -> Connector {
    Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(roots).build()
}

static TO_AWS: LazyLock<Connector> = LazyLock::new(|| connector(aws_roots()));
static TO_OTHERS: LazyLock<Connector> = LazyLock::new(|| connector(TlsContext::default()));

/// Sends a request and waits for [`TIMEOUT`] at most. Hosts of AWS are trusted by Amazon's roots,
/// all others by the system's.
///
/// # Errors
/// The request cannot be made, takes too long or breaks off. Any status is an answer.
pub async fn send(request: http::Request<SdkBody>) -> Result<http::Response<Bytes>, FetchError> {
    send_within(request, TIMEOUT).await
}

/// As [`send`], for those who may take longer; none waits past the end of its invocation.
///
/// # Errors
/// As [`send`].
pub async fn send_within(
    request: http::Request<SdkBody>,
    timeout: Duration,
) -> Result<http::Response<Bytes>, FetchError> {
    let timeout = timeout.min(deadline::left());
    let is_aws = request.uri().host().is_some_and(|host| host.ends_with(".amazonaws.com"));
    let connector = if is_aws { &*TO_AWS } else { &*TO_OTHERS };
    let request = HttpRequest::try_from(request).map_err(|error| FetchError::Request(error.into()))?;
    let exchange = async {
        let answer = connector.call(request).await;
        read(answer.map_err(|error| FetchError::Connection(error.into()))?).await
    };
    tokio::time::timeout(timeout, exchange).await.map_err(|_| FetchError::Timeout(timeout))?
}

async fn read(answer: HttpResponse) -> Result<http::Response<Bytes>, FetchError> {
    let answer = answer.try_into_http1x().map_err(|error| FetchError::Content(error.into()))?;
    let (parts, body) = answer.into_parts();
    let body = Limited::new(body, MAX_ANSWER_BYTES).collect().await.map_err(FetchError::Connection)?;
    Ok(http::Response::from_parts(parts, body.to_bytes()))
}

/// Fetches what a URL holds.
///
/// # Errors
/// As [`send`], and where the status is no success.
pub async fn get(url: &str) -> Result<Bytes, FetchError> {
    let request = http::Request::get(url)
        .header(http::header::ACCEPT, "application/json")
        .body(SdkBody::empty())
        .map_err(|error| FetchError::Request(error.into()))?;
    let answer = send(request).await?;
    if answer.status().is_success() {
        Ok(answer.into_body())
    } else {
        Err(FetchError::Status(answer.status().as_u16()))
    }
}

#[cfg(test)]
mod tests;

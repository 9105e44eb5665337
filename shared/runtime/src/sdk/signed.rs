//! Signed requests to the few AWS APIs of which a call or two is all that is needed, so that their
//! SDKs are not.

use super::https::{self, FetchError, RequestBody};
use crate::clock;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::{Request, Response};
use std::error::Error;
use std::time::Duration;

/// Which service is asked, and where.
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    /// Its name in signatures, such as `lambda`.
    pub name: &'a str,
    /// The region.
    pub region: &'a str,
    /// How long an answer is waited for.
    pub timeout: Duration,
}

/// Signs a request as the holder of credentials, and sends it. Any status is an answer.
///
/// # Errors
/// [`FetchError`]: no credentials, a request that cannot be signed, no answer.
pub async fn send(
    service: Service<'_>,
    credentials: &SharedCredentialsProvider,
    request: Request<Vec<u8>>,
) -> Result<Response<Bytes>, FetchError> {
    let credentials = credentials.provide_credentials().await.map_err(unsigned)?;
    let signed = signed(service, &credentials.into(), request).map_err(FetchError::Request)?;
    https::send_within(signed, service.timeout).await
}

fn unsigned(error: impl Into<Box<dyn Error + Send + Sync>>) -> FetchError {
    FetchError::Request(error.into())
}

fn signed(
    service: Service<'_>,
    identity: &aws_smithy_runtime_api::client::identity::Identity,
    request: Request<Vec<u8>>,
) -> Result<Request<RequestBody>, Box<dyn Error + Send + Sync>> {
    let how = v4::SigningParams::builder()
        .identity(identity)
        .region(service.region)
        .name(service.name)
        .time(clock::now().into())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let uri = request.uri().to_string();
    let headers = request.headers().iter();
    let headers = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let body = SignableBody::Bytes(request.body());
    let signable = SignableRequest::new(request.method().as_str(), &uri, headers, body)?;
    let (instructions, _) = sign(signable, &how)?.into_parts();
    let mut request = request.map(RequestBody::from);
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

//! How many requests a caller may make: a token bucket for each, in this instance's memory.
//!
//! Instances share no memory, so a caller may make as many requests at each of them. It keeps one
//! client from taking all of an instance's time; what all may do together, the API's own throttle
//! says (template.yaml).

use super::ApiError;
use super::auth::{self, Verifier};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue};
use lambda_http::request::RequestContext;
use oms_domain::token_bucket::{Taken, TokenBucket, WINDOW_SECONDS};
use oms_domain::{Caller, Role};
use oms_runtime::clock;
use oms_runtime::invocation::Invocation;
use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

/// What is left of the caller's requests, as the IETF's draft "RateLimit header fields for HTTP"
/// has it.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// How many requests the caller may make in which time.
pub const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// How many times as much staff and vendors may do, who work with the orders of many.
pub const SELLERS_FACTOR: u32 = 10;
/// How many callers an instance remembers.
pub const MAX_CALLERS: usize = 10_000;

/// Tells a caller what they have left.
fn describe(taken: Taken, headers: &mut HeaderMap) {
    let policy = format!("\"default\";q={};w={WINDOW_SECONDS}", taken.quota);
    let limit = format!("\"default\";r={};t={}", taken.remaining, taken.more_in_s);
    for (name, value) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, limit)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Counted {
    /// A user, by the subject of a valid token.
    User(String),
    /// Whoever sends requests without one, by where they come from; of IPv6 by the network, of
    /// which anyone has as many addresses as they like.
    Address(Option<IpAddr>),
}

/// The buckets of an instance's callers.
#[derive(Debug)]
pub struct RateLimiter {
    quota: Option<NonZeroU32>,
    buckets: Mutex<HashMap<Counted, (NonZeroU32, TokenBucket)>>,
}

impl RateLimiter {
    /// Of so many requests a minute for a customer; none limits nothing.
    #[must_use]
    pub fn new(quota: Option<NonZeroU32>) -> Self {
        Self { quota, buckets: Mutex::default() }
    }

    fn take(&self, counted: Counted, quota: NonZeroU32, now: u64) -> Taken {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_CALLERS && !buckets.contains_key(&counted) {
            // A full bucket is as good as none.
            buckets.retain(|_, (quota, bucket)| !bucket.is_full(*quota, now));
        }
        if buckets.len() >= MAX_CALLERS && !buckets.contains_key(&counted) {
            let longest_ago = buckets.iter().min_by_key(|(_, (_, bucket))| bucket.used_at());
            let longest_ago = longest_ago.map(|(counted, _)| counted.clone());
            longest_ago.map(|counted| buckets.remove(&counted));
        }
        let (known, bucket) = buckets.entry(counted).or_insert((quota, TokenBucket::full(quota, now)));
        *known = quota;
        bucket.take(quota, now)
    }
}

/// Where the payment gateway reports what has become of payments. It signs what it sends, and sends
/// all of it from a few addresses: what it may send is not for a caller's limit to say.
const SIGNED: &str = "/api/payments/webhook/";

/// Lets a request pass if its caller has one left, and tells them how many they have. Whose token
/// is no good is refused later, and counted by where they come from.
pub async fn limited(
    State((verifier, limiter)): State<(Arc<Verifier>, Arc<RateLimiter>)>,
    request: Request,
    next: Next,
) -> Response {
    let Some(quota) = limiter.quota.filter(|_| request.uri().path() != SIGNED) else {
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    let caller = match auth::bearer(&parts) {
        Some(token) => verifier.verify(token).await.ok(),
        None => None,
    };
    let (counted, quota) = match caller {
        Some(Caller { user, role }) => {
            if let Some(invocation) = parts.extensions.get::<Arc<Invocation>>() {
                invocation.note_user(&user.id.0);
            }
            (Counted::User(user.id.0), quota_of(role, quota))
        }
        None => (Counted::Address(address(&parts).map(network)), quota),
    };
    let now = u64::try_from(clock::now().as_microsecond()).unwrap_or(0);
    let taken = limiter.take(counted, quota, now);
    let mut response = if taken.is_allowed {
        next.run(Request::from_parts(parts, body)).await
    } else {
        let mut refused = ApiError::TooManyRequests.into_response();
        refused.headers_mut().insert(RETRY_AFTER, HeaderValue::from(taken.more_in_s));
        refused
    };
    describe(taken, response.headers_mut());
    response
}

const fn quota_of(role: Role, quota: NonZeroU32) -> NonZeroU32 {
    match role {
        Role::Customer => quota,
        Role::Vendor | Role::Staff | Role::Admin => {
            let factor = NonZeroU32::MIN.saturating_add(SELLERS_FACTOR - 1);
            quota.saturating_mul(factor)
        }
    }
}

/// Where a request comes from, as API Gateway saw it: what stands in its headers anyone can write.
fn address(parts: &http::request::Parts) -> Option<IpAddr> {
    let RequestContext::ApiGatewayV2(context) = parts.extensions.get()? else { return None };
    context.http.source_ip.as_deref()?.parse().ok()
}

/// An IPv4 address is one network, and 64 bits of an IPv6 address are.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & (u128::MAX << 64)).into()),
    }
}

#[cfg(test)]
mod tests;

//! The answer to a request whose key is remembered: the first one's, if that came to its end.
//!
//! One that was cut off between its steps is gone on with: what it saved first stands in the
//! record, and the repeat takes the steps after it, each of which can be repeated ([`left_of`]).

use super::pending::left_of;
use crate::app::App;
use crate::request::RequestContext;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use oms_domain::Error;
use oms_http::{ApiError, Reply};
use oms_runtime::invocation::Invocation;
use oms_table::TableError;
use oms_table::idempotency::{Remembered, Stand};
use std::sync::Arc;

/// Refuses a key that was used for something else.
pub(super) fn check_same(earlier: &Remembered, fingerprint: &str) -> Reply<()> {
    if earlier.fingerprint == fingerprint {
        return Ok(());
    }
    Err(ApiError::IdempotencyKeyReused)
}

/// The headers of the request that asks again, and what belongs to it.
pub(super) type Asker<'a> = (&'a HeaderMap, Option<&'a Arc<Invocation>>);

/// The answer to a request that has come to its end, again.
pub(super) async fn answer_again(
    app: &App,
    routes: Router,
    earlier: &Remembered,
    asker: Asker<'_>,
) -> Reply<Response> {
    match earlier.stand(app.now()) {
        Stand::Ended => {}
        // What it left otherwise than with an order can be read, and reading goes on with it.
        Stand::CutOff if left_of(earlier).is_none() => {}
        Stand::Running | Stand::CutOff => return Err(TableError::Repeated.into()),
    }
    let status = StatusCode::from_u16(earlier.status).unwrap_or(StatusCode::OK);
    let mut response = match &earlier.body {
        Some(body) => {
            let json = HeaderValue::from_static("application/json");
            ([(CONTENT_TYPE, json)], body.clone()).into_response()
        }
        None => read_again(routes, earlier, asker).await?,
    };
    if !response.status().is_success() {
        // It cannot be told any more, so it is not said to be the first answer.
        return Ok(response);
    }
    *response.status_mut() = status;
    response.headers_mut().insert(super::IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Reads what the earlier request left, as the same caller.
async fn read_again(
    routes: Router,
    earlier: &Remembered,
    (headers, invocation): Asker<'_>,
) -> Reply<Response> {
    let mut request = Request::get(&earlier.location).body(Body::empty()).map_err(Error::internal)?;
    let authorization = headers.get(AUTHORIZATION).cloned();
    request.headers_mut().extend(authorization.map(|value| (AUTHORIZATION, value)));
    let context = RequestContext { replayed: left_of(earlier), ..RequestContext::default() };
    request.extensions_mut().insert(context);
    if let Some(invocation) = invocation {
        request.extensions_mut().insert(Arc::clone(invocation));
    }
    match tower::ServiceExt::oneshot(routes, request).await {
        Ok(response) => Ok(response),
        Err(impossible) => match impossible {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::idempotency::pending::Left;
    use jiff::Timestamp;
    use oms_domain::OrderId;

    fn remembered(location: &str, busy_until: i64, body: Option<&str>) -> Remembered {
        Remembered {
            fingerprint: String::new(),
            owner: String::new(),
            status: 200,
            location: location.to_owned(),
            body: body.map(str::to_owned),
            manages: Some(true),
            busy_until,
            expires_at: 0,
        }
    }

    #[test]
    fn a_request_that_began_and_has_no_answer_was_cut_off_once_its_time_is_over() {
        let now = Timestamp::from_second(1_000).unwrap();
        for (busy_until, body, stand) in [
            (0, None, Stand::Ended),
            (0, Some("{}"), Stand::Ended),
            (1_001, None, Stand::Running),
            (1_001, Some("{}"), Stand::Running),
            (1_000, None, Stand::CutOff),
            // The answer was certain from the beginning: where to see what becomes of it.
            (1_000, Some("{}"), Stand::Ended),
        ] {
            assert_eq!(remembered("", busy_until, body).stand(now), stand, "{busy_until} {body:?}");
        }
    }

    #[test]
    fn what_a_request_left_is_the_order_that_its_path_names() {
        let order: OrderId = "0192f0c0-77aa-7b02-8c11-3d1e5a7b0000".parse().unwrap();
        let left = Some(Left { order, version: 7, manages: Some(true) });
        for (location, expected) in [
            ("/api/orders/0192f0c0-77aa-7b02-8c11-3d1e5a7b0000/?as_of=7", left),
            ("/api/payments/0192f0c0-77aa-7b02-8c11-3d1e5a7b8000/?as_of=7", left),
            ("/api/order-items/0192f0c0-77aa-7b02-8c11-3d1e5a7b0001/?as_of=7", left),
            ("/api/payments//?as_of=7", None),
            ("/api/products/0192f0c0-77aa-7b02-8c11-3d1e5a7b0000/", None),
            ("/api/notifications/mark_all_read/", None),
        ] {
            assert_eq!(left_of(&remembered(location, 0, None)), expected, "{location}");
        }
    }
}

//! `POST /api/users/{id}/erase/`

use axum::Json;
use http::StatusCode;
use oms_core::app::App;
use oms_domain::{Error, Kind, UserId};
use oms_http::pages::Links;
use oms_http::{Authenticated, PathId, Reply, UnusedBody};
use oms_table::jobs::erasures::Erasure;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// An erasure has been asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ErasureAccepted {
    /// The job.
    job: Uuid,
    /// Where to see how far it is, for 30 days.
    #[schema(
        example = "https://api.example.com/api/users/5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11/erase/0192f0c0-77aa-7b02-8c11-3d1e5a7b0a07/"
    )]
    status_url: String,
}

/// Erases a person, by a job: what says who they are goes from their orders, also from what these
/// were, with their addresses, notifications, subscriptions and remembered requests. Totals,
/// statistics and the ledger stay as they are, under the id of a user whom nothing describes any
/// more. Nothing is done while an order's goods or money still move. Asked again, it erases what
/// has come in since.
#[utoipa::path(
    post, path = "/api/users/{id}/erase/", tag = "users",
    params((
        "id" = String, Path, description = "The user: the subject of their token",
        example = "5f2c3c0e-8f0b-4b0e-9c39-2d3a8f6f0c11",
    )),
    responses(
        (status = 202, description = "Where to see what becomes of it", body = ErasureAccepted),
        (status = 403, description = "The caller is no admin"),
        (status = 404, description = "Nothing is kept of such a user"),
        (
            status = 409,
            description = "Orders of the user are unfinished, `orders_unfinished`: `details.orders` names up to 20",
        ),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn erase(
    app: App,
    Authenticated(caller): Authenticated,
    PathId(person): PathId<UserId>,
    links: Links,
    _: UnusedBody,
) -> Reply<(StatusCode, Json<ErasureAccepted>)> {
    if !caller.is_admin() {
        return Err(Error::Forbidden.into());
    }
    if !app.is_known(&person).await? {
        return Err(Error::NotFound(Kind::User).into());
    }
    app.check_erasable(&person).await?;
    let (id, created_at) = (app.new_id(), app.now());
    let job = Erasure { id, person, maker: caller.user.id, created_at, restarted_at: None };
    let path = format!("/api/users/{}/erase/{}/", encoded(&job.person), job.id);
    let accepted = ErasureAccepted { job: job.id.0, status_url: links.to(&path) };
    app.request().will_answer(StatusCode::ACCEPTED, &accepted)?;
    app.table().insert_erasure(&job, app.request().key()).await?;
    tracing::info!(id = %job.id, person = %job.person, by = %job.maker, "the erasure of a person was asked for");
    Ok((StatusCode::ACCEPTED, Json(accepted)))
}

/// A user's id as a part of a path.
fn encoded(user: &UserId) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encoded = user.0.bytes().map(|byte| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    });
    encoded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stands_in_a_path_whatever_is_in_it() {
        let encoded = |id: &str| encoded(&UserId(id.to_owned()));
        assert_eq!(encoded("5f2c3c0e-8f0b"), "5f2c3c0e-8f0b");
        assert_eq!(encoded("auth0|a/b ü"), "auth0%7Ca%2Fb%20%C3%BC");
    }
}

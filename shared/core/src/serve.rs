//! Where an HTTP function starts: its routes, each request limited and done once for each key, in
//! the edge.

use crate::app::{App, Fatal, StartError};
use crate::idempotency;
use axum::Router;
use axum::extract::FromRef;
use axum::routing::any;
use oms_domain::Error;
use oms_http::{ApiError, edge, rate_limit};
use oms_runtime::config::{Config, GatewayKeys};
use oms_runtime::logging::chain;
use std::sync::Arc;

impl App {
    /// Answers requests with `routes` until the instance ends; each with 503 where the table is
    /// for newer versions only.
    ///
    /// # Errors
    /// The Lambda runtime cannot be reached.
    pub async fn serve(self, routes: Router<App>) -> Result<(), Fatal> {
        let routes = match self.open().await {
            Ok(()) => routes,
            Err(error) => refusing(error),
        };
        let config = Arc::<Config>::from_ref(&self);
        Ok(edge::serve(self.limited(routes), &config).await?)
    }

    /// What answers a request, behind the edge: each caller limited, each request done once for
    /// each key.
    pub fn limited(self, routes: Router<App>) -> Router {
        let limits = self.limits();
        let routes = with_idempotency(self, routes);
        routes.layer(axum::middleware::from_fn_with_state(limits, rate_limit::limited))
    }
}

/// Runs an HTTP function: starts, then answers requests with `routes` until the instance ends.
///
/// # Errors
/// Where it cannot start.
pub async fn serve(keys: GatewayKeys, routes: impl FnOnce() -> Router<App>) -> Result<(), Fatal> {
    App::start(keys).await?.serve(routes()).await
}

/// What answers where this version must not use the table.
fn refusing(error: StartError) -> Router<App> {
    let why = chain(&error);
    let refuse = move || std::future::ready(ApiError::from(Error::NewerData(why.clone().into())));
    Router::new().route("/", any(refuse.clone())).route("/{*path}", any(refuse))
}

/// The routes, each request with an `Idempotency-Key` done once.
fn with_idempotency(app: App, routes: Router<App>) -> Router {
    let routes: Router = routes.with_state(app.clone());
    let again = routes.clone();
    routes.layer(axum::middleware::from_fn_with_state((app, again), idempotency::once))
}

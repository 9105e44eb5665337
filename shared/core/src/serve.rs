//! Where an HTTP function starts: its routes, each request limited and done once for each key, in
//! the edge.

use crate::app::{App, Fatal};
use crate::idempotency;
use axum::Router;
use axum::extract::FromRef;
use oms_http::{edge, rate_limit};
use oms_runtime::config::{Config, GatewayKeys};
use std::sync::Arc;

impl App {
    /// Answers requests with `routes` until the instance ends.
    ///
    /// # Errors
    /// The Lambda runtime cannot be reached.
    pub async fn serve(self, routes: Router<App>) -> Result<(), Fatal> {
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

/// The routes, each request with an `Idempotency-Key` done once.
fn with_idempotency(app: App, routes: Router<App>) -> Router {
    let routes: Router = routes.with_state(app.clone());
    let again = routes.clone();
    routes.layer(axum::middleware::from_fn_with_state((app, again), idempotency::once))
}

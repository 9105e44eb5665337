//! The HTTP function of the documentation and health endpoints, and of unknown paths.

use oms_core::app::{App, Fatal, StartError};
use oms_runtime::config::{GatewayKeys, is_under_lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Fatal> {
    match App::start(GatewayKeys::NotNeeded).await {
        Ok(app) => app.serve(docs::router()).await,
        // All other functions are dead: somebody has to say why.
        Err(StartError::Config(error)) if is_under_lambda() => Ok(docs::say_misconfigured(&error).await?),
        Err(error) => Err(error.into()),
    }
}

//! The HTTP function of the documentation and health endpoints, and of unknown paths.

use oms_core::config::GatewayKeys;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), oms_core::app::Fatal> {
    oms_core::app::serve(GatewayKeys::NotNeeded, docs::router).await
}

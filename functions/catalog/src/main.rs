//! The HTTP function of the catalogue endpoints.

use oms_runtime::config::GatewayKeys;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), oms_core::app::Fatal> {
    oms_core::serve::serve(GatewayKeys::NotNeeded, catalog::router).await
}

//! The HTTP function of the orders endpoints.

use oms_runtime::config::GatewayKeys;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), oms_core::app::Fatal> {
    oms_core::serve::serve(GatewayKeys::Required, orders::router).await
}

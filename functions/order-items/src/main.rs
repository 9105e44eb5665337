//! The HTTP function of the order items endpoints.

use oms_runtime::config::GatewayKeys;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), oms_core::app::Fatal> {
    oms_core::serve::serve(GatewayKeys::NotNeeded, order_items::router).await
}

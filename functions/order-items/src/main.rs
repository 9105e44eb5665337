//! The HTTP function of the order items endpoints.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    oms_core::app::serve(order_items::router).await
}

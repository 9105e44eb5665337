//! The HTTP function of the documentation and health endpoints, and of unknown paths.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    oms_core::app::serve(docs::router).await
}

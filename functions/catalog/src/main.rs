//! The HTTP function of the catalogue endpoints.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    oms_core::app::serve(catalog::router).await
}

//! Writes the OpenAPI document to where the function `docs` serves it from: `cargo openapi`.

fn main() -> std::io::Result<()> {
    std::fs::write(oms_openapi::path(), oms_openapi::text())
}

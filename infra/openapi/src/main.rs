//! Writes the OpenAPI document to where the function `docs` serves it from, and what statuses it
//! tells to where they are reviewed: `cargo openapi`.

fn main() -> std::io::Result<()> {
    std::fs::write(oms_openapi::path(), oms_openapi::text())?;
    std::fs::write(oms_openapi::statuses_path(), oms_openapi::statuses())
}

//! Demo data.
use crate::error::Result;
use crate::places::Places;
use crate::tokens::Issuer;

/// Makes the demo data, unless it has been made.
pub async fn make_once(
    _places: &Places,
    _api: &str,
    _issuer: &Issuer,
    _memory: bool,
) -> Result<()> {
    Ok(())
}

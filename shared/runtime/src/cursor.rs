//! Cursors: where a page of a list begins, in a form that clients can hand back but not make up.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::SHA256_OUTPUT_LEN;
use ring::hmac;
use std::fmt;

/// The longest cursor that is looked at, in bytes. Ours are far shorter.
const MAX_BYTES: usize = 2_048;

/// Seals cursors. Every instance of the functions must have the same.
#[derive(Clone)]
pub struct CursorKey(hmac::Key);

impl CursorKey {
    /// The key that follows from a text.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()))
    }

    /// The cursor that says `content` to those whose request is `bound_to` the same.
    #[must_use]
    pub fn seal(&self, bound_to: &str, content: &str) -> String {
        let tag = self.tag(bound_to, content);
        URL_SAFE_NO_PAD.encode([tag.as_ref(), content.as_bytes()].concat())
    }

    /// What a cursor says; nothing where we did not seal it, or for something else.
    #[must_use]
    pub fn open(&self, bound_to: &str, cursor: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor.get(..MAX_BYTES.min(cursor.len()))?).ok()?;
        let (tag, content) = bytes.split_at_checked(SHA256_OUTPUT_LEN)?;
        let content = str::from_utf8(content).ok()?;
        let signed = signed(bound_to, content);
        hmac::verify(&self.0, signed.as_bytes(), tag).ok()?;
        Some(content.to_owned())
    }

    fn tag(&self, bound_to: &str, content: &str) -> hmac::Tag {
        hmac::sign(&self.0, signed(bound_to, content).as_bytes())
    }
}

/// The length comes first, so that no part can be taken for the other.
fn signed(bound_to: &str, content: &str) -> String {
    format!("{}:{bound_to}{content}", bound_to.len())
}

impl fmt::Debug for CursorKey {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CursorKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_where_and_as_it_was_sealed() {
        let key = CursorKey::new("a");
        let sealed = key.seal("list", "place");
        assert_eq!(key.open("list", &sealed).as_deref(), Some("place"));
        assert_eq!(key.open("other", &sealed), None);
        assert_eq!(key.open("lis", &key.seal("list", "")), None);
        assert_eq!(CursorKey::new("b").open("list", &sealed), None);
        for forged in ["", "x", "\u{e9}", &sealed[1..], &format!("{sealed}A"), &"A".repeat(5_000)] {
            assert_eq!(key.open("list", forged), None, "{forged}");
        }
    }
}

//! The public keys that tokens may be signed with.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

/// Why a key set is of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeySetError {
    /// It is no JSON Web Key Set.
    #[error("it is no JSON Web Key Set: {0}")]
    Malformed(#[from] serde_json::Error),
    /// It holds nothing that could verify a token.
    #[error("it holds no RSA or P-256 key for signatures")]
    Empty,
}

/// A key, and the one algorithm that it is good for.
#[derive(Clone, Debug)]
pub(super) struct Key {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Keys(Vec<Key>);

impl Keys {
    /// Reads a JSON Web Key Set. Keys for other purposes and algorithms are left out.
    pub(super) fn parse(jwks: &[u8]) -> Result<Self, KeySetError> {
        let set: JwkSet = serde_json::from_slice(jwks)?;
        let keys: Vec<Key> = set.keys.iter().filter_map(Key::from_jwk).collect();
        if keys.is_empty() { Err(KeySetError::Empty) } else { Ok(Self(keys)) }
    }

    /// The key of an id; without an id, the only key that there is.
    pub(super) fn find(&self, id: Option<&str>) -> Option<&Key> {
        match (id, self.0.as_slice()) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

impl Key {
    fn from_jwk(jwk: &Jwk) -> Option<Self> {
        if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
            return None;
        }
        let algorithm = if let AlgorithmParameters::RSA(_) = &jwk.algorithm {
            Algorithm::RS256
        } else if let AlgorithmParameters::EllipticCurve(point) = &jwk.algorithm
            && point.curve == EllipticCurve::P256
        {
            Algorithm::ES256
        } else {
            return None;
        };
        let declared = jwk.common.key_algorithm.map(|declared| declared.to_string());
        if declared.is_some_and(|declared| declared != format!("{algorithm:?}")) {
            return None;
        }
        let decoding = DecodingKey::from_jwk(jwk).ok()?;
        Some(Self { id: jwk.common.key_id.clone(), algorithm, decoding })
    }
}

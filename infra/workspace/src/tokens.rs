//! The local issuer of tokens: what Cognito is to the deployed system.
//!
//! The key lives in `.local/`, so that tokens outlive a restart. Who somebody is follows from their
//! name alone: the same name is the same user on every machine.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

use crate::error::{Doing, Result};
use crate::places::replace;

/// The `iss` of local tokens.
pub const ISSUER: &str = "https://issuer.local";
/// The `aud` of local tokens.
pub const AUDIENCE: &str = "oms-local";
/// How long a token lives unless asked otherwise, in seconds: a working day.
pub const LIFETIME_S: i64 = 24 * 60 * 60;

/// Signs tokens.
pub struct Issuer {
    key: EcdsaKeyPair,
    key_id: String,
}

/// Whom a token is for.
#[derive(Debug, Clone)]
pub struct User {
    /// The name, from which the id follows.
    pub name: String,
    /// `staff`, `admin` or `vendor`; none for a customer.
    pub group: Option<String>,
    /// The address; `<name>@example.com` unless given.
    pub email: Option<String>,
}

impl User {
    /// A user with an address made from the name.
    pub fn new(name: &str, group: Option<&str>) -> Self {
        Self { name: name.to_owned(), group: group.map(str::to_owned), email: None }
    }

    /// The users of the demo: what each is called is also what each may do.
    pub fn demo() -> [Self; 5] {
        [
            Self::new("customer", None),
            Self::new("customer2", None),
            Self::new("vendor", Some("vendor")),
            Self::new("staff", Some("staff")),
            Self::new("admin", Some("admin")),
        ]
    }

    /// The id, a UUID that is the same for the same name everywhere.
    pub fn id(&self) -> uuid::Uuid {
        let hash = digest(&SHA256, format!("oms local user {}", self.name).as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.as_ref()[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    fn claims(&self, now_s: i64, lifetime_s: i64) -> Value {
        let (given, family) = self.name.split_once(['.', '-', '_']).unwrap_or((&self.name, "Example"));
        let groups: Vec<&str> = self.group.as_deref().into_iter().collect();
        json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": self.id(),
            "cognito:username": self.name,
            "email": self.email.clone().unwrap_or_else(|| format!("{}@example.com", self.name)),
            "given_name": capitalised(given),
            "family_name": capitalised(family),
            "cognito:groups": groups,
            "iat": now_s,
            "exp": now_s + lifetime_s,
        })
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issuer")
    }
}

impl Issuer {
    /// Reads the key, or makes one where there is none.
    pub fn open(directory: &Path) -> Result<Self> {
        let path = directory.join("token-key.p8");
        let lock =
            std::fs::File::create(directory.join("token-key.lock")).doing("making .local/token-key.lock")?;
        lock.lock().doing("waiting for the token key")?;
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        if !path.exists() {
            let key =
                EcdsaKeyPair::generate_pkcs8(algorithm, &random).doing("making the key that signs tokens")?;
            replace(&path, key.as_ref())?;
        }
        let bytes = std::fs::read(&path).doing(format!("reading {}", path.display()))?;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, &bytes, &random)
            .doing(format!("{} is no key: remove it, and a new one is made", path.display()))?;
        let key_id = BASE64.encode(&digest(&SHA256, key.public_key().as_ref()).as_ref()[..12]);
        Ok(Self { key, key_id })
    }

    /// The public key, as the set that `AUTH_JWKS` takes.
    pub fn jwks(&self) -> Value {
        // An uncompressed point: 0x04, x, y.
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.key_id,
            "x": BASE64.encode(x), "y": BASE64.encode(y),
        }]})
    }

    /// The template's parameters by which functions accept these tokens.
    pub fn parameters(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("AuthIssuer".to_owned(), ISSUER.to_owned()),
            ("AuthAudience".to_owned(), AUDIENCE.to_owned()),
            ("AuthJwks".to_owned(), self.jwks().to_string()),
        ])
    }

    /// A token for a user, valid for `lifetime_s` seconds from now; negative for one that has
    /// expired.
    pub fn token(&self, user: &User, lifetime_s: i64) -> Result<String> {
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": self.key_id});
        let claims = user.claims(jiff::Timestamp::now().as_second(), lifetime_s);
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes()).doing("signing a token")?;
        Ok(format!("{signed}.{}", BASE64.encode(signature.as_ref())))
    }
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    #[test]
    fn a_token_verifies_against_the_published_key() {
        let directory = std::env::temp_dir().join(format!("oms-tokens-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let issuer = Issuer::open(&directory).unwrap();
        let token = issuer.token(&User::new("staff", Some("staff")), 60).unwrap();
        let again = Issuer::open(&directory).unwrap().jwks();
        std::fs::remove_dir_all(&directory).unwrap();

        let (signed, signature) = token.rsplit_once('.').unwrap();
        let coordinate = |name: &str| BASE64.decode(again["keys"][0][name].as_str().unwrap()).unwrap();
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(signed.as_bytes(), &BASE64.decode(signature).unwrap())
            .unwrap();
        let claims: Value =
            serde_json::from_slice(&BASE64.decode(signed.split_once('.').unwrap().1).unwrap()).unwrap();
        assert_eq!(claims["cognito:groups"], json!(["staff"]));
        assert_eq!(claims["sub"], json!(User::new("staff", None).id()));
    }
}

//! Checking tokens, and remembering those that were good.

use super::Caller;
use super::claims::Claims;
use super::keys::{Key, Keys};
use super::provider;
use jsonwebtoken::{Validation, decode, decode_header};
use oms_runtime::clock;
use oms_runtime::config::{AuthConfig, Config, ConfigError, KeySource};
use oms_runtime::logging;
use oms_runtime::sdk::https;
use ring::digest::{SHA256, digest};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How far apart the issuer's clock and ours may be, in seconds.
pub const LEEWAY_SECONDS: u64 = 60;

/// How many verified tokens are remembered until they expire.
pub const MAX_REMEMBERED_TOKENS: usize = 1_000;

/// Seconds between two fetches of the key set, so that neither made-up key ids nor an issuer out of
/// order can make us a nuisance.
pub const REFETCH_SECONDS: u64 = 60;

/// Seconds after which the key set is fetched again, so that a key which the issuer has withdrawn
/// is good for no longer.
pub const KEYS_AGE_SECONDS: u64 = 3_600;

/// The longest token that is looked at, in bytes. An HTTP API takes 10 KB of headers.
pub const MAX_TOKEN_BYTES: usize = 10_240;

/// Why a token proves nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthError {
    /// It is not valid, for the reason given, which is for the log and not for its bearer.
    #[error("the token was refused: {0}")]
    Refused(&'static str),
    /// The keys that would tell cannot be had.
    #[error("the token could not be checked")]
    NoKeys(#[source] Arc<https::FetchError>),
}

/// Checks the signature, issuer, audience and times of tokens (RS256 and ES256).
pub struct Verifier {
    auth: AuthConfig,
    keys: Mutex<KeySet>,
    /// Held while the key set is fetched: whoever waits finds the keys already there. None before
    /// the first fetch.
    last: tokio::sync::Mutex<Option<Attempt>>,
    remembered: Mutex<HashMap<[u8; 32], Remembered>>,
}

#[derive(Clone, Default)]
struct KeySet {
    keys: Arc<Keys>,
    /// Seconds since 1970; none for keys that were not fetched.
    fetched_at: Option<u64>,
}

/// A fetch of the key set.
struct Attempt {
    /// Seconds since 1970.
    at: u64,
    /// Why it brought nothing.
    failure: Option<AuthError>,
}

struct Remembered {
    caller: Caller,
    /// Seconds since 1970.
    until: u64,
}

impl Verifier {
    /// Reads the keys, where the configuration holds them; otherwise they are fetched with the
    /// first token.
    ///
    /// # Errors
    /// No issuer is configured, or `AUTH_JWKS` is of no use.
    pub fn from_config(config: &Config) -> Result<Self, ConfigError> {
        let problem = |problem: String| ConfigError { problems: vec![problem] };
        let auth = config.auth.clone().ok_or_else(|| {
            problem("AUTH_ISSUER, AUTH_AUDIENCE and AUTH_JWKS or AUTH_JWKS_URL are missing".to_owned())
        })?;
        let keys = match &auth.keys {
            KeySource::Inline(jwks) => Keys::parse(jwks.as_bytes())
                .map_err(|error| problem(format!("AUTH_JWKS makes no sense: {error}")))?,
            KeySource::Url(_) => Keys::default(),
        };
        provider::install();
        Ok(Self::new(auth, keys))
    }

    /// Where nobody calls: it refuses every token.
    #[must_use]
    pub fn of_nobody() -> Self {
        let keys = KeySource::Inline(String::new());
        Self::new(AuthConfig { issuer: String::new(), audiences: Vec::new(), keys }, Keys::default())
    }

    fn new(auth: AuthConfig, keys: Keys) -> Self {
        Self {
            auth,
            keys: Mutex::new(KeySet { keys: Arc::new(keys), fetched_at: None }),
            last: tokio::sync::Mutex::default(),
            remembered: Mutex::default(),
        }
    }

    /// Who the bearer of a token is.
    ///
    /// # Errors
    /// The token proves nothing, or the keys to check it with cannot be had.
    pub async fn verify(&self, token: &str) -> Result<Caller, AuthError> {
        self.verify_at(token, now_seconds()).await
    }

    pub(super) async fn verify_at(&self, token: &str, now: u64) -> Result<Caller, AuthError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(AuthError::Refused("too long"));
        }
        let fingerprint = fingerprint(token);
        if !self.keys_are_old(now)
            && let Some(known) = lock(&self.remembered).get(&fingerprint).filter(|known| now < known.until)
        {
            return Ok(known.caller.clone());
        }
        let header = decode_header(token).map_err(|_| AuthError::Refused("malformed"))?;
        let key = self.key(header.kid.as_deref(), now).await?;
        if header.alg != key.algorithm {
            return Err(AuthError::Refused("wrong algorithm"));
        }
        let claims = self.check(token, &key, now)?;
        let until = claims.exp;
        let caller = claims.into_caller().ok_or(AuthError::Refused("no usable subject"))?;
        self.remember(fingerprint, Remembered { caller: caller.clone(), until }, now);
        Ok(caller)
    }

    fn check(&self, token: &str, key: &Key, now: u64) -> Result<Claims, AuthError> {
        let mut validation = Validation::new(key.algorithm);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.set_issuer(&[&self.auth.issuer]);
        // Which claim names the audience depends on what the token was made for.
        validation.validate_aud = false;
        let claims = decode::<Claims>(token, &key.decoding, &validation)
            .map_err(|error| AuthError::Refused(reason(error.kind())))?
            .claims;
        claims.check_audience(&self.auth.audiences).map_err(AuthError::Refused)?;
        if claims.iat.is_some_and(|issued| issued > now + LEEWAY_SECONDS) {
            return Err(AuthError::Refused("issued in the future"));
        }
        Ok(claims)
    }

    /// The key of an id. Keys from a URL are fetched when they are first needed, when they are old,
    /// and for an id that is not among them; the old ones stay where that fails.
    async fn key(&self, id: Option<&str>, now: u64) -> Result<Key, AuthError> {
        let unknown = AuthError::Refused("unknown key");
        let KeySource::Url(url) = &self.auth.keys else {
            return self.known_key(id).ok_or(unknown);
        };
        if let Some(key) = self.known_key(id).filter(|_| !self.keys_are_old(now)) {
            return Ok(key);
        }
        let mut last = self.last.lock().await;
        if let Some(key) = self.known_key(id).filter(|_| !self.keys_are_old(now)) {
            return Ok(key);
        }
        if self.is_due(last.as_ref(), now) {
            let failure = self.fetch(url, now).await.err();
            *last = Some(Attempt { at: now, failure });
        }
        // A failed fetch says nothing about a key.
        let failure = last.as_ref().and_then(|last| last.failure.clone());
        self.known_key(id).ok_or(failure.unwrap_or(unknown))
    }

    /// Whether the keys may be fetched now. While there are none, each token tries again, or an
    /// issuer that was out of reach for a moment would keep everyone out for a minute.
    fn is_due(&self, last: Option<&Attempt>, now: u64) -> bool {
        let has_none = lock(&self.keys).fetched_at.is_none();
        last.is_none_or(|last| now >= last.at + REFETCH_SECONDS || (has_none && last.failure.is_some()))
    }

    async fn fetch(&self, url: &str, now: u64) -> Result<(), AuthError> {
        let keys = match fetch(url).await {
            Ok(keys) => keys,
            Err(error) => {
                tracing::warn!(error = logging::chain(&error), "the keys of tokens could not be fetched");
                return Err(error);
            }
        };
        *lock(&self.keys) = KeySet { keys: Arc::new(keys), fetched_at: Some(now) };
        // What was signed with a key that is no longer there is good no longer.
        lock(&self.remembered).clear();
        Ok(())
    }

    fn known_key(&self, id: Option<&str>) -> Option<Key> {
        lock(&self.keys).keys.find(id).cloned()
    }

    fn keys_are_old(&self, now: u64) -> bool {
        lock(&self.keys).fetched_at.is_some_and(|fetched| now >= fetched + KEYS_AGE_SECONDS)
    }

    fn remember(&self, fingerprint: [u8; 32], token: Remembered, now: u64) {
        let mut remembered = lock(&self.remembered);
        if remembered.len() >= MAX_REMEMBERED_TOKENS {
            remembered.retain(|_, token| now < token.until);
        }
        if remembered.len() >= MAX_REMEMBERED_TOKENS {
            remembered.clear();
        }
        remembered.insert(fingerprint, token);
    }
}

async fn fetch(url: &str) -> Result<Keys, AuthError> {
    let body = https::get(url).await.map_err(|error| AuthError::NoKeys(Arc::new(error)))?;
    Keys::parse(&body)
        .map_err(|error| AuthError::NoKeys(Arc::new(https::FetchError::Content(Box::new(error)))))
}

/// What a log may say of a refused token: nothing that stands in it.
fn reason(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    if matches!(kind, ErrorKind::ExpiredSignature) {
        "expired"
    } else if matches!(kind, ErrorKind::ImmatureSignature) {
        "not valid yet"
    } else if matches!(kind, ErrorKind::InvalidIssuer) {
        "wrong issuer"
    } else if matches!(kind, ErrorKind::InvalidSignature) {
        "bad signature"
    } else {
        "malformed or incomplete"
    }
}

fn fingerprint(token: &str) -> [u8; 32] {
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    fingerprint
}

fn now_seconds() -> u64 {
    u64::try_from(clock::now().as_second()).unwrap_or(0)
}

/// What the lock guards is whole between any two statements, so that a panic elsewhere while it
/// was held is no reason to fail as well.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

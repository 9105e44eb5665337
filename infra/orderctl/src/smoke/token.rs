//! What a token says of itself, for whoever wonders why it is refused.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::Value;

/// The claims that decide whether a deployment takes a token, in words. Nothing is verified, and
/// nothing of it is secret but the signature, which is not shown.
pub(super) fn described(token: &str, now: Timestamp) -> String {
    let Some(claims) = claims(token) else {
        return "it is no JWT: three parts in base64url, with points between".to_owned();
    };
    let mut told = vec![
        format!("issuer {}", claims["iss"]),
        match claims.get("aud").or_else(|| claims.get("client_id")) {
            Some(audience) => format!("audience {audience}"),
            None => "no audience".to_owned(),
        },
        match claims.get("cognito:groups").or_else(|| claims.get("groups")) {
            Some(groups) => format!("groups {groups}"),
            None => "no groups".to_owned(),
        },
    ];
    match claims["exp"].as_i64().and_then(|exp| Timestamp::from_second(exp).ok()) {
        Some(exp) if exp <= now => told.push(format!("expired at {exp}")),
        Some(exp) => told.push(format!("good until {exp}")),
        None => told.push("no end".to_owned()),
    }
    format!("it says: {}", told.join(", "))
}

fn claims(token: &str) -> Option<Value> {
    let mut parts = token.trim().split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(claims: Value) -> String {
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()));
        described(&token, Timestamp::from_second(1_000).unwrap())
    }

    #[test]
    fn it_tells_what_a_deployment_looks_at() {
        assert_eq!(
            told(json!({ "iss": "https://i", "aud": "shop", "groups": ["admin"], "exp": 1_000 })),
            r#"it says: issuer "https://i", audience "shop", groups ["admin"], expired at 1970-01-01T00:16:40Z"#
        );
        assert_eq!(
            told(json!({ "iss": "https://i", "client_id": "app", "exp": 1_001 })),
            r#"it says: issuer "https://i", audience "app", no groups, good until 1970-01-01T00:16:41Z"#
        );
        assert_eq!(told(json!({})), "it says: issuer null, no audience, no groups, no end");
    }

    #[test]
    fn what_is_no_token_is_called_so() {
        for token in ["", "secret", "a.b", "a.b.c", "a.e30.c.d"] {
            assert!(described(token, Timestamp::UNIX_EPOCH).starts_with("it is no JWT"), "{token}");
        }
    }
}

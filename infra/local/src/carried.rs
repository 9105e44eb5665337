//! What of a request `cargo lambda watch` cannot read and a function must be given: a body that is
//! no text, and headers beyond ASCII. The gate takes them out of the request and puts them into a
//! header of ours; the runtime API puts them into the event, as API Gateway does.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The header between the gate and the runtime API.
const CARRIED: HeaderName = HeaderName::from_static("x-oms-carried");

/// What the header says.
#[derive(Default, Serialize, Deserialize)]
struct Carried {
    /// Whether the body stands there in base64.
    body: bool,
    /// Headers that are no ASCII.
    headers: BTreeMap<String, String>,
}

/// A request that can be read, in place of one that may not be; none where a header is no text at
/// all.
pub(crate) fn readable(mut headers: HeaderMap, body: Bytes) -> Option<(HeaderMap, Bytes)> {
    headers.remove(&CARRIED);
    let mut carried = Carried::default();
    let is_ascii = |value: &HeaderValue| value.to_str().is_ok();
    let names: Vec<HeaderName> = headers.keys().cloned().collect();
    for name in names {
        if headers.get_all(&name).iter().all(is_ascii) {
            continue;
        }
        let texts = headers.get_all(&name).iter().map(|value| std::str::from_utf8(value.as_bytes()).ok());
        let texts: Option<Vec<&str>> = texts.collect();
        carried.headers.insert(name.to_string(), texts?.join(","));
        headers.remove(&name);
    }
    let body = match std::str::from_utf8(&body) {
        Ok(_) => body,
        Err(_) => {
            carried.body = true;
            headers.remove(header::CONTENT_LENGTH);
            Bytes::from(STANDARD.encode(&body))
        }
    };
    if carried.body || !carried.headers.is_empty() {
        let text = STANDARD.encode(serde_json::to_vec(&carried).ok()?);
        headers.insert(CARRIED, HeaderValue::from_str(&text).ok()?);
    }
    Some((headers, body))
}

/// How many bytes a body takes in an event, where it is text in quotes.
pub(crate) fn bytes_in_event(body: &[u8]) -> usize {
    let escaped = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..=0x1f => 6,
        _ => 1,
    };
    body.iter().map(escaped).sum::<usize>() + 2
}

/// The event with everything that was carried, in its place.
pub(crate) fn put_back(event: Bytes) -> Bytes {
    let has_any = |text: &str| text.contains(CARRIED.as_str());
    if !std::str::from_utf8(&event).is_ok_and(has_any) {
        return event;
    }
    let restored = serde_json::from_slice(&event).ok().and_then(restored);
    restored.map_or(event, |restored| Bytes::from(restored.to_string()))
}

fn restored(mut event: Value) -> Option<Value> {
    let text = event["headers"].as_object_mut()?.remove(CARRIED.as_str())?;
    let carried: Carried = serde_json::from_slice(&STANDARD.decode(text.as_str()?).ok()?).ok()?;
    for (name, value) in carried.headers {
        event["headers"][name] = value.into();
    }
    if carried.body {
        // Of some content types cargo-lambda has made it base64 once more.
        if event["isBase64Encoded"] == true {
            let body = STANDARD.decode(event["body"].as_str()?).ok()?;
            event["body"] = String::from_utf8(body).ok()?.into();
        }
        event["isBase64Encoded"] = true.into();
    }
    Some(event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn headers(all: &[(&'static str, &[u8])]) -> HeaderMap {
        let header = |(name, value): &(&'static str, &[u8])| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap())
        };
        all.iter().map(header).collect()
    }

    /// What a function is given of a request that passes the gate.
    fn event(all: &[(&'static str, &[u8])], body: &[u8], is_encoded: bool) -> Value {
        let (headers, body) = readable(headers(all), Bytes::copy_from_slice(body)).unwrap();
        let shown = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.to_string(), Value::from(value.to_str().unwrap()))
        };
        let text =
            if is_encoded { STANDARD.encode(&body) } else { String::from_utf8(body.to_vec()).unwrap() };
        let event = json!({
            "headers": headers.iter().map(shown).collect::<serde_json::Map<_, _>>(),
            "body": text, "isBase64Encoded": is_encoded,
        });
        serde_json::from_slice(&put_back(event.to_string().into())).unwrap()
    }

    #[test]
    fn what_can_be_read_passes_as_it_is() {
        let plain = headers(&[("accept", b"*/*"), ("content-length", b"7")]);
        let (after, body) = readable(plain.clone(), Bytes::from_static("{\"é\": 1}".as_bytes())).unwrap();
        assert_eq!((after, body), (plain, Bytes::from_static("{\"é\": 1}".as_bytes())));
        let untouched = Bytes::from_static(b"{\"Records\": []}");
        assert_eq!(put_back(untouched.clone()), untouched);
    }

    #[test]
    fn a_body_that_is_no_text_arrives_in_base64() {
        for is_encoded in [false, true] {
            let event = event(&[("content-type", b"application/json")], b"{\"a\": \"\xff\"}", is_encoded);
            assert_eq!(event["isBase64Encoded"], true);
            let body = STANDARD.decode(event["body"].as_str().unwrap()).unwrap();
            assert_eq!(body, b"{\"a\": \"\xff\"}");
            assert_eq!(event["headers"], json!({ "content-type": "application/json" }));
        }
    }

    #[test]
    fn headers_beyond_ascii_arrive_and_those_that_are_no_text_do_not() {
        let event = event(&[("x-name", "é".as_bytes()), ("x-oms-carried", b"forged")], b"{}", false);
        assert_eq!(
            (&event["headers"], &event["isBase64Encoded"]),
            (&json!({ "x-name": "é" }), &json!(false))
        );
        assert!(readable(headers(&[("x-name", b"\xff")]), Bytes::new()).is_none());
    }

    #[test]
    fn a_body_takes_what_json_makes_of_it() {
        for text in ["", "plain", "a \"quoted\" \\ one", "\u{1}\n\t\u{8}\u{c}\u{7f} é"] {
            assert_eq!(bytes_in_event(text.as_bytes()), serde_json::to_string(text).unwrap().len(), "{text}");
        }
    }
}

//! Where a subscriber can be told.
//!
//! SNS calls the endpoint, never we, and it does so from outside our network: an address that
//! names something within a network would not be reached, and is refused for that. A name is not
//! looked up: what it leads to may change at any time. Every endpoint but a queue of the same
//! account has to agree before it hears anything, a telephone excepted.

use http::Uri;
use oms_domain::subscription::Protocol;
use oms_domain::text::phone;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest endpoint, in characters.
pub(super) const MAX_ENDPOINT_CHARS: usize = 2_048;
/// Names that are never found outside a network.
const INNER: [&str; 6] = ["localhost", "local", "internal", "intranet", "lan", "home.arpa"];

/// Reads an endpoint into the one form in which it is kept. `is_local` says that the topic is on
/// this machine, and so may the server be, without TLS.
///
/// # Errors
/// What is wrong with it, for a person to read.
pub(super) fn read(protocol: Protocol, text: &str, is_local: bool) -> Result<String, &'static str> {
    match protocol {
        Protocol::Email => email(text).ok_or("Enter a valid email address."),
        Protocol::Https => https(text, is_local),
        Protocol::Sqs if is_queue(text) => Ok(text.to_owned()),
        Protocol::Sqs => {
            Err("Enter the ARN of a standard queue, such as arn:aws:sqs:us-east-1:123456789012:orders.")
        }
        Protocol::Sms => number(text).ok_or("Enter a telephone number in E.164 form, such as +14155550123."),
    }
}

/// A domain's case means nothing; that of what stands before it may.
fn email(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let is_local = (1..=64).contains(&local.len())
        && local.bytes().all(is_plain)
        && local.split('.').all(|part| !part.is_empty());
    (is_local && is_name(domain) && text.len() <= 254)
        .then(|| format!("{local}@{}", domain.to_ascii_lowercase()))
}

fn https(text: &str, is_local: bool) -> Result<String, &'static str> {
    const INVALID: &str = "Enter a valid https URL.";
    if is_local && oms_runtime::config::is_on_this_machine(text) && text.parse::<Uri>().is_ok() {
        return Ok(text.to_owned());
    }
    let uri: Uri = text.parse().map_err(|_| INVALID)?;
    let authority = uri.authority().ok_or(INVALID)?;
    if uri.scheme_str() != Some("https") || text.contains('#') {
        return Err(INVALID);
    }
    if authority.as_str().contains('@') {
        return Err("The URL must not hold a user name or a password.");
    }
    let host = uri.host().ok_or(INVALID)?;
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) if is_public(ip) => Ok(text.to_owned()),
        Ok(_) => Err("The URL must lead to a public address."),
        Err(_) if is_inner(host) => Err("The URL must lead to a public address."),
        Err(_) if is_name(host) => Ok(text.to_owned()),
        Err(_) => Err(INVALID),
    }
}

/// A name with a dot, whose last part is no number: that would be an address in disguise.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.contains('.')
        && name.len() <= 253
        && name.split('.').all(is_label)
        && last.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !last.starts_with("0x")
}

fn is_inner(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    INNER
        .iter()
        .any(|inner| host.strip_suffix(inner).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => is_public_v6(ip),
        },
    }
}

/// All but the ranges that IANA keeps for special purposes.
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_special = matches!(
        (a, b, c),
        (0 | 127 | 224.., _, _) | (100, 64..=127, _) | (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _)
    );
    !(is_special || ip.is_private() || ip.is_link_local() || ip.is_documentation())
}

/// Of the global range, all but documentation and what wraps an address of the other kind.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    (0x2000..=0x3fff).contains(&first)
        && !matches!((first, second), (0x2001, 0x0000..=0x01ff | 0x0db8) | (0x2002, _) | (0x3fff, 0..=0x0fff))
}

fn is_queue(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let ["arn", partition, "sqs", region, account, name] = parts[..] else { return false };
    let is_word = |text: &str, more: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    matches!(partition, "aws" | "aws-cn" | "aws-us-gov")
        && is_word(region, b"-")
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && name.len() <= 80
        && is_word(name, b"-_")
}

/// A telephone number without what people write between its digits.
fn number(text: &str) -> Option<String> {
    let number = phone(text).replace([' ', '-', '.', '/', '(', ')'], "");
    let digits = number.strip_prefix('+')?;
    let is_number = (8..=15).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0');
    is_number.then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_reached_from_outside_is_taken() {
        let taken = |protocol, text: &str| read(protocol, text, false).is_ok();
        for email in ["ada@example.com", "a.b+c@shop.example.co.uk", "o'neil@example.museum"] {
            assert!(taken(Protocol::Email, email), "{email}");
        }
        for url in [
            "https://example.com",
            "https://hooks.example.com:8443/x?y=z",
            "https://8.8.8.8/x",
            "https://[2606:4700::1]/",
        ] {
            assert!(taken(Protocol::Https, url), "{url}");
        }
        assert!(taken(Protocol::Sqs, "arn:aws:sqs:eu-west-1:123456789012:Orders_1"));
        for number in ["+14155550123", "+1 (415) 555\u{2013}0123", "\u{202a}＋1\u{a0}415 555 0123\u{202c}"] {
            assert_eq!(read(Protocol::Sms, number, false).as_deref(), Ok("+14155550123"));
        }
        assert_eq!(read(Protocol::Email, "Ada@EXAMPLE.com", false).unwrap(), "Ada@example.com");
    }

    #[test]
    fn nonsense_and_what_lies_within_a_network_is_not() {
        let refused = |protocol, text: &str| assert!(read(protocol, text, false).is_err(), "{text}");
        for email in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@localhost",
            "a b@example.com",
            "ada@-x.com",
            "a..b@example.com",
            "ada@example.com\r\nBcc: x@y.com",
            "ada@1.2.3.4",
        ] {
            refused(Protocol::Email, email);
        }
        let urls = "http://example.com ftp://example.com https:// https://localhost/ https://x.localhost \
            https://127.0.0.1/ https://127.1/ https://2130706433/ https://0x7f.0x1/ https://10.0.0.7/ \
            https://172.16.0.1 https://192.168.1.1 https://169.254.169.254/latest/meta-data https://100.64.0.1 \
            https://0.0.0.0 https://224.0.0.1 https://[::1]/ https://[fe80::1] https://[fd00:ec2::254]/ \
            https://[::ffff:10.0.0.1]/ https://[2002:a00:1::] https://metadata.google.internal/ \
            https://printer.local https://intranet https://user:pass@example.com/ https://example.com/#x \
            http://127.0.0.1:9000/ https://example.com./";
        for url in urls.split_whitespace() {
            refused(Protocol::Https, url);
        }
        for arn in [
            "orders",
            "arn:aws:sns:eu-west-1:123456789012:orders",
            "arn:aws:sqs:eu-west-1:12345:orders",
            "arn:aws:sqs:eu-west-1:123456789012:orders.fifo",
        ] {
            refused(Protocol::Sqs, arn);
        }
        for number in ["14155550123", "+0415555012", "+1", "+1415555012345678", "+1 415 555"] {
            refused(Protocol::Sms, number);
        }
    }

    #[test]
    fn a_topic_on_this_machine_reaches_servers_on_it() {
        assert!(read(Protocol::Https, "http://127.0.0.1:9000/hook", true).is_ok());
        assert!(read(Protocol::Https, "http://127.0.0.1.example.com/", true).is_err());
        assert!(read(Protocol::Https, "http://10.0.0.1/", true).is_err());
    }
}

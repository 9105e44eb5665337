//! What the unit tests of several crates need: settings, and a server that answers as it is told.
//! The other crates take it in as a file.

use super::config::{Config, ConfigError, GatewayKeys};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The settings, with what is required.
pub(crate) fn config(settings: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let defaults = [
        ("TABLE_NAME", "oms"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "hidden"),
    ];
    Config::from_lookup(GatewayKeys::Required, |name| {
        let all = settings.iter().chain(&defaults);
        all.clone().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

/// A server on this machine. Its thread ends with the test's process.
pub(crate) struct Server {
    pub(crate) url: String,
    calls: Arc<AtomicUsize>,
}

impl Server {
    /// Gives every request the same answer.
    pub(crate) fn answering(status: u16, body: &str) -> Self {
        Self::answering_in_turn(&[(status, body)])
    }

    /// One that gives one answer after the other, and the last of them to all further requests.
    pub(crate) fn answering_in_turn(answers: &[(u16, &str)]) -> Self {
        let answers: Vec<_> = answers.iter().map(|(status, body)| (*status, (*body).to_owned())).collect();
        let earlier = AtomicUsize::new(0);
        Self::saying(move |_| {
            let number = earlier.fetch_add(1, Ordering::SeqCst);
            answers.get(number).or(answers.last()).unwrap().clone()
        })
    }

    /// Answers each request with the status and the body that its first line deserves.
    pub(crate) fn saying(script: impl Fn(&str) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&calls);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                counter.fetch_add(1, Ordering::SeqCst);
                reply(stream.unwrap(), &script);
            }
        });
        Self { url, calls }
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// Reads the whole request, or closing would reset the connection under the answer.
fn reply(mut stream: TcpStream, script: impl Fn(&str) -> (u16, String)) {
    let (mut request, mut chunk) = (Vec::new(), [0; 4_096]);
    while !is_whole(&request) {
        let count = stream.read(&mut chunk).unwrap();
        request.extend_from_slice(&chunk[..count]);
        if count == 0 {
            return;
        }
    }
    let (status, body) = script(String::from_utf8_lossy(&request).lines().next().unwrap_or_default());
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close", body.len());
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.map_or(0, |length| length.parse().unwrap())
}

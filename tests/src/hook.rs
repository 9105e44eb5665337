//! A server of a test's own, which SNS can call.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// The longest body that is read, in bytes: more than SNS sends.
const MAX_BODY_BYTES: u64 = 1_000_000;

/// A server that keeps what is posted to it.
#[derive(Debug)]
pub struct Hook {
    /// Where it answers.
    pub url: String,
    received: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    /// Begins to answer on a free port, until the test process ends.
    ///
    /// # Panics
    /// Where there is no free port.
    #[must_use]
    pub fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(body) = answer(stream) {
                    keep.lock().unwrap_or_else(PoisonError::into_inner).push(body);
                }
            }
        });
        Self { url: format!("http://127.0.0.1:{port}/hook"), received }
    }

    /// What has been posted so far.
    #[must_use]
    pub fn received(&self) -> Vec<Value> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The events among it.
    ///
    /// # Panics
    /// Where one is no JSON.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        let posted = self.received();
        let events = posted.iter().filter(|one| one["Type"] == "Notification");
        let message = |one: &Value| one["Message"].as_str().unwrap_or_default().to_owned();
        events.map(|one| serde_json::from_str(&message(one)).expect("servers get JSON")).collect()
    }
}

/// Reads one request and says that it is well.
fn answer(mut stream: TcpStream) -> Option<Value> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = Vec::new();
    reader.take(length.min(MAX_BODY_BYTES)).read_to_end(&mut body).ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()?;
    serde_json::from_slice(&body).ok()
}

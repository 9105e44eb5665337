use super::*;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

#[test]
fn the_roots_can_be_read() {
    assert_eq!(AMAZON_ROOTS.matches("BEGIN CERTIFICATE").count(), 5);
    let _connector = connector(aws_roots());
}

#[tokio::test]
async fn what_a_url_holds_is_fetched_and_failures_are_told_apart() {
    assert_eq!(get(&Server::answering(200, "keys").url).await.unwrap(), "keys");
    let refused = get(&Server::answering(404, "no").url).await;
    assert!(matches!(refused, Err(FetchError::Status(404))));
    assert!(matches!(get("http://127.0.0.1:1/").await, Err(FetchError::Connection(_))));
    assert!(matches!(get("no url at all").await, Err(FetchError::Request(_))));
}

//! A service behind the gateway that records each request as it came, and answers as told.

use std::fmt;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::client;

/// What an upstream does with a request it has read.
pub enum Answer {
    /// 200 with the request as JSON: `method`, `target`, `headers` (an object of lists), `body`.
    Echo,
    /// A status, a content type and a body.
    Body(u16, &'static str, Vec<u8>),
    /// These very bytes, then the connection closes.
    Raw(Vec<u8>),
    /// These bytes one after the other with a pause between them, then the connection closes.
    Drip(Vec<Vec<u8>>, Duration),
    /// The echo, after a pause.
    After(Duration),
    /// Nothing, until the test ends.
    Never,
}

impl Answer {
    /// 200 with this JSON.
    pub fn json(body: &Value) -> Answer {
        Answer::Body(200, "application/json", body.to_string().into_bytes())
    }
}

/// One request as an upstream saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The target exactly as it stood in the request line.
    pub target: String,
    /// Names in lower case and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// The bytes of the head, request line included.
    pub head: String,
}

impl Seen {
    /// Every value of a header (lower case).
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The only value of a header (lower case); fails the test when there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        let values = self.values(name);
        assert!(values.len() < 2, "several `{name}` in {}", self.head);
        values.first().copied()
    }

    fn as_json(&self) -> Value {
        let mut headers = Map::new();
        for (name, value) in &self.headers {
            let list = headers.entry(name).or_insert_with(|| json!([]));
            list.as_array_mut().expect("a list was put there").push(json!(value));
        }
        let body = String::from_utf8_lossy(&self.body);
        json!({ "method": self.method, "target": self.target, "headers": headers, "body": body })
    }
}

type Decide = dyn Fn(&Seen) -> Answer + Send + Sync;

/// A listening upstream. Dropping it stops it from taking further connections.
pub struct Upstream {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upstream").field("port", &self.port).finish_non_exhaustive()
    }
}

impl Upstream {
    /// Answers every request with itself.
    pub fn echo() -> Upstream {
        Upstream::answering(|_| Answer::Echo)
    }

    /// Takes connections and reads requests, and answers none.
    pub fn hanging() -> Upstream {
        Upstream::answering(|_| Answer::Never)
    }

    /// Answers each request as `decide` says.
    pub fn answering(decide: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Upstream {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let decide: Arc<Decide> = Arc::new(decide);
        let (kept, stopped) = (Arc::clone(&seen), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Acquire) {
                    return;
                }
                let (seen, decide, stop) = (Arc::clone(&kept), Arc::clone(&decide), Arc::clone(&stopped));
                std::thread::spawn(move || serve(stream, &seen, &*decide, &stop));
            }
        });
        Upstream { port, seen, stop }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no connection panics while it notes a request").clone()
    }

    /// Forgets what it saw, and says what that was.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().expect("no connection panics while it notes a request"))
    }

    /// The only request it saw; fails the test when there were none or several.
    pub fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "one request expected upstream, these came: {seen:#?}");
        seen.into_iter().next().expect("there is one")
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        // Wakes the listening thread, which then sees that it is to stop.
        TcpStream::connect(("127.0.0.1", self.port)).ok();
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Seen>>, decide: &Decide, stop: &AtomicBool) {
    let mut bytes = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut bytes) {
        seen.lock().expect("no connection panics while it notes a request").push(request.clone());
        match decide(&request) {
            Answer::Echo => send(&mut stream, &request, 200, "application/json", echo(&request)),
            Answer::Body(status, kind, body) => send(&mut stream, &request, status, kind, body),
            Answer::After(pause) => {
                std::thread::sleep(pause);
                send(&mut stream, &request, 200, "application/json", echo(&request));
            }
            Answer::Raw(bytes) => {
                stream.write_all(&bytes).ok();
                return;
            }
            Answer::Drip(parts, pause) => {
                for part in parts {
                    stream.write_all(&part).ok();
                    std::thread::sleep(pause);
                }
                return;
            }
            Answer::Never => {
                while !stop.load(Ordering::Acquire) {
                    std::thread::sleep(Duration::from_millis(20));
                }
                return;
            }
        }
    }
}

fn echo(request: &Seen) -> Vec<u8> {
    request.as_json().to_string().into_bytes()
}

fn send(stream: &mut TcpStream, request: &Seen, status: u16, kind: &str, mut body: Vec<u8>) {
    let length = body.len();
    if request.method == "HEAD" {
        body.clear();
    }
    let head =
        format!("HTTP/1.1 {status} Answer\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), &body].concat()).ok();
}

/// Reads one request; `None` when the connection ends before one is complete.
fn read_request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Seen> {
    let end = loop {
        match bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            Some(end) => break end,
            None => more(stream, bytes)?,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    bytes.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut start = lines.next()?.split(' ');
    let (method, target) = (start.next()?.to_owned(), start.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let value =
        |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let body = match (value("transfer-encoding"), value("content-length")) {
        (Some(_), _) => read_chunks(stream, bytes)?,
        (None, Some(length)) => read_exactly(stream, bytes, length.parse().ok()?)?,
        (None, None) => Vec::new(),
    };
    Some(Seen { method, target, headers, body, head })
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut chunk = [0; 16 * 1024];
    let read = client::read(stream, &mut chunk).ok().filter(|read| *read > 0)?;
    bytes.extend_from_slice(&chunk[..read]);
    Some(())
}

fn read_exactly(stream: &mut TcpStream, bytes: &mut Vec<u8>, length: usize) -> Option<Vec<u8>> {
    while bytes.len() < length {
        more(stream, bytes)?;
    }
    Some(bytes.drain(..length).collect())
}

fn read_chunks(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            match bytes.windows(2).position(|two| two == b"\r\n") {
                Some(end) => break end,
                None => more(stream, bytes)?,
            }
        };
        let line = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        bytes.drain(..end + 2);
        if size == 0 {
            // Trailer lines up to the empty one.
            loop {
                match bytes.windows(2).position(|two| two == b"\r\n") {
                    Some(end) => {
                        bytes.drain(..end + 2);
                        if end == 0 {
                            return Some(body);
                        }
                    }
                    None => more(stream, bytes)?,
                }
            }
        }
        body.extend(read_exactly(stream, bytes, size)?);
        read_exactly(stream, bytes, 2)?;
    }
}

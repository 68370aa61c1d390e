//! An HTTP/1.1 client that sends exactly the bytes it is given, well formed or not.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use serde_json::Value;

use crate::wait::PATIENCE;

/// A request that can be written down: a method, a target as it goes on the wire, header lines and a body.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    host: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

impl Request {
    /// A request without headers but `Host: localhost` and `Connection: close`.
    pub fn new(method: &str, target: &str) -> Request {
        let host = Some("localhost".to_owned());
        Request { method: method.into(), target: target.into(), host, headers: Vec::new(), body: None }
    }

    /// A `GET`.
    pub fn get(target: &str) -> Request {
        Request::new("GET", target)
    }

    /// Names another host; `None` leaves the header out.
    #[must_use]
    pub fn host(mut self, host: Option<&str>) -> Request {
        self.host = host.map(Into::into);
        self
    }

    /// Adds a header line, even a second one of the same name.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds `Authorization: Bearer …`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Request {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// Adds a JSON body and its length.
    #[must_use]
    pub fn json(self, body: &Value) -> Request {
        self.header("Content-Type", "application/json").body(body.to_string().as_bytes())
    }

    /// Adds a body and its length.
    #[must_use]
    pub fn body(mut self, body: &[u8]) -> Request {
        self.body = Some(body.to_vec());
        self
    }

    /// The bytes that go on the wire.
    pub fn bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        if let Some(host) = &self.host {
            write!(head, "Host: {host}\r\n").expect("a string takes text");
        }
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").expect("a string takes text");
        }
        if let Some(body) = &self.body {
            write!(head, "Content-Length: {}\r\n", body.len()).expect("a string takes text");
        }
        let names_connection = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("connection"));
        head.push_str(if names_connection { "\r\n" } else { "Connection: close\r\n\r\n" });
        [head.as_bytes(), self.body.as_deref().unwrap_or_default()].concat()
    }

    /// Sends it on a new connection to a port of loopback; fails the test when nobody answers.
    pub fn send(&self, port: u16) -> Reply {
        exchange(port, &self.bytes(), self.method == "HEAD")
            .unwrap_or_else(|error| panic!("no answer from port {port} to {self:?}: {error}"))
    }

    /// As [`Request::send`], but nobody listening or a closed connection is `None`.
    pub fn try_send(&self, port: u16) -> Option<Reply> {
        exchange(port, &self.bytes(), self.method == "HEAD").ok().filter(|reply| reply.status != 0)
    }
}

/// Sends these bytes on a new connection and reads one answer. A connection that is closed without one is a reply
/// of status 0.
pub fn send_raw(port: u16, bytes: &[u8]) -> Reply {
    exchange(port, bytes, false).unwrap_or_else(|error| panic!("no answer from port {port}: {error}"))
}

/// An answer as it was read.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status, or 0 when the connection closed without an answer.
    pub status: u16,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// The body, without the framing.
    pub body: Vec<u8>,
    /// Whether the server closed the connection afterwards; only known where it was waited for.
    pub closed: bool,
    /// What came after the first answer.
    pub rest: Vec<u8>,
}

impl Reply {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; fails the test when it is not.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }
}

fn exchange(port: u16, bytes: &[u8], head_only: bool) -> std::io::Result<Reply> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    // A server may refuse before it has read everything; what it answered is still there to be read.
    if let Err(error) = stream.write_all(bytes)
        && !matches!(error.kind(), std::io::ErrorKind::BrokenPipe | std::io::ErrorKind::ConnectionReset)
    {
        return Err(error);
    }
    read_reply(&mut stream, head_only)
}

/// Reads one answer from a connection that stays in the caller's hands.
pub fn read_reply(stream: &mut TcpStream, head_only: bool) -> std::io::Result<Reply> {
    let mut wire = Wire { stream, bytes: Vec::new(), ended: false };
    loop {
        let Some(end) = wire.find_end_of_head()? else { return Ok(nothing()) };
        let head = String::from_utf8_lossy(&wire.bytes[..end]).into_owned();
        let mut reply = parse_head(&head);
        wire.bytes.drain(..end + 4);
        if (100..200).contains(&reply.status) && reply.status != 101 {
            continue;
        }
        let bodiless = head_only || matches!(reply.status, 101 | 204 | 304);
        reply.body = if bodiless { Vec::new() } else { wire.body(&reply)? };
        reply.closed = wire.ended || reply.header("connection").is_some_and(|value| value == "close");
        reply.rest = std::mem::take(&mut wire.bytes);
        return Ok(reply);
    }
}

/// Tells the server that nothing more will be sent.
pub fn finish(stream: &TcpStream) {
    stream.shutdown(Shutdown::Write).ok();
}

/// Reads once. With a time-out a read is interrupted also when the whole test is suspended and goes on (signal(7)).
pub(crate) fn read(stream: &mut impl Read, into: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match stream.read(into) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn nothing() -> Reply {
    Reply { status: 0, headers: Vec::new(), body: Vec::new(), closed: true, rest: Vec::new() }
}

fn parse_head(head: &str) -> Reply {
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let status = status.unwrap_or_else(|| panic!("not a status line: {head}"));
    Reply { status, headers, body: Vec::new(), closed: false, rest: Vec::new() }
}

struct Wire<'a> {
    stream: &'a mut TcpStream,
    bytes: Vec<u8>,
    ended: bool,
}

impl Wire<'_> {
    fn more(&mut self) -> std::io::Result<bool> {
        let mut chunk = [0; 16 * 1024];
        let read = match read(self.stream, &mut chunk) {
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => 0,
            other => other?,
        };
        self.ended |= read == 0;
        self.bytes.extend_from_slice(&chunk[..read]);
        Ok(read > 0)
    }

    fn find_end_of_head(&mut self) -> std::io::Result<Option<usize>> {
        loop {
            if let Some(end) = self.bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                return Ok(Some(end));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }

    fn body(&mut self, reply: &Reply) -> std::io::Result<Vec<u8>> {
        if reply.header("transfer-encoding").is_some() {
            return self.chunks();
        }
        match reply.header("content-length").and_then(|length| length.parse().ok()) {
            Some(length) => {
                self.at_least(length)?;
                let length = length.min(self.bytes.len());
                Ok(self.bytes.drain(..length).collect())
            }
            None => {
                while self.more()? {}
                Ok(std::mem::take(&mut self.bytes))
            }
        }
    }

    fn at_least(&mut self, length: usize) -> std::io::Result<()> {
        while self.bytes.len() < length && self.more()? {}
        Ok(())
    }

    fn chunks(&mut self) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let Some(end) = self.end_of_line()? else { return Ok(body) };
            let line = String::from_utf8_lossy(&self.bytes[..end]).into_owned();
            let size =
                usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16).unwrap_or(0);
            self.bytes.drain(..end + 2);
            self.at_least(size + 2)?;
            let size = size.min(self.bytes.len());
            body.extend(self.bytes.drain(..size));
            self.bytes.drain(..2.min(self.bytes.len()));
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn end_of_line(&mut self) -> std::io::Result<Option<usize>> {
        loop {
            if let Some(end) = self.bytes.windows(2).position(|two| two == b"\r\n") {
                return Ok(Some(end));
            }
            if !self.more()? {
                return Ok(None);
            }
        }
    }
}

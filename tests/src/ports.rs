//! Ports on loopback that nobody listens on.

use std::collections::HashSet;
use std::net::TcpListener;
use std::sync::Mutex;

/// A port that is free now, and that this test program hands out once only.
pub fn free_port() -> u16 {
    static HANDED_OUT: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    let mut handed_out = HANDED_OUT.lock().expect("no test panics while it asks for a port");
    let handed_out = handed_out.get_or_insert_default();
    loop {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        if handed_out.insert(port) {
            return port;
        }
    }
}

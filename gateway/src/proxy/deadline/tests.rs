use tokio::{io::AsyncWriteExt, sync::watch};

use super::*;

struct Own;

impl TurnAway for Own {
    fn answer(&self, theirs: &[u8], _: Option<IpAddr>) -> Option<Bytes> {
        theirs.starts_with(b"HTTP/1.1 400").then(|| Bytes::from_static(b"ours"))
    }

    fn late(&self, _: Option<IpAddr>) {}
}

/// A connection whose far end is ours.
async fn connection(limit: Duration) -> (tokio::net::TcpStream, Stream) {
    let (client, server, stop) = stoppable(limit).await;
    // For as long as the test takes, nothing stops.
    std::mem::forget(stop);
    (client, server)
}

async fn stoppable(limit: Duration) -> (tokio::net::TcpStream, Stream, watch::Sender<bool>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    let inner: pingora::protocols::l4::stream::Stream = server.into();
    let (stop, stopped) = watch::channel(false);
    (client, DeadlineIo::wrap(Box::new(inner), limit, Arc::new(Own), stopped).unwrap(), stop)
}

#[tokio::test]
async fn a_header_that_trickles_in_is_cut_off() {
    let (mut client, mut server) = connection(Duration::from_millis(150)).await;
    let trickle = tokio::spawn(async move {
        for _ in 0..50 {
            if client.write_all(b"x").await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let mut text = Vec::new();
    let error = server.read_to_end(&mut text).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    trickle.abort();
}

#[tokio::test]
async fn what_arrives_too_late_is_not_read_along_with_the_error() {
    let (mut client, mut server) = connection(Duration::from_millis(200)).await;
    client.write_all(b"x").await.unwrap();
    server.read_exact(&mut [0]).await.unwrap();
    client.write_all(b"y").await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut text = Vec::new();
    let error = server.read_to_end(&mut text).await.unwrap_err();
    assert_eq!((error.kind(), text), (io::ErrorKind::TimedOut, Vec::new()));
}

#[tokio::test]
async fn what_is_said_to_a_header_that_cannot_be_read_is_replaced_and_nothing_else_is() {
    for (done, expected) in [(false, "ours"), (true, "HTTP/1.1 400 Bad Request\r\n\r\n")] {
        let (mut client, mut server) = connection(Duration::from_secs(5)).await;
        let digest = server.get_proxy_digest().unwrap();
        let clock = digest.user_data.as_ref().unwrap().downcast_ref::<Arc<HeaderClock>>().unwrap();
        client.write_all(b"x").await.unwrap();
        server.read_exact(&mut [0]).await.unwrap();
        if done {
            clock.header_done();
        }
        server.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        server.flush().await.unwrap();
        drop(digest);
        drop(server);
        let mut read = String::new();
        client.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, expected);
    }
}

#[tokio::test]
async fn a_body_may_take_its_time() {
    let (mut client, mut server) = connection(Duration::from_millis(50)).await;
    let digest = server.get_proxy_digest().unwrap();
    let clock = digest.user_data.as_ref().unwrap().downcast_ref::<Arc<HeaderClock>>().unwrap();
    client.write_all(b"header").await.unwrap();
    let mut buf = [0; 6];
    server.read_exact(&mut buf).await.unwrap();
    clock.header_done();
    tokio::time::sleep(Duration::from_millis(120)).await;
    client.write_all(b"body").await.unwrap();
    let mut buf = [0; 4];
    server.read_exact(&mut buf).await.unwrap();
    assert_eq!(&buf, b"body");
}

#[tokio::test]
async fn looking_for_http_2_takes_nothing_away_and_does_not_wait_for_more_than_it_needs() {
    for text in ["GET / HTTP/1.0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore", "PRIx"] {
        let (mut client, mut server) = connection(Duration::from_secs(5)).await;
        client.write_all(text.as_bytes()).await.unwrap();
        let mut buf = [0; H2_PREFACE.len()];
        let peeked = tokio::time::timeout(Duration::from_secs(2), server.try_peek(&mut buf)).await;
        assert!(peeked.unwrap().unwrap());
        assert_eq!(buf == *H2_PREFACE, text.ends_with("more"), "{text}");
        drop(client);
        let mut read = String::new();
        server.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, text);
    }
}

#[tokio::test]
async fn a_connection_that_says_nothing_ends_when_the_gateway_stops_and_a_request_is_still_read() {
    for text in ["", "GET / HTTP/1.0\r\n\r\n"] {
        let (mut client, mut server, stop) = stoppable(Duration::from_secs(5)).await;
        client.write_all(text.as_bytes()).await.unwrap();
        stop.send(true).unwrap();
        let peeked = server.try_peek(&mut [0; H2_PREFACE.len()]).await;
        assert_eq!(peeked.is_ok(), !text.is_empty(), "{peeked:?}");
    }
}

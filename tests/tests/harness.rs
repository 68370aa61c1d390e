//! Is the harness itself to be believed? It talks to its own upstream here, without a gateway between.

use jsonwebtoken::{DecodingKey, Validation, decode};
use portreeve_tests::apps::{express_expenses, fastapi_contacts};
use portreeve_tests::{Answer, Issuer, KeyKind, Request, SigningKey, Upstream, client};
use serde_json::{Value, json};

#[test]
fn an_upstream_sees_the_very_bytes_that_the_client_sent() {
    let upstream = Upstream::echo();
    let request =
        Request::new("PATCH", "/a/../b%2f?x=1").header("X_One", "1").header("x-one", "2").body(b"hello");
    let reply = request.send(upstream.port());

    let seen = upstream.only();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("PATCH", "/a/../b%2f?x=1"));
    assert_eq!((seen.header("x_one"), seen.header("x-one")), (Some("1"), Some("2")));
    assert_eq!(seen.body, b"hello");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["target"], "/a/../b%2f?x=1");
}

#[test]
fn chunks_are_joined_in_both_directions() {
    let body =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".to_vec();
    let upstream = Upstream::answering(move |_| Answer::Raw(body.clone()));
    let sent =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwxyz\r\n0\r\nX-End: 1\r\n\r\n";
    let reply = client::send_raw(upstream.port(), sent.as_bytes());

    assert_eq!(upstream.only().body, b"wxyz");
    assert_eq!(reply.text(), "abcde");
}

#[test]
fn a_connection_closed_without_an_answer_is_a_reply_of_status_0() {
    let upstream = Upstream::answering(|_| Answer::Raw(Vec::new()));
    assert_eq!(Request::get("/").send(upstream.port()).status, 0);
}

#[test]
fn tokens_verify_against_the_key_set_of_their_issuer_only() {
    for kind in [KeyKind::Rsa, KeyKind::P256] {
        let issuer = Issuer::of("https://idp.test", "tests", SigningKey::make(kind, "a"));
        let other = Issuer::of("https://idp.test", "tests", SigningKey::make(kind, "a"));
        let token = issuer.token("sally", &["user"], &json!({ "department": "SALES" }));

        let verify = |issuer: &Issuer| {
            let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(issuer.jwks()).unwrap();
            let mut rules = Validation::new(issuer.key().header().alg);
            rules.set_audience(&["tests"]);
            decode::<Value>(&token, &DecodingKey::from_jwk(&set.keys[0]).unwrap(), &rules)
        };
        assert_eq!(verify(&issuer).unwrap().claims["department"], "SALES");
        assert!(verify(&other).is_err(), "{kind:?}");
    }
}

/// The claim of the examples: the services themselves refuse nobody anything.
#[test]
fn the_example_services_do_for_anybody_what_anybody_asks() {
    let contacts = fastapi_contacts();
    let renamed = json!({ "first_name": "Nicholas", "owner_id": "4" });
    assert_eq!(Request::new("PUT", "/contacts/1").json(&renamed).send(contacts.port()).status, 200);
    assert_eq!(Request::get("/contacts/1").send(contacts.port()).json()["owner_id"], "4");
    assert_eq!(Request::new("DELETE", "/contacts/1").send(contacts.port()).status, 200);
    assert_eq!(Request::get("/contacts").send(contacts.port()).json().as_array().unwrap().len(), 4);

    let expenses = express_expenses();
    let approved = Request::new("POST", "/api/expenses/expense3/approve").send(expenses.port());
    assert_eq!(approved.json()["expense"]["status"], "APPROVED");
    assert_eq!(Request::new("DELETE", "/api/expenses/expense4").send(expenses.port()).status, 200);
    assert_eq!(Request::get("/api/expenses").send(expenses.port()).json().as_array().unwrap().len(), 4);
}

use super::*;
use crate::{Chain, test_request::TestRequest};
use argon2::{Params, PasswordHasher};

fn argon(password: &str) -> Secret {
    let params = Params::new(64, 1, 1, None).unwrap();
    let argon = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    Secret::new(argon.hash_password(password.as_bytes()).unwrap().to_string())
}

fn user(name: &str, hash: Secret) -> BasicUser {
    BasicUser { name: name.into(), hash, profile: Profile::named(name) }
}

fn config(users: Vec<BasicUser>) -> BasicConfig {
    let (throttle, cache) = (ThrottleConfig::default(), CacheConfig::default());
    BasicConfig { name: "staff".into(), users, realm: "acme".into(), throttle, cache }
}

fn chain(config: BasicConfig) -> Chain {
    Chain::new([Arc::new(Basic::new(config).unwrap()) as Arc<dyn Authenticator>])
}

async fn ask(chain: &Chain, credential: &str, peer: &str, seconds: u64) -> String {
    let value = format!("Basic {}", STANDARD.encode(credential));
    let request = TestRequest::new(&[("authorization", &value)]).from(peer).at(seconds);
    match chain.authenticate(&request.presented()).await {
        Ok(identity) => identity.subject.to_string(),
        Err(refused) => refused.rejection.to_string(),
    }
}

const WRONG: &str = "credential is not valid: basic/wrong";

#[tokio::test]
async fn name_and_password_are_compared_whole_and_with_either_kind_of_hash() {
    let bcrypted = |password: &str| Secret::new(bcrypt::hash(password, 4).unwrap());
    let long = "p".repeat(72);
    let users =
        vec![user("alice", argon("pa:ss")), user("bob", bcrypted("secret")), user("carol", bcrypted(&long))];
    let chain = chain(config(users));
    for (credential, expected) in [
        ("alice:pa:ss", "alice"),
        ("bob:secret", "bob"),
        ("alice:pa", WRONG),
        ("alice:", WRONG),
        ("Alice:pa:ss", WRONG),
        ("alice :pa:ss", WRONG),
        ("nobody:pa:ss", WRONG),
        (&format!("carol:{long}"), "carol"),
        (&format!("carol:{long}x"), WRONG),
        ("alice", "credential is not valid: basic/malformed"),
        (&format!("alice:{}", "x".repeat(1 << 20)), "credential is not valid: basic/too-long"),
    ] {
        assert_eq!(ask(&chain, credential, "192.0.2.1", 0).await, expected, "{credential:.40}");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_by_peer_and_by_user_and_knowing_is_not() {
    let chain = chain(config(vec![user("alice", argon("a")), user("bob", argon("b"))]));
    assert_eq!(ask(&chain, "bob:b", "192.0.2.1", 0).await, "bob");
    for index in 0..10 {
        assert_eq!(ask(&chain, &format!("alice:{index}"), "192.0.2.1", 0).await, WRONG);
    }
    assert_eq!(ask(&chain, "alice:a", "192.0.2.9", 0).await, "too many attempts");
    assert_eq!(ask(&chain, "other:x", "192.0.2.1", 0).await, "too many attempts");
    assert_eq!(ask(&chain, "bob:b", "192.0.2.1", 0).await, "bob", "remembered");
    assert_eq!(ask(&chain, "bob:b", "192.0.2.9", 0).await, "bob");
    assert_eq!(ask(&chain, "alice:a", "192.0.2.1", 60).await, "alice");
}

#[tokio::test]
async fn a_password_is_hashed_once_while_it_is_remembered() {
    let basic = Basic::new(config(vec![user("alice", argon("a"))])).unwrap();
    let value = format!("Basic {}", STANDARD.encode("alice:a"));
    for seconds in [0, 1, 299, 300] {
        let request = TestRequest::new(&[("authorization", &value)]).at(seconds);
        let credential = basic.find(&request.presented()).unwrap();
        if basic.recall(&credential, &request.presented()).is_none() {
            assert!(basic.verify(credential, &request.presented()).await.is_ok());
        }
    }
    assert_eq!(basic.figures(), CacheFigures { hits: 2, misses: 2, entries: 1 });
}

#[test]
fn what_is_not_a_hash_and_who_is_not_one_user_are_flaws() {
    let codes =
        |users| Basic::new(config(users)).unwrap_err().iter().map(|flaw| flaw.code).collect::<Vec<_>>();
    assert_eq!(codes(vec![]), ["basic/no-user"]);
    assert_eq!(codes(vec![user("alice", Secret::new("plain"))]), ["basic/hash"]);
    assert_eq!(codes(vec![user("alice", Secret::new("$2b$xx$short"))]), ["basic/hash"]);
    assert_eq!(codes(vec![user("a:b", argon("x"))]), ["basic/name"]);
    assert_eq!(codes(vec![user("a", argon("x")), user("a", argon("y"))]), ["basic/twice"]);
}

#[test]
fn nothing_of_a_password_is_printed() {
    let basic = Basic::new(config(vec![user("alice", argon("a"))])).unwrap();
    assert!(!format!("{basic:?} {:?}", basic.config).contains("argon2"));
}

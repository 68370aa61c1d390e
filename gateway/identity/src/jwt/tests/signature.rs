//! Who signed it, and with what.

use super::*;

#[tokio::test]
async fn a_token_of_every_algorithm_is_verified_and_a_changed_one_is_not() {
    for algorithm in Algorithm::ALL {
        let key = TestKey::new(algorithm, "k");
        let jwt = if algorithm.is_symmetric() {
            install_tls_provider();
            Jwt::new(config(KeySource::Secret(Secret::new(key.secret())), &[algorithm])).unwrap()
        } else {
            trusting(&[&key], |_| ())
        };
        let token = key.token(&claims());
        assert_eq!(outcome(&jwt, &token).await, "alice", "{algorithm}");
        let forged = key.token(&with(json!({"sub": "mallory"})));
        let (forged, signature) = (forged.rsplit_once('.').unwrap().0, token.rsplit_once('.').unwrap().1);
        assert_eq!(outcome(&jwt, &format!("{forged}.{signature}")).await, "jwt/signature", "{algorithm}");
        let empty = format!("{}.", token.rsplit_once('.').unwrap().0);
        assert_eq!(outcome(&jwt, &empty).await, "jwt/signature", "{algorithm}");
        let zero = format!("{}.{}", token.rsplit_once('.').unwrap().0, base64([0; 64]));
        assert_eq!(outcome(&jwt, &zero).await, "jwt/signature", "{algorithm}");
    }
}

#[tokio::test]
async fn another_library_signs_the_tokens_that_are_verified_here() {
    let key = TestKey::new(Algorithm::HS256, "k");
    install_tls_provider();
    let jwt = Jwt::new(config(KeySource::Secret(Secret::new(key.secret())), &[Algorithm::HS256])).unwrap();
    let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
    let secret = jsonwebtoken::EncodingKey::from_secret(key.secret());
    let token = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
    assert_eq!(outcome(&jwt, &token).await, "alice");
}

#[tokio::test]
async fn the_algorithm_is_the_issuers_and_the_keys_never_the_tokens() {
    let key = TestKey::new(Algorithm::RS256, "k");
    let jwt = trusting(&[&key], |_| ());
    let body = claims().to_string();
    for alg in [
        "\"none\"",
        "\"None\"",
        "\"nOnE\"",
        "\"\"",
        "[\"RS256\"]",
        "\"RS384\"",
        "\"rs256\"",
        "\"HS256\"",
        "null",
    ] {
        let header = format!(r#"{{"alg":{alg},"kid":"k"}}"#);
        let unsigned = format!("{}.{}.", base64(&header), base64(&body));
        for token in [unsigned, key.sign(&header, &body)] {
            assert_eq!(outcome(&jwt, &token).await, "jwt/algorithm", "{alg}");
        }
    }
    assert_eq!(outcome(&jwt, &key.sign(r#"{"kid":"k"}"#, &body)).await, "jwt/algorithm");
}

#[tokio::test]
async fn a_public_key_is_never_a_secret() {
    // 5.2: signed as HS256 with the public key, in each spelling an attacker would try.
    let key = TestKey::new(Algorithm::RS256, "k");
    let jwt = trusting(&[&key], |_| ());
    for secret in [key.jwk().to_string(), key.jwk()["n"].as_str().unwrap().to_owned()] {
        let header = jsonwebtoken::Header { kid: Some("k".into()), ..Default::default() };
        let secret = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
        let token = jsonwebtoken::encode(&header, &claims(), &secret).unwrap();
        assert_eq!(outcome(&jwt, &token).await, "jwt/algorithm");
    }
    // And a configuration that would allow it is not taken.
    let mut wrong = config(KeySource::Inline("{}".into()), &[Algorithm::RS256, Algorithm::HS256]);
    let codes = |config: &JwtConfig| config.flaws().iter().map(|flaw| flaw.code).collect::<Vec<_>>();
    assert_eq!(codes(&wrong), ["jwt/secret-for-algorithm"]);
    wrong.issuers[0].keys = KeySource::Secret(Secret::new([7; 32]));
    assert_eq!(codes(&wrong), ["jwt/algorithm-for-secret"]);
}

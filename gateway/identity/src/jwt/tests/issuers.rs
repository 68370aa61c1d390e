//! Whose it is, where there are several.

use super::*;

#[tokio::test]
async fn several_issuers_each_have_their_own_keys() {
    let (a, b) = (TestKey::new(Algorithm::ES256, "k"), TestKey::new(Algorithm::RS256, "k"));
    let second = Issuer {
        issuer: Some("b".into()),
        ..issuer(KeySource::Inline(jwks(&[&b]).to_string().into()), &[Algorithm::RS256])
    };
    let jwt = trusting(&[&a], |config| config.issuers.push(second));
    assert_eq!(outcome(&jwt, &a.token(&claims())).await, "alice");
    assert_eq!(outcome(&jwt, &b.token(&with(json!({"iss": "b"})))).await, "alice");
    assert_eq!(outcome(&jwt, &b.token(&claims())).await, "jwt/algorithm");
    assert_eq!(outcome(&jwt, &a.token(&with(json!({"iss": "b"})))).await, "jwt/algorithm");
    assert_eq!(outcome(&jwt, &b.token(&with(json!({"iss": "c"})))).await, "jwt/issuer");
}

#[tokio::test]
async fn in_a_chain_a_token_goes_to_the_authenticator_of_its_issuer_and_to_no_other() {
    let (a, b) = (TestKey::new(Algorithm::ES256, "k"), TestKey::new(Algorithm::ES256, "k"));
    let other = trusting(&[&b], |config| {
        config.issuers[0].issuer = Some("b".into());
        config.name = "b".into();
    });
    let chain = Chain::new([Arc::new(trusting(&[&a], |_| ())) as Arc<dyn Authenticator>, Arc::new(other)]);
    let ask = async |token: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
        let (path, query, headers) = ("/", "", &headers);
        let presented = Presented {
            method: &Method::GET,
            path,
            query,
            headers,
            certificate: None,
            peer: None,
            now: now(),
        };
        match chain.authenticate(&presented).await {
            Ok(identity) => identity.authenticator.to_string(),
            Err(refused) => format!("{:?} {}", refused.authenticator, refused.rejection),
        }
    };
    assert_eq!(ask(&a.token(&claims())).await, "idp");
    assert_eq!(ask(&b.token(&with(json!({"iss": "b"})))).await, "b");
    assert_eq!(ask(&b.token(&claims())).await, "Some(\"idp\") credential is not valid: jwt/signature");
    assert_eq!(
        ask(&a.token(&with(json!({"iss": "c"})))).await,
        "None credential is not valid: chain/unclaimed"
    );
    assert_eq!(ask("opaque").await, "None credential is not valid: chain/unclaimed");
}

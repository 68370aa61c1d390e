//! What it says, and whether that is enough.

use super::*;

#[tokio::test]
async fn what_a_genuine_token_says_becomes_the_caller() {
    let key = TestKey::new(Algorithm::ES256, "k");
    let jwt = trusting(&[&key], |_| ());
    let identity = ask_at(&jwt, &key.token(&claims()), now()).await.unwrap();
    assert_eq!((&*identity.subject, &*identity.issuer, &*identity.authenticator), ("alice", ISSUER, "idp"));
    assert_eq!(identity.roles.iter().map(|role| &**role).collect::<Vec<_>>(), ["admin", "user"]);
    assert_eq!(identity.expires_at, Some(at(60)));
    let nobody = ask_at(&jwt, &key.token(&without("roles")), now()).await.unwrap();
    assert_eq!(&*nobody.roles[0], "authenticated");
}

#[tokio::test]
async fn times_are_numbers_and_expiry_is_there() {
    let key = TestKey::new(Algorithm::ES256, "k");
    let jwt = trusting(&[&key], |_| ());
    let cases = [
        (without("exp"), "jwt/no-expiry"),
        (with(json!({"exp": (NOW + 60).to_string()})), "jwt/malformed-time"),
        (with(json!({"exp": true})), "jwt/malformed-time"),
        (with(json!({"exp": null})), "jwt/malformed-time"),
        (with(json!({"exp": -1})), "jwt/malformed-time"),
        (with(json!({"exp": 1e300})), "jwt/malformed-time"),
        (with(json!({"exp": u64::MAX})), "jwt/malformed-time"),
        (with(json!({"exp": NOW as f64 + 0.5})), "alice"),
        (with(json!({"exp": NOW - 29})), "alice"),
        (with(json!({"exp": NOW - 30})), "jwt/expired"),
        (with(json!({"nbf": NOW + 30})), "alice"),
        (with(json!({"nbf": NOW + 31})), "jwt/not-yet-valid"),
        (with(json!({"nbf": "0"})), "jwt/malformed-time"),
        (with(json!({"iat": NOW + 31})), "jwt/issued-in-the-future"),
        (with(json!({"iat": []})), "jwt/malformed-time"),
    ];
    for (claims, expected) in cases {
        assert_eq!(outcome(&jwt, &key.token(&claims)).await, expected, "{claims}");
    }
    let header = r#"{"alg":"ES256","kid":"k"}"#;
    let huge = claims().to_string().replace(&(NOW + 60).to_string(), "1e400");
    assert_eq!(outcome(&jwt, &key.sign(header, &huge)).await, "jwt/malformed-claims");
}

#[tokio::test]
async fn issuer_audience_and_subject_are_exact() {
    let key = TestKey::new(Algorithm::ES256, "k");
    let jwt = trusting(&[&key], |_| ());
    let cases = [
        (without("iss"), "jwt/issuer"),
        (with(json!({"iss": "https://idp.test"})), "jwt/issuer"),
        (with(json!({"iss": "https://IDP.test/"})), "jwt/issuer"),
        (with(json!({"iss": [ISSUER]})), "jwt/issuer"),
        (without("aud"), "jwt/audience"),
        (with(json!({"aud": []})), "jwt/audience"),
        (with(json!({"aud": ""})), "jwt/audience"),
        (with(json!({"aud": "ap"})), "jwt/audience"),
        (with(json!({"aud": "api2"})), "jwt/audience"),
        (with(json!({"aud": "API"})), "jwt/audience"),
        (with(json!({"aud": ["other", "api"]})), "alice"),
        (with(json!({"aud": {"api": 1}})), "jwt/malformed-audience"),
        (with(json!({"aud": ["api", 1]})), "jwt/malformed-audience"),
        (with(json!({"sub": null})), "jwt/subject"),
        (with(json!({"sub": 7})), "jwt/subject"),
        (with(json!({"sub": ""})), "jwt/subject"),
        (without("sub"), "principal/no-id"),
        (with(json!({"roles": "admin,user"})), "principal/roles-not-a-list-of-text"),
        (with(json!({"roles": [1]})), "principal/roles-not-a-list-of-text"),
    ];
    for (claims, expected) in cases {
        assert_eq!(outcome(&jwt, &key.token(&claims)).await, expected, "{claims}");
    }
    let all = trusting(&[&key], |config| {
        config.issuers[0].audience = Audience::AllOf(vec!["api".into(), "web".into()]);
    });
    assert_eq!(outcome(&all, &key.token(&claims())).await, "jwt/audience");
    assert_eq!(outcome(&all, &key.token(&with(json!({"aud": ["web", "x", "api"]})))).await, "alice");
}

#[tokio::test]
async fn tokens_made_for_something_else_are_refused() {
    let key = TestKey::new(Algorithm::ES256, "k");
    let jwt = trusting(&[&key], |_| ());
    for (claims, expected) in [
        (with(json!({"token_use": "id"})), "jwt/not-an-access-token"),
        (with(json!({"token_use": "refresh_token"})), "jwt/not-an-access-token"),
        (with(json!({"token_use": "access"})), "alice"),
        (with(json!({"typ": "Refresh"})), "jwt/not-an-access-token"),
        (with(json!({"typ": "ID"})), "jwt/not-an-access-token"),
        (with(json!({"typ": "Bearer"})), "alice"),
        (with(json!({"at_hash": "x"})), "jwt/not-an-access-token"),
    ] {
        assert_eq!(outcome(&jwt, &key.token(&claims)).await, expected, "{claims}");
    }
    for (typ, expected) in [
        ("\"at+jwt\"", "alice"),
        ("\"application/AT+JWT\"", "alice"),
        ("\"jwt\"", "alice"),
        ("\"logout+jwt\"", "jwt/typ"),
        ("\"dpop+jwt\"", "jwt/typ"),
        ("[\"JWT\"]", "jwt/typ"),
    ] {
        let header = format!(r#"{{"alg":"ES256","kid":"k","typ":{typ}}}"#);
        assert_eq!(outcome(&jwt, &key.sign(&header, &claims().to_string())).await, expected, "{typ}");
    }
}

#[tokio::test]
async fn age_lifetime_claims_and_scopes_are_required_where_configured() {
    let key = TestKey::new(Algorithm::ES256, "k");
    let aged = trusting(&[&key], |config| config.max_age = Some(Duration::from_secs(600)));
    let long = |iat: u64| with(json!({"iat": iat, "exp": NOW + 9_000}));
    assert_eq!(outcome(&aged, &key.token(&long(NOW - 629))).await, "alice");
    assert_eq!(outcome(&aged, &key.token(&long(NOW - 630))).await, "jwt/too-old");
    assert_eq!(outcome(&aged, &key.token(&without("iat"))).await, "jwt/no-issue-time");
    // What is remembered grows old as well.
    let token = key.token(&long(NOW));
    assert!(ask_at(&aged, &token, now()).await.is_ok());
    assert!(ask_at(&aged, &token, at(629)).await.is_ok());
    assert!(ask_at(&aged, &token, at(631)).await.is_err());

    let brief = trusting(&[&key], |config| config.max_lifetime = Some(Duration::from_secs(60)));
    assert_eq!(outcome(&brief, &key.token(&claims())).await, "alice");
    assert_eq!(outcome(&brief, &key.token(&long(NOW))).await, "jwt/lives-too-long");

    let picky = trusting(&[&key], |config| {
        config.required_claims = vec![RequiredClaim { name: "tenant".into(), any_of: vec!["acme".into()] }];
        config.scopes =
            Scopes { required: Box::new(["contacts.read".into()]), strategy: ScopeStrategy::Wildcard };
    });
    for (changes, expected) in [
        (json!({}), "jwt/claim"),
        (json!({"tenant": "evil"}), "jwt/claim"),
        (json!({"tenant": "acme"}), "jwt/scope"),
        (json!({"tenant": "acme", "scope": "contacts.*"}), "alice"),
        (json!({"tenant": ["acme", "b"], "scp": ["contacts.read"]}), "alice"),
        (json!({"tenant": "acme", "scp": 1}), "jwt/malformed-scope"),
    ] {
        assert_eq!(outcome(&picky, &key.token(&with(changes.clone()))).await, expected, "{changes}");
    }
    let insufficient = ask_at(&picky, &key.token(&with(json!({"tenant": "acme"}))), now()).await.unwrap_err();
    assert_eq!(insufficient.status(), 403);
}

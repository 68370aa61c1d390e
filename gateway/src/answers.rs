//! How the gateway answers by itself, where the configuration says so: by route, status, kind of failure and what the
//! caller accepts. `docs/answers.md` is the reference.

mod page;

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use http::{Method, StatusCode};
use portreeve_identity::safe_return;
use portreeve_route_config::Route;
use url::Url;

pub(crate) use page::{Page, Unknown, Values};

/// The rules of one revision, by their names.
#[derive(Debug, Default)]
pub(crate) struct Answers(HashMap<Arc<str>, Arc<[Rule]>>);

/// The rules, replaced whole with each revision.
pub(crate) type LiveAnswers = Arc<ArcSwap<Answers>>;

/// The rules for requests whose route names none, and for those without a route.
pub(crate) const DEFAULT: &str = "default";

/// One way to answer, and when. The first that fits does.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// For what. Empty: for everything.
    pub(crate) on: Vec<On>,
    /// For whom; for both where nothing is said.
    pub(crate) accept: Option<Accept>,
    /// With what.
    pub(crate) what: What,
}

/// What is answered to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    /// A status.
    Status(u16),
    /// All that begin with this digit.
    Class(u16),
    /// A kind of failure: what its code begins with.
    Kind(&'static str),
}

/// What the caller would rather have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accept {
    /// A page: browsers.
    Html,
    /// Anything else.
    Json,
}

/// What is answered with.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// Problem details.
    Problem,
    /// The gateway's own page.
    Plain,
    /// A page of the configuration's.
    Page(Arc<Page>, Option<Login>),
    /// The way to a login. For those who navigate only: nothing else can be sent somewhere and come back.
    Redirect(Login),
}

/// A login somewhere else.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    /// Where.
    pub(crate) to: Url,
    /// The parameter that says where to come back to.
    pub(crate) parameter: Box<str>,
    /// What browsers call the gateway. Without it the parameter has the path alone.
    pub(crate) external: Option<Url>,
}

/// The kinds of failure there are.
pub(crate) const KINDS: [&str; 11] = [
    "request", "route", "identity", "policy", "body", "target", "facts", "mutate", "upstream", "oidc",
    "gateway",
];

/// What is to be answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure<'f> {
    /// The status.
    pub(crate) status: StatusCode,
    /// The code for the record.
    pub(crate) code: &'f str,
    /// What the caller would rather have.
    pub(crate) accept: Accept,
    /// Of the request.
    pub(crate) method: &'f Method,
}

impl Answers {
    /// These rules, by their names.
    pub(crate) fn of(named: impl IntoIterator<Item = (Arc<str>, Vec<Rule>)>) -> Self {
        Self(named.into_iter().map(|(name, rules)| (name, rules.into())).collect())
    }

    /// The rules for requests of a route.
    pub(crate) fn rules(&self, route: Option<&Route>) -> &[Rule] {
        let name = route.and_then(|route| route.answers.as_ref()).map_or(DEFAULT, |name| &name.value);
        self.0.get(name).map(AsRef::as_ref).unwrap_or_default()
    }
}

/// The first rule that fits.
pub(crate) fn choose<'r>(rules: &'r [Rule], failure: &Failure<'_>) -> Option<&'r What> {
    rules.iter().find(|rule| rule.fits(failure)).map(|rule| &rule.what)
}

impl Rule {
    fn fits(&self, failure: &Failure<'_>) -> bool {
        let navigates = [Method::GET, Method::HEAD].contains(failure.method);
        (self.on.is_empty() || self.on.iter().any(|on| on.fits(failure)))
            && self.accept.is_none_or(|accept| accept == failure.accept)
            && (navigates || !matches!(self.what, What::Redirect(_)))
    }
}

impl On {
    fn fits(self, failure: &Failure<'_>) -> bool {
        match self {
            Self::Status(status) => failure.status.as_u16() == status,
            Self::Class(class) => failure.status.as_u16() / 100 == class,
            Self::Kind(kind) => failure.code.split('/').next() == Some(kind),
        }
    }
}

impl Login {
    /// Where to go, with the way back to a path and query of this gateway. What could be read as another site's leads
    /// back to the start.
    pub(crate) fn url(&self, target: &str) -> String {
        let back = safe_return(target).unwrap_or("/");
        let origin = self.external.as_ref().map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        let mut url = self.to.clone();
        url.query_pairs_mut().append_pair(&self.parameter, &format!("{origin}{back}"));
        url.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, code: &'static str, accept: Accept) -> Failure<'static> {
        Failure { status: StatusCode::from_u16(status).unwrap(), code, accept, method: &Method::GET }
    }

    fn login(external: Option<&str>) -> Login {
        let external = external.map(|url| Url::parse(url).unwrap());
        Login { to: Url::parse("https://login.test/in?a=b").unwrap(), parameter: "rt".into(), external }
    }

    #[test]
    fn the_first_rule_that_fits_answers() {
        let rules = [
            Rule { on: vec![On::Status(401)], accept: Some(Accept::Html), what: What::Redirect(login(None)) },
            Rule { on: vec![On::Kind("policy"), On::Class(5)], accept: None, what: What::Problem },
            Rule { on: vec![], accept: Some(Accept::Html), what: What::Plain },
        ];
        let found = |failure: Failure<'_>| match choose(&rules, &failure) {
            Some(What::Redirect(_)) => "redirect",
            Some(What::Problem) => "problem",
            Some(What::Plain) => "plain",
            Some(What::Page(..)) => "page",
            None => "none",
        };
        for (status, code, accept, expected) in [
            (401, "identity/missing", Accept::Html, "redirect"),
            (401, "identity/missing", Accept::Json, "none"),
            (403, "policy/denied", Accept::Html, "problem"),
            (403, "policyx/denied", Accept::Html, "plain"),
            (502, "upstream/broken", Accept::Json, "problem"),
            (404, "route/none", Accept::Html, "plain"),
            (404, "route/none", Accept::Json, "none"),
        ] {
            assert_eq!(found(failure(status, code, accept)), expected, "{status} {code}");
        }
        let post = Failure { method: &Method::POST, ..failure(401, "identity/missing", Accept::Html) };
        assert_eq!(found(post), "plain", "a request with a body cannot come back");
    }

    #[test]
    fn the_way_back_leads_to_this_gateway_and_nowhere_else() {
        for (external, target, expected) in [
            (None, "/a?b=c&d", "https://login.test/in?a=b&rt=%2Fa%3Fb%3Dc%26d"),
            (Some("https://app.test/x"), "/a", "https://login.test/in?a=b&rt=https%3A%2F%2Fapp.test%2Fa"),
            (None, "//evil.test", "https://login.test/in?a=b&rt=%2F"),
            (None, "https://evil.test", "https://login.test/in?a=b&rt=%2F"),
            (
                Some("https://app.test"),
                "@evil.test",
                "https://login.test/in?a=b&rt=https%3A%2F%2Fapp.test%2F",
            ),
            (
                Some("https://app.test"),
                ".evil.test/",
                "https://login.test/in?a=b&rt=https%3A%2F%2Fapp.test%2F",
            ),
        ] {
            assert_eq!(login(external).url(target), expected, "{target}");
        }
    }
}

//! Upstreams: an address and a `Host` each.

use portreeve_diagnostics::Node;

use super::{
    authenticator::{slug, unused},
    notes::{Keys, Notes, is_true},
    yaml::Yaml,
};

/// Where refused requests of rules without an upstream would go.
const NOWHERE: &str = "nowhere";

/// Those that rules use.
#[derive(Debug, Default)]
pub(super) struct Upstreams(Vec<(String, Yaml)>);

impl Upstreams {
    /// All of them.
    pub(super) fn written(&self) -> &[(String, Yaml)] {
        &self.0
    }

    /// The name of a rule's upstream.
    pub(super) fn named(
        &mut self,
        node: Option<&Node>,
        rule: portreeve_diagnostics::Span,
        notes: &mut Notes,
    ) -> String {
        let mut keys = Keys::of(node);
        let written = keys.get("url");
        let preserve = is_true(keys.get("preserve_host")) == Some(true);
        if let Some(node) = keys.get("strip_path")
            && node.as_str().is_some_and(|path| !path.trim_matches('/').is_empty())
        {
            notes.decide(
                "import/strip-path",
                node.span,
                "a path is forwarded as it was judged, and `strip_path` changes it on the way",
                "let the upstream serve the whole path, or match what it serves",
            );
        }
        keys.rest("`upstream`", notes);
        let mut nowhere = |span, message: &str, notes: &mut Notes| {
            let way_out = "name the upstream that requests are forwarded to";
            notes.decide("import/upstream", span, message, way_out);
            self.nowhere()
        };
        let Some(text) = written.and_then(Node::as_str) else {
            let span = node.map_or(rule, |node| node.span);
            let message = "the rule has no upstream: its decisions are asked for and nothing is forwarded";
            return nowhere(span, message, notes);
        };
        let span = written.map_or(rule, |node| node.span);
        let url = url::Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some((url, host)) = url.as_ref().and_then(|url| Some((url, url.host_str()?))) else {
            return nowhere(span, &format!("`{text}` is not a URL of `http` or `https`"), notes);
        };
        if url.path() != "/" || url.query().is_some() {
            let path = url.path();
            let message =
                format!("a path is forwarded as it was judged, and `{path}` would be put before it");
            notes.decide(
                "import/upstream-path",
                span,
                message,
                "let the upstream serve the path that clients ask for",
            );
        }
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let port = url.port_or_known_default().unwrap_or(80);
        let endpoint = format!("{}://{host}:{port}", url.scheme());
        let mut all = vec![("endpoints", Yaml::texts([endpoint]))];
        if !preserve {
            all.push(("host", Yaml::text(authority)));
        }
        let named = matches!(url.host(), Some(url::Host::Domain(_)));
        self.name(&if named { slug(host) } else { "upstream".into() }, Yaml::map(all))
    }

    fn nowhere(&mut self) -> String {
        self.name(NOWHERE, Yaml::map([("endpoints", Yaml::texts(["http://127.0.0.1:9"]))]))
    }

    fn name(&mut self, base: &str, body: Yaml) -> String {
        if let Some((name, _)) = self.0.iter().find(|(_, known)| *known == body) {
            return name.clone();
        }
        let name = unused(base, |name| self.0.iter().any(|(known, _)| known == name));
        self.0.push((name.clone(), body));
        name
    }
}

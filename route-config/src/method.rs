use std::cmp::Ordering;

use http::Method;

/// Which methods a route is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Methods {
    /// These. `GET` answers `HEAD` too, where no route of the same place says `HEAD`.
    Some(Box<[Method]>),
    /// Every method: `ANY` or `*`.
    Any,
}

/// What is wrong with a method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MethodError {
    /// `get`: methods are case-sensitive.
    #[error("methods are upper case")]
    Case(String),
    /// Not a token, or longer than 32 bytes.
    #[error("this is not a method")]
    NotAToken,
}

/// What a route may be asked with; at equal places the first of these wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// The route names the method.
    Named,
    /// The route names `GET` and the request is a `HEAD`.
    HeadByGet,
    /// The route is for every method.
    Any,
}

impl Methods {
    /// Whether the route is for this method.
    #[must_use]
    pub fn matches(&self, method: &Method) -> bool {
        self.fit(method).is_some()
    }

    pub(crate) fn fit(&self, method: &Method) -> Option<Fit> {
        match self {
            Self::Any => Some(Fit::Any),
            Self::Some(methods) if methods.contains(method) => Some(Fit::Named),
            Self::Some(methods) if *method == Method::HEAD && methods.contains(&Method::GET) => {
                Some(Fit::HeadByGet)
            }
            Self::Some(_) => None,
        }
    }

    /// Named methods first, by their text; then every method.
    pub(crate) fn precedence(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Any, Self::Any) => Ordering::Equal,
            (Self::Any, Self::Some(_)) => Ordering::Greater,
            (Self::Some(_), Self::Any) => Ordering::Less,
            (Self::Some(a), Self::Some(b)) => {
                let text = |methods: &[Method]| methods.iter().map(|m| m.to_string()).collect::<Vec<_>>();
                text(a).cmp(&text(b))
            }
        }
    }
}

impl std::fmt::Display for Methods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Any => f.write_str("ANY"),
            Self::Some(methods) => {
                for (index, method) in methods.iter().enumerate() {
                    write!(f, "{}{method}", if index > 0 { "," } else { "" })?;
                }
                Ok(())
            }
        }
    }
}

/// Reads one method of a route; nothing for `ANY` and `*`.
pub(crate) fn read(text: &str) -> Result<Option<Method>, MethodError> {
    if matches!(text, "ANY" | "*") {
        return Ok(None);
    }
    if text.bytes().any(|b| b.is_ascii_lowercase()) && text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Err(MethodError::Case(text.to_ascii_uppercase()));
    }
    if text.len() > 32 || text.contains('/') {
        return Err(MethodError::NotAToken);
    }
    Method::from_bytes(text.as_bytes()).map(Some).map_err(|_| MethodError::NotAToken)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{Fit, MethodError, Methods, read};

    #[test]
    fn a_method_is_read_as_it_is_sent() {
        assert_eq!(read("GET"), Ok(Some(Method::GET)));
        assert_eq!(read("PROPFIND").unwrap().unwrap().as_str(), "PROPFIND");
        assert_eq!(read("ANY"), Ok(None));
        assert_eq!(read("*"), Ok(None));
        assert_eq!(read("get"), Err(MethodError::Case("GET".into())));
        assert_eq!(read("G T"), Err(MethodError::NotAToken));
        assert_eq!(read(""), Err(MethodError::NotAToken));
    }

    #[test]
    fn get_answers_head_and_nothing_else() {
        let get = Methods::Some([Method::GET].into());
        assert_eq!(get.fit(&Method::GET), Some(Fit::Named));
        assert_eq!(get.fit(&Method::HEAD), Some(Fit::HeadByGet));
        assert_eq!(get.fit(&Method::OPTIONS), None);
        assert_eq!(Methods::Any.fit(&Method::HEAD), Some(Fit::Any));
    }
}

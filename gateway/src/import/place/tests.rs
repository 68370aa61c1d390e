use super::*;
use crate::import::pattern::{Strategy, parts};

fn told(url: &str, strategy: Strategy) -> String {
    let found = parts(url, strategy).and_then(|parts| places(&parts));
    let one = |place: &Place| {
        let conditions: String =
            place.conditions.iter().map(|c| format!(" if {} ~ {}", c.value, c.regex)).collect();
        let differs = if place.differs.is_empty() { "" } else { " differs" };
        format!("{}{}{conditions}{differs}", place.host, place.path)
    };
    match found {
        Ok(found) => found.iter().map(one).collect::<Vec<_>>().join(", "),
        Err(why) => format!("no: {why}"),
    }
}

#[test]
fn a_regular_expression_becomes_a_pattern_that_is_never_for_more() {
    for (url, expected) in [
        ("http://a.test/x", "a.test/x"),
        ("https://A.test/x/y", "a.test/x/y"),
        ("http://a.test:8080/x", "a.test/x differs"),
        ("http://a.test/", "a.test/"),
        ("http://a.test/users/<[^/]+>", "a.test/users/{p1}"),
        ("http://a.test/<[^/]+>/x/<[^/]*>", "a.test/{p1}/x/{p2}"),
        ("http://a.test/<.*>", "a.test/{p1*}"),
        ("http://a.test/<.+>", "a.test/{p1}/{p1_rest*}"),
        ("http://a.test/files/<.*>", "a.test/files/{p1}/{p1_rest*}"),
        ("http://a.test/files<(/.*)?>", "a.test/files/{rest*}"),
        ("http://a.test/files<.*>", "a.test/files/{rest*} differs"),
        ("http://a.test/<.*>/x", "a.test/{p1}/x differs"),
        ("http://a.test/<users|groups>/x", "a.test/users/x, a.test/groups/x"),
        ("<https|http>://a.test/x", "a.test/x"),
        ("http<s?>://a.test/x", "a.test/x"),
        (r"<https?>://<a\.test|b\.test>/x", "a.test/x, b.test/x"),
        ("http://<a.test|b.test>/x", "*/x if request.host ~ (?:a.test|b.test) differs"),
        ("http://a.test/x<|y>", "a.test/x, a.test/xy"),
        ("http://a.test/items/<[0-9]+>", "a.test/items/{p1} if path.p1 ~ (?:[0-9]+)"),
        ("http://a.test/v<[0-9]+>/x", "a.test/{p1}/x if path.p1 ~ v(?:[0-9]+)"),
        ("http://a.test/<a|b><[0-9]>", "a.test/{p2} if path.p2 ~ a(?:[0-9])|b(?:[0-9])"),
        ("http://<.*>/x", "*/x differs"),
        ("http://<[^/]+>/x", "*/x"),
        ("<.*>://<.*>/x", "*/x differs"),
        ("<.*>/x", "*/x differs"),
        ("<.*>", "*/{rest*}"),
        ("http://<.*>", "*/{rest*}"),
        ("http://a.test<.*>", "a.test/{rest*} differs"),
        ("http://<.+>.a.test/x", "*.a.test/x differs"),
        ("http://<[^.]+>.a.test/x", "*.a.test/x if request.host ~ (?:[^.]+)\\.a\\.test differs"),
        ("http://<[a-z]+>/x", "*/x if request.host ~ (?:[a-z]+)"),
        ("http://a.test<:[0-9]+>/x", "a.test/x differs"),
        ("http://a.test/a b/{x}", "a.test/a%20b/%7Bx%7D"),
        ("http://a.test/*", "a.test/%2A"),
        ("http://a.test/<(?!admin).*>", "no: `<(?!admin).*>` is more than patterns and conditions can say"),
        ("http://a.test/<a/.*>", "no: `<a/.*>` goes over several segments"),
        (
            "http://a.test/<[0-9]+|new>/<a|b>x<[0-9]>",
            "no: its alternatives are told apart by more than one thing",
        ),
        ("http://a.test/<.*", "no: the `<` and `>` of the pattern are not balanced"),
        ("ftp://a.test/x", "no: its scheme is neither `http` nor `https`"),
        ("/x", "no: it is not the pattern of a URL"),
        ("http:///x", "no: it has no host"),
        (
            "http://a.test//x",
            "no: `//x` is no path: no request is let in with such a path: the path has an empty segment",
        ),
    ] {
        assert_eq!(told(url, Strategy::Regexp), expected, "{url}");
    }
}

#[test]
fn a_glob_becomes_a_pattern_that_is_never_for_more() {
    for (url, expected) in [
        ("http://a.test/<{users,groups}>/x", "a.test/users/x, a.test/groups/x"),
        ("http://a.test/<**>", "a.test/{p1*}"),
        ("http://a.test/files/<**>", "a.test/files/{p1}/{p1_rest*}"),
        ("http://a.test/items/<*>", "a.test/items/{p1} if path.p1 ~ (?:[^./]*)"),
        ("<{http,https}>://a.test/x", "a.test/x"),
        ("http://<*>.a.test/x", "*.a.test/x if request.host ~ (?:[^./]*)\\.a\\.test"),
    ] {
        assert_eq!(told(url, Strategy::Glob), expected, "{url}");
    }
}

#[test]
fn what_is_refused_covers_what_a_pattern_could_be_for() {
    for (url, expected) in [
        ("http://a.test/admin/<(?!x).*>", "a.test/admin/{rest*}"),
        ("http://a.test/admin<a/.*>", "a.test/{rest*}"),
        ("http://a.test/admin", "a.test/admin/{rest*}"),
        ("http://<a/b|c>/admin", "*/{rest*}"),
        ("<a/.*>", "*/{rest*}"),
    ] {
        let (host, path) = covering(url);
        assert_eq!(format!("{host}{path}"), expected, "{url}");
    }
}

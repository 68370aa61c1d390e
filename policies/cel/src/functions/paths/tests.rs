//! What the functions answer, row by row.

use super::*;

#[test]
fn paths_are_taken_apart_in_their_own_style() {
    for (path, base_name, parent, suffix, volume_name) in [
        ("", Some("."), Some("."), Some("."), ""),
        ("/", Some("/"), Some("/"), Some(""), ""),
        ("//", Some("/"), Some("/"), Some(""), ""),
        ("/a", Some("a"), Some("/"), Some(""), ""),
        ("/a/", Some("a"), Some("/"), Some(""), ""),
        ("a", Some("a"), Some("."), Some(""), ""),
        ("a/", Some("a"), Some("."), Some(""), ""),
        ("a/b", Some("b"), Some("a"), Some(""), ""),
        ("/a/b", Some("b"), Some("/a"), Some(""), ""),
        ("/a/b/", Some("b"), Some("/a"), Some(""), ""),
        ("/a//b", Some("b"), Some("/a"), Some(""), ""),
        ("/a/./b", Some("b"), Some("/a"), Some(""), ""),
        ("/a/../b", Some("b"), Some("/"), Some(""), ""),
        ("../a", Some("a"), Some(".."), Some(""), ""),
        ("..", Some(".."), Some("."), Some("."), ""),
        (".", Some("."), Some("."), Some("."), ""),
        ("./a", Some("a"), Some("."), Some(""), ""),
        ("/..", Some("/"), Some("/"), Some(""), ""),
        ("/../a", Some("a"), Some("/"), Some(""), ""),
        ("a/..", Some("."), Some("."), Some("."), ""),
        ("a/../..", Some(".."), Some("."), Some("."), ""),
        ("/a/b.tar.gz", Some("b.tar.gz"), Some("/a"), Some(".gz"), ""),
        ("/a/.hidden", Some(".hidden"), Some("/a"), Some(".hidden"), ""),
        (".hidden", Some(".hidden"), Some("."), Some(".hidden"), ""),
        ("a.", Some("a."), Some("."), Some("."), ""),
        ("/a.b/c", Some("c"), Some("/a.b"), Some(""), ""),
        ("C:", Some("C:"), Some("C:\\"), Some(""), "C:"),
        ("C:\\", Some("C:"), Some("C:\\"), Some(""), "C:"),
        ("C:/", None, None, None, "C:"),
        ("C:\\a", Some("a"), Some("C:"), Some(""), "C:"),
        ("C:\\a\\b.txt", Some("b.txt"), Some("C:\\a"), Some(".txt"), "C:"),
        ("C:/a/b", None, None, None, "C:"),
        ("c:\\a\\..\\b", Some("b"), Some("c:"), Some(""), "c:"),
        ("C:a", None, None, None, "C:"),
        ("\\\\srv", Some("srv"), Some("\\"), Some(""), ""),
        ("\\\\srv\\share", Some("share"), Some("\\\\srv\\share"), Some(""), "\\\\srv\\share"),
        ("\\\\srv\\share\\", Some("share"), Some("\\\\srv"), Some(""), "\\\\srv\\share"),
        ("\\\\srv\\share\\a", Some("a"), Some("\\\\srv\\share"), Some(""), "\\\\srv\\share"),
        (
            "\\\\srv\\share\\a\\b.txt",
            Some("b.txt"),
            Some("\\\\srv\\share\\a"),
            Some(".txt"),
            "\\\\srv\\share",
        ),
        ("\\\\", Some("/"), Some("\\"), Some(""), ""),
        ("\\a", Some("a"), Some(""), Some(""), ""),
        ("a\\b", Some("b"), Some("a"), Some(""), ""),
        ("a\\b\\c.txt", Some("c.txt"), Some("a\\b"), Some(".txt"), ""),
        ("\\", Some("/"), Some(""), Some(""), ""),
        ("a\\", Some("a"), None, Some(""), ""),
        ("\\\\srv\\share\\..\\x", Some("x"), Some("\\\\srv"), Some(""), "\\\\srv\\share"),
        ("1:\\a", Some("a"), Some("1:"), Some(""), ""),
        ("C:\\a\\", Some("a"), Some("C:"), Some(""), "C:"),
        ("\\\\\\a", Some("a"), Some("\\\\a"), Some(""), ""),
    ] {
        assert_eq!(base(path).ok().as_deref(), base_name, "base of {path}");
        assert_eq!(dir(path).ok().as_deref(), parent, "dir of {path}");
        assert_eq!(extension(path).ok().as_deref(), suffix, "extension of {path}");
        assert_eq!(volume(path), volume_name, "volume of {path}");
    }
}

#[test]
fn elements_join_in_the_style_of_the_first() {
    let cases: [(&[&str], Option<&str>); 22] = [
        (&[], Some("")),
        (&["a"], Some("a")),
        (&["a/"], Some("a/")),
        (&["a", "b"], Some("a/b")),
        (&["a", "/b", "../c"], Some("a/c")),
        (&["/a", "b"], Some("/a/b")),
        (&["C:\\a", "b"], Some("C:\\a\\b")),
        (&["C:\\a", "b/c"], Some("C:\\a\\b\\c")),
        (&["C:\\a", "\\b", "..", "d"], Some("C:\\a\\d")),
        (&["\\\\srv\\share", "a"], Some("\\\\srv\\share\\a")),
        (&["a", "C:\\b"], Some("a/C:/b")),
        (&["a\\b", "c"], Some("a\\b\\c")),
        (&["/a", "c\\d"], Some("/a/c/d")),
        (&["", ""], Some(".")),
        (&["", "a"], Some("a")),
        (&["a", ""], Some("a")),
        (&["", "/a"], Some("a")),
        (&["/", "..", "a"], Some("/a")),
        (&["C:\\", ".."], Some("")),
        (&["C:", "..", "..", "x"], Some("x")),
        (&["C:/a"], Some("C:/a")),
        (&["a", "C:/a"], None),
    ];
    for (elements, joined) in cases {
        assert_eq!(join(elements).ok().as_deref(), joined, "{elements:?}");
    }
}

#[test]
fn ways_lead_from_one_path_to_another() {
    for (from, to, way) in [
        ("/a/b", "/a/c", Some("../c")),
        ("/a", "/a", Some(".")),
        ("/a", "b", None),
        ("a", "/b", None),
        ("/a", "/a/b/c", Some("b/c")),
        ("/a/b/c", "/a", Some("../..")),
        ("a", "b", Some("../b")),
        ("..", "a", None),
        ("a", "..", Some("../..")),
        ("../a", "../b", Some("../b")),
        (".", "a", Some("a")),
        ("a", ".", Some("..")),
        ("C:\\a", "C:\\a\\b", Some("b")),
        ("C:\\a", "D:\\a", Some("..\\..\\D:\\a")),
        ("C:\\a", "/a", Some("../../a")),
        ("\\\\s\\h", "\\\\s\\h\\a\\b", Some("a\\b")),
        ("\\\\s\\h\\a", "\\\\s\\h\\b", Some("..\\b")),
        ("C:\\a", "a", None),
        ("a\\b", "a\\c", Some("..\\c")),
        ("/", "/a", Some("a")),
        ("/a", "/", Some("..")),
        ("", "a", Some("a")),
        ("a", "", Some("..")),
        ("C:\\a\\b", "C:\\a", Some("..")),
        ("C:\\A", "C:\\a\\b", Some("..\\a\\b")),
        ("/a", "\\a", Some(".")),
        ("/ab", "/a", Some("../a")),
        ("/a", "/ab", Some("../ab")),
        ("C:/a", "b", None),
    ] {
        assert_eq!(relative(from, to).ok().as_deref(), way, "{from} {to}");
    }
}

#[test]
fn prefixes_are_whole_elements() {
    for (path, prefix, expected) in [
        ("/a/c", "/a/b", Some(false)),
        ("/a", "/a", Some(true)),
        ("b", "/a", None),
        ("/b", "a", None),
        ("/a/b/c", "/a", Some(true)),
        ("/a", "/a/b/c", Some(false)),
        ("b", "a", Some(false)),
        ("a", "..", None),
        ("..", "a", Some(false)),
        ("../b", "../a", Some(false)),
        ("a", ".", Some(true)),
        (".", "a", Some(false)),
        ("C:\\a\\b", "C:\\a", Some(true)),
        ("D:\\a", "C:\\a", Some(false)),
        ("/a", "C:\\a", Some(false)),
        ("\\\\s\\h\\a\\b", "\\\\s\\h", Some(true)),
        ("\\\\s\\h\\b", "\\\\s\\h\\a", Some(false)),
        ("a", "C:\\a", None),
        ("a\\c", "a\\b", Some(false)),
        ("/a", "/", Some(true)),
        ("/", "/a", Some(false)),
        ("a", "", Some(true)),
        ("", "a", Some(false)),
        ("C:\\a", "C:\\a\\b", Some(false)),
        ("C:\\a\\b", "C:\\A", Some(false)),
        ("\\a", "/a", Some(false)),
        ("/a", "/ab", Some(false)),
        ("/ab", "/a", Some(false)),
        ("/a/.hidden", "/a", Some(false)),
        ("/a", "/a/", Some(false)),
        ("/a/../b", "/a", Some(false)),
        ("/a/%2e%2e/b", "/a", Some(true)),
        ("/a//b", "/a", Some(true)),
        ("/a/b/.h", "/a", Some(true)),
        ("/a/..b", "/a", Some(false)),
        ("/a/b", "/", Some(true)),
        ("/a", "", None),
        ("C:/a", "C:/a", Some(true)),
        ("", "", Some(true)),
        ("/a/b", "C:/a", None),
    ] {
        assert_eq!(has_prefix(path, prefix).ok(), expected, "{path} {prefix}");
    }
}

#[test]
fn stars_stay_within_an_element() {
    for (path, glob, expected) in [
        ("/a/b", "/a/*", Some(true)),
        ("/a/b/c", "/a/*", Some(false)),
        ("/a/b/c", "/a/**", Some(false)),
        ("/a/b", "/a/**", Some(true)),
        ("/a/b", "/a/?", Some(true)),
        ("/a/b", "/a/[a-c]", Some(true)),
        ("/a/b", "/a/[^a]", Some(true)),
        ("/a/b", "/a/[!a]", Some(false)),
        ("/a/b", "/a/[", None),
        ("/a/b", "/x/[", None),
        ("/a/b", "/a/\\b", Some(true)),
        ("/a/*", "/a/\\*", Some(true)),
        ("/a/b", "/a/[]a]", None),
        ("/a/b", "/a/{b,c}", Some(false)),
        ("/a/B", "/a/b", Some(false)),
        ("/a/.b", "/a/*", Some(true)),
        ("C:\\a\\b.txt", "C:\\a\\*.txt", Some(true)),
        ("C:\\a\\b.txt", "C:/a/*.txt", None),
        ("/a/", "/a", Some(true)),
        ("/a", "/a/", Some(true)),
        ("/a/b", "/a/./b", Some(true)),
        ("/a/../b", "/b", Some(true)),
        ("/a/b", "/a/x/../*", Some(true)),
        ("a", "*", Some(true)),
        ("", "", Some(true)),
        ("", ".", Some(true)),
        ("", "*", Some(true)),
        ("/a/b-", "/a/[a-]", None),
        ("/a/b", "/a/[b-a]", Some(false)),
        ("/a/é", "/a/?", Some(true)),
        ("/a/b", "/a/b[-]", None),
        ("/a/b", "/*/b", Some(true)),
        ("/a/bcb", "/a/*b", Some(true)),
        ("/a/bbc", "/a/*b*c", Some(true)),
        ("/a/b", "/a/b*[", None),
        ("/a/b", "/a[^x]b", Some(true)),
        ("ab", "a*b*", Some(true)),
        ("abc", "a*[b]c", Some(true)),
        ("a]b", "a]b", Some(true)),
        ("a/b", "a?b", Some(false)),
    ] {
        assert_eq!(matches(path, glob).ok(), expected, "{path} {glob}");
    }
}

#[test]
fn many_stars_cost_little() {
    let name = "a".repeat(5000);
    let glob = format!("{}b", "a*".repeat(50));
    assert_eq!(matches(&name, &glob), Ok(false));
}

//! For arbitrary targets: is what was judged what the service sees, and does a refused one never reach it?
//!
//! Targets are drawn from pieces that have caused bypasses elsewhere; the seed is fixed, so a failure repeats.

use portreeve_tests::{Door, Request};

/// Pieces that a target is put together from.
const PIECES: [&str; 36] = [
    "/",
    "/",
    "/",
    "/",
    "public",
    "admin",
    "files",
    "sally",
    "bob",
    "me",
    "a",
    "x",
    ".",
    "..",
    "%2e",
    "%2E%2e",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    ";",
    ";x=y",
    "%61",
    "%41",
    "%25",
    "%252e",
    "%00",
    "%0a",
    "?",
    "?owner=sally",
    "&",
    "#",
    "%zz",
    "%C3%A9",
    "~",
    "*",
];

/// A sequence that looks random and is the same every time (xorshift, Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn target(&mut self) -> String {
        let mut target = ["/public/", "/admin/", "/files/sally/", "/"][self.roll(4)].to_owned();
        for _ in 0..1 + self.roll(6) {
            target.push_str(PIECES[self.roll(PIECES.len())]);
        }
        target
    }
}

#[test]
fn what_was_judged_is_what_the_service_sees() {
    let door = Door::open();
    let (user, admin) = (door.user(), door.admin());
    let mut dice = Dice(0x5eed_1e55_0bad_cafe);
    let mut forwarded = 0;
    for round in 0..1500 {
        let target = dice.target();
        let token = if round % 4 == 0 { &admin } else { &user };
        let reply = door.gateway.send(&Request::get(&target).bearer(token));
        let seen = door.upstream.take();
        if reply.status != 200 {
            assert!(
                seen.is_empty(),
                "{target} was answered with {} and reached the service: {seen:#?}",
                reply.status
            );
            continue;
        }
        forwarded += 1;
        assert_eq!(seen.len(), 1, "{target}");
        let path = seen[0].target.split('?').next().unwrap_or_default().to_owned();
        assert_one_reading(&target, &path);
        // The service stands where the gateway judged: no reading of the path leads elsewhere.
        let first = path.split('/').nth(1).unwrap_or_default();
        let allowed: &[&str] =
            if token == &admin { &["public", "admin", "me"] } else { &["public", "files", "me"] };
        assert!(allowed.contains(&first), "{target} was forwarded as {path}");
        if first == "files" {
            assert!(path.starts_with("/files/sally/"), "{target} was forwarded as {path}");
        }
        // To judge what was forwarded once more changes nothing: the canonical form is its own canonical form.
        let again = door.gateway.send(&Request::get(&seen[0].target).bearer(token));
        assert_eq!(again.status, 200, "{target} was forwarded as {}, which is refused", seen[0].target);
        assert_eq!(door.upstream.take()[0].target, seen[0].target, "{target}");
    }
    assert!(forwarded > 100, "only {forwarded} of the targets were forwarded, which proves little");
    let records = door.gateway.audit().wait_for(1500 + forwarded);
    assert_eq!(records.len(), 1500 + forwarded, "one record for each request");
}

/// Nothing in a forwarded path that another server could read differently.
#[track_caller]
fn assert_one_reading(target: &str, path: &str) {
    let lower = path.to_ascii_lowercase();
    for unclear in ["//", "/./", "/../", "%2e", "%2f", "%5c", "\\", "%00", "%0a", "#", ";"] {
        assert!(!lower.contains(unclear), "{target} was forwarded as {path}, which has `{unclear}`");
    }
    // Decoded once more, nothing may become another character than it is.
    let twice = lower.match_indices("%25").any(|(place, _)| {
        lower.get(place + 3..place + 5).is_some_and(|two| two.bytes().all(|byte| byte.is_ascii_hexdigit()))
    });
    assert!(!twice, "{target} was forwarded as {path}, which is escaped twice");
    assert!(!path.ends_with("/..") && !path.ends_with("/."), "{target} was forwarded as {path}");
}

//! What is read is written so that it reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portreeve_cel::syntax::parse;

fuzz_target!(|text: &str| {
    let Ok(first) = parse(text) else { return };
    let written = first.to_string();
    // Brackets that printing adds can nest deeper than may be read.
    if let Ok(second) = parse(&written) {
        assert_eq!(second.to_string(), written);
    }
});

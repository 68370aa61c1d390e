//! `base64.encode`, `base64.decode` and `json.encode`.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::args::{Text, no_overload};
use super::{Function, Outcome, json};
use crate::{Cx, ErrorKind, Val};

/// Padded or not, and without complaint about bits after the last byte, as Go reads it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) const TABLE: &[Function] = &[
    Function::global("base64.encode", encode, &["base64.encode(bytes) -> string"]),
    Function::global("base64.decode", decode, &["base64.decode(string) -> bytes"]),
    Function::global("json.encode", encode_json, &["json.encode(dyn) -> string"]),
];

fn encode<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Bytes(bytes)] = args else { return no_overload() };
    Text::build(cx, |out| push_base64(bytes, out))
}

/// Writes `bytes` in the standard alphabet, padded.
pub(super) fn push_base64(bytes: &[u8], out: &mut Text<'_, '_>) -> Result<(), ErrorKind<'static>> {
    let mut group = [0_u8; 4];
    for chunk in bytes.chunks(3) {
        let written = STANDARD.encode_slice(chunk, &mut group).unwrap_or(0);
        out.push(group.get(..written).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default())?;
    }
    Ok(())
}

fn decode<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Str(text)] = args else { return no_overload() };
    cx.charge(text.len())?;
    let compact: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    // All of the padding or none of it.
    let padding = compact.len() - compact.trim_end_matches('=').len();
    let whole = padding == 0 || compact.len().is_multiple_of(4);
    let bytes = whole.then(|| LENIENT.decode(compact).ok()).flatten();
    let bytes = bytes.ok_or_else(|| ErrorKind::message("illegal base64 data"))?;
    cx.bytes(&bytes)
}

fn encode_json<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [value] = args else { return no_overload() };
    Text::build(cx, |out| json::write(*value, out))
}

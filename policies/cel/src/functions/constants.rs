//! Constant arguments that can never be right, found before anything is evaluated.

use super::regex::Pattern;
use super::strings::format;
use super::{network, time};
use crate::Val;

/// An argument that is wrong whatever the others are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadConstant {
    /// Which argument, the receiver of a member call being the first.
    pub(crate) argument: usize,
    /// What is wrong with it, lower case, without a full stop.
    pub(crate) why: String,
}

/// Looks at the arguments of a call that are constants, `None` standing for one that is not.
pub(crate) fn bad_constant(name: &str, args: &[Option<Val<'_>>]) -> Option<BadConstant> {
    let bad = |argument: usize, why: String| Some(BadConstant { argument, why });
    match (name, args) {
        ("timestamp", [Some(Val::Str(text))]) if time::rfc3339::parse(text).is_none() => {
            bad(0, format!("invalid timestamp `{text}`: it is not RFC 3339, or not of the years 1 to 9999"))
        }
        ("timestamp", [Some(Val::Int(seconds))]) if !time::rfc3339::in_range(*seconds) => {
            bad(0, format!("invalid timestamp: {seconds} is not within the years 1 to 9999"))
        }
        ("timestamp" | "duration", [Some(Val::Null)]) => bad(0, format!("invalid {name} `null`")),
        ("duration", [Some(Val::Str(text))]) if time::go_duration::parse(text).is_none() => {
            bad(0, format!("invalid duration `{text}`: its units are h, m, s, ms, us and ns"))
        }
        ("ip", [Some(Val::Str(text))]) => network::parse_ip(text).err().and_then(|why| bad(0, why)),
        ("cidr", [Some(Val::Str(text))]) => network::Cidr::parse(text).err().and_then(|why| bad(0, why)),
        ("matches", [_, Some(Val::Str(pattern))]) => {
            Pattern::compile(pattern).err().and_then(|why| bad(1, why.to_string()))
        }
        ("format", [Some(Val::Str(text)), Some(Val::List(values))]) => {
            format::check(text, values.len()).err().and_then(|why| bad(0, why))
        }
        ("math.greatest" | "math.least", [Some(Val::List(values))]) if values.is_empty() => {
            bad(0, format!("{name}() invalid single argument value"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::List;

    #[test]
    fn constants_that_cannot_be_right_are_found() {
        let two = [Val::Int(1), Val::Int(2)];
        let list = Some(Val::List(List::Vals(&two)));
        let text = |text| Some(Val::Str(text));
        for (name, args, argument) in [
            ("timestamp", vec![text("2021-01-01")], Some(0)),
            ("timestamp", vec![text("2021-01-01T00:00:00Z")], None),
            ("timestamp", vec![None], None),
            ("timestamp", vec![Some(Val::Int(1))], None),
            ("duration", vec![text("1d")], Some(0)),
            ("duration", vec![text("24h")], None),
            ("ip", vec![text("1.2.3")], Some(0)),
            ("cidr", vec![text("1.2.3.4")], Some(0)),
            ("matches", vec![None, text("(")], Some(1)),
            ("matches", vec![text("("), None], None),
            ("format", vec![text("%s %s"), list], None),
            ("format", vec![text("%s"), list], Some(0)),
            ("format", vec![text("%s %s %s"), list], Some(0)),
            ("format", vec![text("%z"), None], None),
            ("format", vec![text("%z %s"), list], Some(0)),
            ("format", vec![text("%.2% %d"), list], Some(0)),
            ("format", vec![text("%s"), None], None),
            ("other", vec![text("(")], None),
        ] {
            assert_eq!(bad_constant(name, &args).map(|bad| bad.argument), argument, "{name} {args:?}");
        }
    }
}

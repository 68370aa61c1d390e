//! The parts of moments and durations, as expressions call them.

use super::civil::Civil;
use super::zone;
use crate::functions::args::no_overload;
use crate::functions::{Function, Outcome};
use crate::{Cx, ErrorKind, Val};

const SECOND: i64 = 1_000_000_000;

macro_rules! part {
    ($name:literal, $part:expr) => {
        Function::member(
            $name,
            |_, args| of_timestamp(args, $part),
            &[concat!("timestamp.", $name, "() -> int"), concat!("timestamp.", $name, "(string) -> int")],
        )
    };
    ($name:literal, $part:expr, every $nanos:expr) => {
        Function::member(
            $name,
            |_, args| match args {
                [Val::Duration(nanos)] => Ok(Val::Int(nanos / $nanos)),
                _ => of_timestamp(args, $part),
            },
            &[
                concat!("timestamp.", $name, "() -> int"),
                concat!("timestamp.", $name, "(string) -> int"),
                concat!("duration.", $name, "() -> int"),
            ],
        )
    };
}

pub(in crate::functions) const TABLE: &[Function] = &[
    part!("getFullYear", |civil, _| civil.year),
    part!("getMonth", |civil, _| civil.month - 1),
    part!("getDate", |civil, _| civil.day),
    part!("getDayOfMonth", |civil, _| civil.day - 1),
    part!("getDayOfWeek", |civil, _| civil.weekday),
    part!("getDayOfYear", |civil, _| civil.day_of_year - 1),
    part!("getHours", |civil, _| civil.hour, every 3600 * SECOND),
    part!("getMinutes", |civil, _| civil.minute, every 60 * SECOND),
    part!("getSeconds", |civil, _| civil.second, every SECOND),
    part!("getMilliseconds", |_, nanos| nanos / 1_000_000, every 1_000_000),
    Function::global(
        "now",
        |cx, args| if args.is_empty() { cx.now() } else { no_overload() },
        &["now() -> timestamp"],
    ),
    Function::both("timeSince", time_since, &["timeSince(timestamp) -> duration"]),
];

/// A part of the date and time in UTC, or in the zone given.
fn of_timestamp<'a>(args: &[Val<'a>], part: fn(Civil, i64) -> i64) -> Outcome<'a> {
    let (moment, offset) = match args {
        [Val::Timestamp(moment)] => (moment, 0),
        [Val::Timestamp(moment), Val::Str(name)] => {
            let unknown = || ErrorKind::message(format!("unknown time zone `{name}`"));
            (moment, zone::offset_at(name, moment.seconds).ok_or_else(unknown)?)
        }
        _ => return no_overload(),
    };
    Ok(Val::Int(part(Civil::from_seconds(moment.seconds + offset), moment.nanos.into())))
}

fn time_since<'a>(cx: &mut Cx<'a>, args: &[Val<'a>]) -> Outcome<'a> {
    let [Val::Timestamp(then)] = args else { return no_overload() };
    let Val::Timestamp(now) = cx.now()? else { return no_overload() };
    // Longer than a duration can be is the longest there is.
    let longest = if then.moment() < now.moment() { i64::MAX } else { i64::MIN };
    Ok(Val::Duration(now.since(*then).unwrap_or(longest)))
}

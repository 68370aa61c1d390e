//! A filter holds for a resource where the actions are allowed on it.

use std::cell::Cell;

use portreeve_cel::Map;
use portreeve_policies::{Filter, Manner, Options};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use crate::{
    asking::{Ask, holds, lax, map, set},
    world::{self, KNOWN, PRINCIPAL, RESOURCES},
};

fn asks(roles: &'static [&'static [&'static str]]) -> impl Strategy<Value = Ask> {
    let strict = prop::bool::ANY;
    let (roles, known) = (prop::sample::select(roles), prop::sample::select(KNOWN));
    let scope = prop::sample::select(vec!["", "a", "a.b"]);
    let actions = prop::sample::select(vec![vec!["view"], vec!["view"], vec!["view", "edit"]]);
    (strict, roles, known, scope, actions).prop_map(|(strict, roles, known, scope, actions)| Ask {
        roles: roles.to_vec(),
        principal: PRINCIPAL,
        known,
        scope,
        actions,
        manner: Manner::Exact,
        options: Options { strict, lenient_scope_search: true, ..lax() },
    })
}

/// The same cases each time, or others with another number as `PLANS_SEED`.
fn seed() -> TestRng {
    let number: u64 = std::env::var("PLANS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_default();
    TestRng::from_seed(RngAlgorithm::ChaCha, &[number.to_le_bytes(); 4].concat())
}

/// Whether the resource is one of those that the question is about.
fn fits(known: &Map, resource: &Map) -> bool {
    known.iter().all(|(name, value)| resource.get(name) == Some(value))
}

/// How often filters held, did not, and were conditions at all.
#[derive(Default)]
struct Counts {
    held: Cell<u32>,
    refused: Cell<u32>,
    conditions: Cell<u32>,
}

fn agree(
    odd: bool,
    roles: &'static [&'static [&'static str]],
    manner: Manner,
    fine: fn(filter: bool, decision: bool, guesses: bool) -> bool,
) {
    let counts = Counts::default();
    let add = |count: &Cell<u32>| count.set(count.get() + 1);
    let config = ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() };
    let outcome =
        TestRunner::new_with_rng(config, seed()).run(&(world::policies(odd), asks(roles)), |(files, ask)| {
            let policies = set(&files);
            let ask = Ask { manner, ..ask };
            let plan = ask.plan(&policies).map_err(|error| TestCaseError::fail(error.to_string()))?;
            if matches!(plan.filter, Filter::Conditional(_)) {
                add(&counts.conditions);
            }
            // Where a derived role's condition fails, rules that ask for effective derived roles deny everywhere.
            let guesses = ask.options.strict && files.iter().any(|file| file.contains("runtime."));
            let known = map(ask.known);
            for resource in RESOURCES.iter().map(|json| map(json)).filter(|resource| fits(&known, resource)) {
                let (filter, decision) = (holds(&plan.filter, &resource), ask.allows(&policies, &resource));
                add(if filter { &counts.held } else { &counts.refused });
                prop_assert!(
                    fine(filter, decision, guesses),
                    "filter {filter}, decision {decision}: {}\n{resource:?}\n{}",
                    plan.filter,
                    files.join("---\n")
                );
            }
            Ok(())
        });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let Counts { held, refused, conditions } = counts;
    let seen = (held.get(), refused.get(), conditions.get());
    assert!(seen.0 > 100 && seen.1 > 100 && seen.2 > 60, "the cases say little: {seen:?}");
}

const ALL: &[&[&str]] = &[
    &["staff"],
    &["guest"],
    &["clerk"],
    &["staff", "guest"],
    &["guest", "clerk"],
    &["clerk", "staff"],
    &["none"],
];

#[test]
fn an_exact_filter_holds_where_the_decision_allows() {
    agree(true, ALL, Manner::Exact, |filter, decision, guesses| filter == decision || (guesses && decision));
}

#[test]
fn a_filter_as_cerbos_makes_it_never_holds_where_the_decision_denies() {
    agree(false, ALL, Manner::AsCerbos, |filter, decision, _| decision || !filter);
}

//! Tests of routes, which `check` runs: do requests speak of what their author says they do?

use portreeve_diagnostics::{Bundle, Report};
use portreeve_route_config::{RouteTable, Suite};

/// Runs the tests in those of the route files that are suites. What is wrong with them and what fails is added to the
/// report; without a table they are only read. Says how many there were.
pub(crate) fn run(bundle: &Bundle, files: &[u32], table: Option<&RouteTable>, report: &mut Report) -> usize {
    let named = |file: &u32| bundle.files.get(*file as usize).is_some_and(|file| Suite::is_named(&file.name));
    let mut count = 0;
    for file in files.iter().filter(|file| named(file)) {
        let (suite, found) = Suite::read(bundle, *file);
        report.extend(found);
        if let (Some(suite), Some(table)) = (suite, table) {
            let outcomes = suite.run(table);
            count += outcomes.len();
            report.findings.extend(outcomes.into_iter().flat_map(|outcome| outcome.failures));
        }
    }
    count
}

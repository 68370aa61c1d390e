//! What is known of policies before any request: which kinds they speak of, what they could allow, what they read.
//!
//! A version is the one that is asked for, the empty one being the default; `None` is any.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    Effect, PolicySet, RuleId, names,
    set::{Condition, Row, Unit},
};

impl PolicySet {
    /// The kinds that resource policies speak of, sorted.
    #[must_use]
    pub fn kinds(&self) -> Vec<Arc<str>> {
        let mut kinds: Vec<Arc<str>> = self.resources.names().map(Arc::from).collect();
        kinds.sort();
        kinds
    }

    /// The versions of the resource policies of this kind, sorted.
    #[must_use]
    pub fn versions(&self, kind: &str) -> Vec<Arc<str>> {
        let mut versions: Vec<Arc<str>> =
            self.resources.versions(&names::sanitise(kind)).map(Arc::from).collect();
        versions.sort();
        versions
    }

    /// Whether a resource policy speaks of this kind.
    #[must_use]
    pub fn knows_kind(&self, kind: &str, version: Option<&str>) -> bool {
        self.resources.under(&names::sanitise(kind), self.asked(version)).next().is_some()
    }

    /// Whether any rule, of a resource policy or of a principal's, could ever allow this action on this kind.
    #[must_use]
    pub fn can_allow(&self, kind: &str, version: Option<&str>, action: &str) -> bool {
        let allows = |row: &Row| self.rule(row.rule).is_some_and(|rule| rule.effect == Effect::Allow);
        self.rows_about(kind, version).any(|(_, row)| row.action.matches(action) && allows(row))
    }

    /// The attributes of the resource that rules about this kind for one of these actions read, each once, with the
    /// rule that reads it first.
    #[must_use]
    pub fn attributes(&self, kind: &str, version: Option<&str>, actions: &[&str]) -> Vec<(Arc<str>, RuleId)> {
        let mut found: Vec<(Arc<str>, RuleId)> = Vec::new();
        let mut rows: Vec<(&Unit, &Row)> = self.rows_about(kind, version).collect();
        rows.sort_by(|(a, _), (b, _)| a.key.cmp(&b.key));
        for (unit, row) in rows {
            if !actions.iter().any(|action| row.action.matches(action)) {
                continue;
            }
            for path in self.row_reads(unit, row) {
                let attribute = path.split('.').next().unwrap_or_default();
                if !found.iter().any(|(known, _)| **known == *attribute) {
                    found.push((attribute.into(), row.rule));
                }
            }
        }
        found
    }

    fn asked<'v>(&'v self, version: Option<&'v str>) -> Option<&'v str> {
        version.map(|version| if version.is_empty() { &*self.options.default_version } else { version })
    }

    /// The rows of the resource policies of a kind, then those of principal policies that are about it.
    fn rows_about<'s>(
        &'s self,
        kind: &'s str,
        version: Option<&'s str>,
    ) -> impl Iterator<Item = (&'s Unit, &'s Row)> {
        let known = names::sanitise(kind);
        let version = self.asked(version);
        let resources: Vec<u32> = self.resources.under(&known, version).collect();
        let rows = |id: u32| {
            self.units
                .get(id as usize)
                .into_iter()
                .flat_map(|unit| unit.rows.iter().map(move |row| (unit, row)))
        };
        let principals = self
            .principals
            .all(version)
            .flat_map(rows)
            .filter(move |(_, row)| row.kind.as_ref().is_some_and(|kinds| kinds.matches(kind, &known)));
        resources.into_iter().flat_map(rows).chain(principals)
    }

    fn row_reads(&self, unit: &Unit, row: &Row) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        row.condition.iter().for_each(|id| self.condition_reads(*id, unit.names, &mut paths));
        if let Some(output) = row.output.and_then(|id| self.outputs.get(id as usize)) {
            let ids = output.activated.iter().chain(&output.not_met);
            ids.for_each(|id| self.expression_reads(*id, unit.names, &mut paths));
        }
        if let Some(derived) = row.derived.and_then(|id| self.derived.get(id as usize)) {
            derived.condition.iter().for_each(|id| self.condition_reads(*id, derived.names, &mut paths));
        }
        paths
    }

    fn condition_reads(&self, id: u32, names: u32, found: &mut BTreeSet<String>) {
        match self.conditions.get(id as usize) {
            Some(Condition::Expr(id)) => self.expression_reads(*id, names, found),
            Some(Condition::All(ids) | Condition::Any(ids) | Condition::None(ids)) => {
                ids.iter().for_each(|id| self.condition_reads(*id, names, found));
            }
            None => {}
        }
    }

    fn expression_reads(&self, id: u32, names: u32, found: &mut BTreeSet<String>) {
        let Some(expression) = self.expressions.get(id as usize) else { return };
        let variables =
            self.names.get(names as usize).map(|names| names.variables.as_slice()).unwrap_or_default();
        let needed = expression.variables.iter().filter_map(|v| variables.get(*v as usize));
        let needed = needed.filter_map(|variable| self.expressions.get(variable.expression as usize));
        for expression in needed.chain([expression]) {
            let paths =
                expression.program.reads().filter_map(|path| path.strip_prefix("request.resource.attr."));
            found.extend(paths.map(str::to_owned));
        }
    }
}

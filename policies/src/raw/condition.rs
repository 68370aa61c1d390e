use portreeve_diagnostics::{Diagnostic, Node, Report, Span, Spanned, read};

use super::fields::{Fields, list};

/// `condition.match`
#[derive(Clone, Debug)]
pub(crate) enum RawMatch {
    Expr(Spanned<String>),
    All(Vec<RawMatch>),
    Any(Vec<RawMatch>),
    None(Vec<RawMatch>),
}

impl RawMatch {
    /// Reads `condition`.
    pub(crate) fn condition(node: &Node, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "a condition", report)?;
        if let Some(script) = fields.one("script") {
            report.push(
                Diagnostic::error("policy/script", "scripts in conditions are no longer supported")
                    .at(script.span, "unsupported")
                    .help("write a CEL expression: `match: {expr: ...}`"),
            );
        }
        let found = fields.one("match");
        if found.is_none() && !report.has_errors() {
            let message = "a condition has no `match`";
            report.push(Diagnostic::error("config/missing-key", message).at(node.span, "`match` is missing"));
        }
        fields.finish(report);
        Self::read(found?, report)
    }

    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "`match`", report)?;
        let expr = fields.one("expr");
        let groups = [fields.one("all"), fields.one("any"), fields.one("none")];
        fields.finish(report);
        let count = usize::from(expr.is_some()) + groups.iter().flatten().count();
        if count != 1 {
            let message = "`match` must have exactly one of `expr`, `all`, `any` and `none`";
            report.push(
                Diagnostic::error("policy/match", message).at(node.span, format!("has {count} of them")),
            );
            return None;
        }
        if let Some(expr) = expr {
            return read::text(expr, "`expr`", report).map(Self::Expr);
        }
        let [all, any, none] = groups.map(|group| group.map(|group| Self::of(group, report)));
        all.map(Self::All).or_else(|| any.map(Self::Any)).or_else(|| none.map(Self::None))
    }

    fn of(node: &Node, report: &mut Report) -> Vec<Self> {
        let Some(mut fields) = Fields::of(node, "a group of conditions", report) else { return Vec::new() };
        let of = fields.required("of", report);
        fields.finish(report);
        let items = of.map(|of| list(of, "`of`", report)).unwrap_or_default();
        if items.is_empty() && of.is_some() {
            report.push(
                Diagnostic::error("policy/empty", "`of` is empty")
                    .at(node.span, "needs at least one condition"),
            );
        }
        items.iter().filter_map(|item| Self::read(item, report)).collect()
    }
}

/// `output`
#[derive(Clone, Debug)]
pub(crate) struct RawOutput {
    pub(crate) activated: Option<Spanned<String>>,
    pub(crate) not_met: Option<Spanned<String>>,
    pub(crate) span: Span,
}

impl RawOutput {
    pub(crate) fn read(node: &Node, report: &mut Report) -> Option<Self> {
        let mut fields = Fields::of(node, "an output", report)?;
        let expr = fields.text("expr", report);
        let (mut activated, mut not_met) = (None, None);
        if let Some(mut when) = fields.one("when").and_then(|when| Fields::of(when, "`when`", report)) {
            let take = |node: Option<&Node>, report: &mut Report| {
                node.and_then(|n| read::text(n, "an output", report))
            };
            let node = when.either("ruleActivated", "rule_activated", report);
            activated = take(node, report);
            let node = when.either("conditionNotMet", "condition_not_met", report);
            not_met = take(node, report);
            when.finish(report);
        }
        fields.finish(report);
        Some(Self { activated: activated.or(expr), not_met, span: node.span })
    }
}

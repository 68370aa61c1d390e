use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Args, ValueEnum};
use portreeve_diagnostics::Bundle;
use portreeve_route_config::{Access, Matcher, Route};
use serde_json::{Value, json};

use super::here::compiled;
use crate::{revision::Compiled, source::Source};

/// `portreeve routes`.
#[derive(Debug, Args)]
#[command(after_help = "Ends with 0, or with 2 when the project does not compile.")]
pub(crate) struct Routes {
    /// The configuration, or the folder that has it
    #[arg(default_value = crate::config::DEFAULT_FILE, env = "PORTREEVE_CONFIG")]
    project: PathBuf,
    /// How to print them
    #[arg(short, long, value_enum, default_value_t = Form::Text)]
    output: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// For programs
    Json,
}

impl Routes {
    /// Lists the routes: of two that are for the same request, the earlier one answers it. 2: the project does not
    /// compile, and why was shown.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let Compiled { bundle, report, revision, .. } = compiled(&Source::of(&self.project));
        super::show(&report, &bundle);
        let Some(revision) = revision else { return Ok(ExitCode::from(2)) };
        let lines = revision.snapshot.routes().precedence();
        match self.output {
            Form::Text => super::print(&table(&lines, &bundle))?,
            Form::Json => {
                let all: Vec<_> =
                    lines.iter().map(|(route, matcher)| object(route, matcher, &bundle)).collect();
                super::print(&format!("{:#}\n", Value::Array(all)))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table(lines: &[(&Arc<Route>, &Matcher)], bundle: &Bundle) -> String {
    let head =
        ["METHOD", "HOST", "PATH", "ACCESS", "UPSTREAM", "AUTHENTICATE", "WRITTEN AT"].map(str::to_owned);
    let rows = lines.iter().map(|(route, matcher)| {
        [
            matcher.methods.to_string(),
            matcher.host.to_string(),
            matcher.pattern.as_str().to_owned(),
            access(&route.access),
            route.upstream.value.to_string(),
            names(route).join(", "),
            super::place(matcher.span, bundle).unwrap_or_default(),
        ]
    });
    let rows: Vec<_> = [head].into_iter().chain(rows).collect();
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; 7]| {
        let cells: Vec<_> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

fn object(route: &Route, matcher: &Matcher, bundle: &Bundle) -> Value {
    let target = match &route.access {
        Access::Authorized(template) => json!({
            "resource": &*template.kind.value,
            "actions": template.actions.iter().map(|action| &*action.value).collect::<Vec<_>>(),
            "id": template.id.text(),
            "attr": template.supplied().map(|(name, value)| (name.value.to_string(), json!(value.text()))).collect::<serde_json::Map<_, _>>(),
            "load": template.load.as_ref().map(|load| load.template()),
        }),
        Access::Public | Access::Authenticated => Value::Null,
    };
    json!({
        "name": &*route.name,
        "methods": matcher.methods.to_string(),
        "host": matcher.host.to_string(),
        "path": matcher.pattern.as_str(),
        "access": kind(&route.access),
        "target": target,
        "upstream": &*route.upstream.value,
        "authenticate": names(route),
        "at": super::place(matcher.span, bundle).unwrap_or_default(),
    })
}

fn kind(access: &Access) -> &'static str {
    match access {
        Access::Public => "public",
        Access::Authenticated => "authenticated",
        Access::Authorized(_) => "authorized",
    }
}

fn access(access: &Access) -> String {
    match access {
        Access::Authorized(template) => {
            let actions: Vec<_> = template.actions.iter().map(|action| &*action.value).collect();
            format!("{} {}", actions.join("+"), template.kind.value)
        }
        other => kind(other).to_owned(),
    }
}

fn names(route: &Route) -> Vec<&str> {
    route.authenticate.iter().map(|name| &*name.value).collect()
}

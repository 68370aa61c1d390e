//! The audit file: one JSON object a line.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::wait::{PATIENCE, within};

/// Reads the audit file of a gateway that may still be writing to it.
#[derive(Clone, Debug)]
pub struct Audit {
    path: PathBuf,
}

impl Audit {
    /// The file at `path`, which need not be there yet.
    pub fn at(path: &Path) -> Audit {
        Audit { path: path.to_path_buf() }
    }

    /// Every complete line so far.
    pub fn records(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.path).unwrap_or_default();
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        complete
            .lines()
            .map(|line| {
                serde_json::from_str(line)
                    .unwrap_or_else(|error| panic!("audit line is not JSON ({error}): {line}"))
            })
            .collect()
    }

    /// The records once there are `count` of them; fails the test when there are fewer after [`PATIENCE`].
    pub fn wait_for(&self, count: usize) -> Vec<Value> {
        within(PATIENCE, || Some(self.records()).filter(|records| records.len() >= count)).unwrap_or_else(
            || {
                panic!("{count} audit records expected, these came: {:#?}", self.records());
            },
        )
    }

    /// The one record of the request whose answer carried this event id.
    pub fn of_event(&self, event: &str) -> Value {
        let found = within(PATIENCE, || self.records().into_iter().find(|record| record["id"] == event));
        found.unwrap_or_else(|| panic!("no audit record of event {event}: {:#?}", self.records()))
    }
}

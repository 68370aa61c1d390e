mod files;
mod prompt;

use std::{
    io::{BufRead, IsTerminal},
    path::PathBuf,
    process::ExitCode,
    time::SystemTime,
};

use anyhow::bail;
use clap::Args;
use portreeve_policies::repl::{Answer, Session, is_unfinished, joined};

/// `portreeve repl`.
#[derive(Debug, Args)]
#[command(
    after_help = "Where standard input is no terminal, its lines are read from there, and the end is 1 if one of them \
                        failed."
)]
pub(crate) struct Repl {
    /// Where `:load` finds policies and what they import; the folder of the file that is loaded, unless said otherwise
    #[arg(value_name = "DIR")]
    policies: Option<PathBuf>,
    /// Where typed lines are kept; among the state of the user's programs, unless said otherwise
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
}

/// A session that reads policies and prints what it finds.
#[derive(Debug)]
struct Talk {
    session: Session,
    policies: Option<PathBuf>,
    /// A line could not be answered.
    failed: bool,
}

/// Whether there is more to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Line,
    End,
}

impl Repl {
    /// Talks until `:quit` or the end of the input. 0: done. 1: a line of a script failed.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if let Some(folder) = self.policies.as_ref().filter(|folder| !folder.is_dir()) {
            bail!("there is no folder `{}`", folder.display());
        }
        let mut talk = Talk { session: Session::default(), policies: self.policies, failed: false };
        if std::io::stdin().is_terminal() {
            prompt::run(&mut talk, self.history.or_else(files::history))?;
            return Ok(ExitCode::SUCCESS);
        }
        talk.script(std::io::stdin().lock())?;
        Ok(if talk.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

impl Talk {
    fn script(&mut self, input: impl BufRead) -> anyhow::Result<()> {
        let mut text = String::new();
        for line in input.lines() {
            text.push_str(&line?);
            if is_unfinished(&text) {
                text.push('\n');
            } else if self.answer(&std::mem::take(&mut text))? == Next::End {
                return Ok(());
            }
        }
        // What is still open is said to be.
        self.answer(&text).map(|_| ())
    }

    fn answer(&mut self, text: &str) -> anyhow::Result<Next> {
        let text = joined(text);
        let answer = match self.session.run(&text, SystemTime::now().into()) {
            Ok(Answer::Load(name)) => match files::read(&name, self.policies.as_deref()) {
                Ok((bundle, file)) => self.session.load(bundle, file),
                Err(error) => {
                    self.failed = true;
                    super::say(&format!("error: {error:#}\n"));
                    return Ok(Next::Line);
                }
            },
            other => other,
        };
        match answer {
            Ok(Answer::Quit) => return Ok(Next::End),
            Ok(Answer::Nothing) => {}
            Ok(answer) => super::print(&format!("{answer}\n"))?,
            Err(failure) => {
                self.failed = true;
                super::show(&failure.report, &failure.bundle);
            }
        }
        Ok(Next::Line)
    }
}

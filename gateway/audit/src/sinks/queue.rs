use std::{
    cell::Cell,
    fmt,
    io::{self, BufWriter, Write},
    mem,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use parking_lot::{Condvar, Mutex};

use super::file::{BUFFER, FileOptions, OpenError, RotatingFile};
use crate::{Event, Sink, line};

/// How long lines are collected before they are written together: a writer that is woken for each of them costs a
/// request more than its decision does.
const COLLECTING: Duration = Duration::from_millis(10);
/// How many bytes of lines may wait to be written.
const WAITING: usize = 16 << 20;
/// How many bytes of memory are kept for the next lines.
const KEPT: usize = 1 << 20;

thread_local! {
    /// Where this thread writes a line before it joins the others,
    /// so that they are kept from it for a copy's time only.
    static LINE: Cell<String> = const { Cell::new(String::new()) };
}

/// Writes records as JSON lines from a thread of its own. A request never waits for the writer: when 16 MiB of lines
/// are waiting, further ones are dropped and counted in [`Tally::dropped`].
pub struct Queue {
    waiting: Arc<Waiting>,
    tally: Arc<Tally>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What became of the records.
#[derive(Debug, Default)]
pub struct Tally {
    written: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

impl Queue {
    /// Writes to standard output.
    ///
    /// # Errors
    /// The system allows no further thread.
    pub fn stdout() -> Result<Self, OpenError> {
        Self::start("stdout".into(), BufWriter::with_capacity(BUFFER, io::stdout()))
    }

    /// Appends to a file, which is created (readable by its owner only) if it is not there.
    ///
    /// # Errors
    /// The file cannot be opened for appending, or the system allows no further thread.
    pub fn file(options: FileOptions) -> Result<Self, OpenError> {
        let name = options.path.display().to_string();
        Self::start(name, RotatingFile::open(options)?)
    }

    fn start(name: String, out: impl Write + Send + 'static) -> Result<Self, OpenError> {
        let waiting = Arc::new(Waiting::default());
        let tally = Arc::new(Tally::default());
        let writer = Writer { out, tally: Arc::clone(&tally), unsure: 0, failing: false, name: name.clone() };
        let source = Arc::clone(&waiting);
        let writer = thread::Builder::new()
            .name("audit".into())
            .spawn(move || writer.run(&source))
            .map_err(|source| OpenError { path: name, source })?;
        Ok(Self { waiting, tally, writer: Mutex::new(Some(writer)) })
    }

    /// How many records were written, dropped and failed so far.
    #[must_use]
    pub fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Writes what is waiting and stops. Records that come later are dropped and counted.
    pub fn close(&self) {
        let writer = self.writer.lock().take();
        if let Some(writer) = writer {
            self.waiting.close();
            let _ = writer.join();
        }
    }
}

impl Sink for Queue {
    fn record(&self, event: &Event) {
        let mut line = LINE.try_with(Cell::take).unwrap_or_default();
        line.clear();
        line::write(event, &mut line);
        if !self.waiting.add(&line) {
            self.tally.dropped.fetch_add(1, Ordering::Relaxed);
        }
        // At the end of a thread it is gone already, and nothing is lost with it.
        let _ = LINE.try_with(|kept| kept.set(line));
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("tally", &self.tally).finish_non_exhaustive()
    }
}

impl Tally {
    /// Records that are in the file or on the stream.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Records given up because the writer was too far behind.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Records that the system refused to write.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

/// Lines between the requests and the writer.
#[derive(Default)]
struct Waiting {
    lines: Mutex<Lines>,
    changed: Condvar,
}

#[derive(Default)]
struct Lines {
    text: String,
    closed: bool,
}

impl Waiting {
    /// `false` when there is no room, or nobody to write it.
    fn add(&self, line: &str) -> bool {
        let mut lines = self.lines.lock();
        if lines.closed || lines.text.len() + line.len() > WAITING {
            return false;
        }
        let first = lines.text.is_empty();
        lines.text.push_str(line);
        drop(lines);
        if first {
            self.changed.notify_one();
        }
        true
    }

    fn close(&self) {
        self.lines.lock().closed = true;
        self.changed.notify_one();
    }

    /// Waits for lines and a while for more of them, and puts them in the place of those that were written. `false`
    /// when they are the last.
    fn take(&self, written: &mut String) -> bool {
        written.clear();
        written.shrink_to(KEPT);
        let mut lines = self.lines.lock();
        self.changed.wait_while(&mut lines, |lines| lines.text.is_empty() && !lines.closed);
        self.changed.wait_while_for(&mut lines, |lines| !lines.closed, COLLECTING);
        mem::swap(&mut lines.text, written);
        !lines.closed
    }
}

struct Writer<W> {
    out: W,
    tally: Arc<Tally>,
    /// Records that were taken and may not be written yet.
    unsure: u64,
    /// Whether the system refuses, so that a full disk is reported once and not for every record.
    failing: bool,
    name: String,
}

impl<W: Write> Writer<W> {
    fn run(mut self, waiting: &Waiting) {
        let mut lines = String::new();
        let mut more = true;
        while more {
            more = waiting.take(&mut lines);
            for line in lines.split_inclusive('\n') {
                self.write(line);
            }
            self.flush();
        }
        self.tally.failed.fetch_add(self.unsure, Ordering::Relaxed);
    }

    fn write(&mut self, line: &str) {
        match self.out.write_all(line.as_bytes()) {
            Ok(()) => self.unsure += 1,
            Err(error) => {
                self.tally.failed.fetch_add(1, Ordering::Relaxed);
                self.complain(&error);
            }
        }
    }

    /// Only what the system has taken is written; what it refused is tried again with the next lines.
    fn flush(&mut self) {
        match self.out.flush() {
            Ok(()) => {
                self.tally.written.fetch_add(mem::take(&mut self.unsure), Ordering::Relaxed);
                self.failing = false;
            }
            Err(error) => self.complain(&error),
        }
    }

    fn complain(&mut self, error: &io::Error) {
        if !mem::replace(&mut self.failing, true) {
            tracing::error!(file = %self.name, %error, "audit records cannot be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk without room.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_record_is_written_when_the_system_has_it_and_failed_when_it_never_took_it() {
        for (out, written, failed) in
            [(Box::new(io::sink()) as Box<dyn Write + Send>, 2, 0), (Box::new(Full), 0, 2)]
        {
            let queue = Queue::start("test".into(), BufWriter::with_capacity(BUFFER, out)).unwrap();
            queue.waiting.add("{}\n");
            queue.waiting.add("{}\n");
            queue.close();
            let tally = queue.tally();
            assert_eq!((tally.written(), tally.failed(), tally.dropped()), (written, failed, 0));
        }
    }
}

use std::{
    fmt,
    io::{self, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::file::{FileOptions, OpenError, RotatingFile};
use crate::{Event, Sink, line};

/// How long records are collected before they are written together: a writer that is woken for each of them costs a
/// request more than its decision does.
const COLLECTING: Duration = Duration::from_millis(10);
/// How many records may wait to be written.
const WAITING: usize = 16_384;

/// Writes records as JSON lines from a thread of its own. A request never waits for the writer: when 16,384 records are
/// waiting, further ones are dropped and counted in [`Tally::dropped`].
pub struct Queue {
    sender: SyncSender<Message>,
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

enum Message {
    Event(Box<Event>),
    Stop,
}

impl Queue {
    /// Writes to standard output.
    ///
    /// # Errors
    /// The system allows no further thread.
    pub fn stdout() -> Result<Self, OpenError> {
        Self::start("stdout".into(), io::stdout())
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
        let (sender, receiver) = sync_channel(WAITING);
        let tally = Arc::new(Tally::default());
        let writer = Writer { out, tally: Arc::clone(&tally), failing: false, name: name.clone() };
        let writer = thread::Builder::new()
            .name("audit".into())
            .spawn(move || writer.run(&receiver))
            .map_err(|source| OpenError { path: name, source })?;
        Ok(Self { sender, tally, writer: Mutex::new(Some(writer)) })
    }

    /// How many records were written, dropped and failed so far.
    #[must_use]
    pub fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Writes what is waiting and stops. Records that come later are dropped and counted.
    pub fn close(&self) {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = self.sender.send(Message::Stop);
            let _ = writer.join();
        }
    }
}

impl Sink for Queue {
    fn record(&self, event: Event) {
        match self.sender.try_send(Message::Event(Box::new(event))) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.tally.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
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

struct Writer<W> {
    out: W,
    tally: Arc<Tally>,
    /// Whether the last write failed, so that a full disk is reported once and not for every record.
    failing: bool,
    name: String,
}

impl<W: Write> Writer<W> {
    fn run(mut self, receiver: &Receiver<Message>) {
        while let Ok(message) = receiver.recv() {
            if matches!(message, Message::Event(_)) {
                thread::sleep(COLLECTING);
            }
            let mut next = Some(message);
            // Write all that waits before one flush.
            while let Some(message) = next {
                match message {
                    Message::Event(event) => self.write(&event),
                    Message::Stop => return self.flush(),
                }
                next = receiver.try_recv().ok();
            }
            self.flush();
        }
    }

    fn write(&mut self, event: &Event) {
        let result = self.out.write_all(line(event).as_bytes());
        let counter = if result.is_ok() { &self.tally.written } else { &self.tally.failed };
        counter.fetch_add(1, Ordering::Relaxed);
        self.note(result);
    }

    fn flush(&mut self) {
        let result = self.out.flush();
        self.note(result);
    }

    fn note(&mut self, result: io::Result<()>) {
        match result {
            Ok(()) => self.failing = false,
            Err(error) if !self.failing => {
                self.failing = true;
                tracing::error!(file = %self.name, %error, "audit records cannot be written");
            }
            Err(_) => {}
        }
    }
}

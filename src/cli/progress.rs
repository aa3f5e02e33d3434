//! A sign of life on a terminal, for work that takes longer than a second.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Shown while it lives, where standard error is a terminal; gone without a trace when it ends.
pub(super) struct Progress {
    stop: Option<Sender<()>>,
    worker: Option<JoinHandle<()>>,
}

impl Progress {
    /// Begins to wait; after a second, says what is being done and for how long.
    pub fn start(what: &'static str) -> Self {
        if !io::stderr().is_terminal() {
            return Self { stop: None, worker: None };
        }
        let (stop, stopped) = channel();
        let worker = std::thread::spawn(move || show(what, &stopped));
        Self { stop: Some(stop), worker: Some(worker) }
    }
}

fn show(what: &str, stopped: &Receiver<()>) {
    let start = Instant::now();
    let mut shown = false;
    while stopped.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
        shown = true;
        // What a terminal does not show loses nothing.
        let _ = write!(io::stderr(), "\r{what} … {} s", start.elapsed().as_secs());
    }
    if shown {
        let _ = write!(io::stderr(), "\r{}\r", " ".repeat(what.chars().count() + 12));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

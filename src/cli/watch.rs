//! Asks the work to end when the process holds too much memory or the user interrupts it; where the work
//! does not end soon after, ends the process. A second interruption ends it at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::output::{Terminal, exit_of};
use crate::base::{SourceMap, StopReason};
use crate::diag::render::{RenderOptions, render};
use crate::engine::Limits;
use crate::source::memory_held;
use crate::verdict::asked_to_stop;

/// How long passes between two looks.
const STEP: Duration = Duration::from_millis(10);

/// How long work may take to end by itself.
const GRACE: Duration = Duration::from_secs(1);

/// Watches while it lives.
pub(super) struct Watch {
    stop: Option<Sender<()>>,
    worker: Option<JoinHandle<()>>,
}

impl Watch {
    /// Begins to watch; `Err` where the system does not say how much memory is held and a limit is set.
    pub fn start(limits: &Limits) -> Result<Self, String> {
        if limits.memory.is_some() && memory_held().is_none() {
            return Err(
                "--max-memory: this system does not say how much memory is held; leave it out".to_owned()
            );
        }
        let interrupted = interruptions();
        let (stop, stopped) = channel();
        let limits = limits.clone();
        let worker = std::thread::Builder::new().spawn(move || watch(&limits, &interrupted, &stopped));
        let worker = worker.map_err(|error| format!("no thread can be started: {error}"))?;
        Ok(Self { stop: Some(stop), worker: Some(worker) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

/// Set when the user interrupts the process.
fn interruptions() -> Arc<AtomicBool> {
    static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    let make = || {
        let flag = Arc::new(AtomicBool::new(false));
        let signal = signal_hook::consts::SIGINT;
        // Where a signal cannot be caught it ends the process, as it does anyway.
        let code = i32::from(super::Exit::Interrupted.code());
        let _ = signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(&flag));
        let _ = signal_hook::flag::register(signal, Arc::clone(&flag));
        flag
    };
    Arc::clone(INTERRUPTED.get_or_init(make))
}

fn watch(limits: &Limits, interrupted: &AtomicBool, stopped: &Receiver<()>) {
    let mut since: Option<Instant> = None;
    while stopped.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
        if interrupted.load(Ordering::Relaxed) {
            limits.stop.ask(StopReason::Interrupted);
        } else if limits.memory.is_some_and(|most| memory_held().is_some_and(|held| held > most)) {
            limits.stop.ask(StopReason::Memory);
        }
        if let Some(reason) = limits.stop.asked()
            && since.get_or_insert_with(Instant::now).elapsed() > GRACE
        {
            let diagnostics = [asked_to_stop(reason, limits.memory)];
            Terminal::complain(
                render(&diagnostics, &SourceMap::default(), &RenderOptions::default()).trim_end(),
            );
            if let Some(path) = &*UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner) {
                let _ = std::fs::remove_file(path);
            }
            std::process::exit(i32::from(exit_of(&diagnostics).code()));
        }
    }
}

/// A file that is being written and must not be left behind.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Says which file is being written.
pub(super) fn unfinished(path: Option<&Path>) {
    *UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner) = path.map(Path::to_owned);
}

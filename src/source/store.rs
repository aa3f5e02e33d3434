//! A folder of stored bytes by name, where those that were not used for longest make room for new ones.
//! Several processes may use it at once: what is there under its name is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use super::ReadAt;
use super::bytes::OpenFile;
use crate::base::InOrder;

/// How the names of stored files end.
const ENDING: &str = ".facts";

/// How the names of files end that are being written.
const UNFINISHED: &str = ".part";

/// A file being written that is older was left by a process that was killed.
const ABANDONED: Duration = Duration::from_hours(1);

/// Writes what is to be stored.
pub type Writing<'w> = &'w mut dyn FnMut(&mut dyn Write) -> io::Result<()>;

/// Bytes kept by key between runs. What cannot be had is as if it had never been stored.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// The bytes stored under a key.
    fn open(&self, key: u128) -> Option<Box<dyn ReadAt>>;
    /// Stores as many bytes as said under a key, whole or not at all.
    fn save(&self, key: u128, size: u64, write: Writing<'_>) -> Result<(), String>;
}

/// A store in a folder of its own or of other files too, which are left alone.
#[derive(Clone, Debug)]
pub struct FolderStore {
    folder: PathBuf,
    most: u64,
}

impl FolderStore {
    /// A store in this folder, which is made when something is stored, of so many bytes at the most.
    pub fn new(folder: PathBuf, most: u64) -> Self {
        Self { folder, most }
    }

    fn path(&self, key: u128) -> PathBuf {
        self.folder.join(format!("{key:032x}{ENDING}"))
    }

    /// Removes what was not used for longest until there is room, and what killed processes left.
    fn make_room(&self, size: u64) -> io::Result<()> {
        let mut kept: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(own) = name.to_str().filter(|name| is_ours(name)) else { continue };
            // Another process may have removed it just now.
            let Ok(data) = fs::symlink_metadata(entry.path()) else { continue };
            let used = data.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            if !data.is_file() {
                continue;
            }
            if own.ends_with(UNFINISHED) {
                if used.elapsed().is_ok_and(|age| age > ABANDONED) {
                    let _ = fs::remove_file(entry.path());
                }
                continue;
            }
            kept.push((used, data.len(), entry.path()));
        }
        kept.order();
        let mut held: u64 = kept.iter().map(|(_, size, _)| size).sum();
        for (_, own, path) in kept {
            if held.saturating_add(size) <= self.most {
                break;
            }
            let _ = fs::remove_file(path);
            held -= own;
        }
        Ok(())
    }
}

/// Whether a name is that of a stored file: 32 hexadecimal digits, then an ending of ours.
fn is_ours(name: &str) -> bool {
    let rest = name.strip_prefix('.').unwrap_or(name);
    let Some((key, _)) = rest.split_once('.') else { return false };
    key.len() == 32
        && key.bytes().all(|byte| byte.is_ascii_hexdigit())
        && (name.ends_with(ENDING) || name.ends_with(UNFINISHED))
}

impl Store for FolderStore {
    fn open(&self, key: u128) -> Option<Box<dyn ReadAt>> {
        let path = self.path(key);
        // A link or a pipe of that name is not ours.
        if !fs::symlink_metadata(&path).ok()?.is_file() {
            return None;
        }
        let file = OpenFile::open(&path).ok()?;
        // So that it counts as used now; in a folder that may only be read it stays as old as it is.
        if let Ok(own) = OpenOptions::new().write(true).open(&path) {
            let _ = own.set_modified(SystemTime::now());
        }
        Some(Box::new(file))
    }

    fn save(&self, key: u128, size: u64, write: Writing<'_>) -> Result<(), String> {
        if size > self.most {
            return Err(format!("it would take {} MiB", size.div_ceil(1 << 20)));
        }
        save(&self.folder, key, || self.make_room(size), &self.path(key), write)
            .map_err(|error| error.to_string())
    }
}

fn save(
    folder: &Path,
    key: u128,
    make_room: impl FnOnce() -> io::Result<()>,
    path: &Path,
    write: Writing<'_>,
) -> io::Result<()> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    private_folder(folder)?;
    make_room()?;
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let beside = folder.join(format!(".{key:032x}.{}-{next}{UNFINISHED}", std::process::id()));
    let mut whole = || {
        let mut out = BufWriter::with_capacity(256 << 10, private_file(&beside)?);
        write(&mut out)?;
        out.flush()?;
        fs::rename(&beside, path)
    };
    let result = whole();
    if result.is_err() {
        let _ = fs::remove_file(&beside);
    }
    result
}

/// Facts may be nobody else's business.
fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

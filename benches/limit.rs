//! The least any engine must do with a workload's files: read the bytes, split lines and fields, intern every
//! name as a `u32`, read every number. No rule is evaluated.
//!
//!     rustc --edition 2024 -C opt-level=3 limit.rs && ./limit FOLDER THREADS pays:iiin makes:ii ...
//!
//! Per file the sort of each column: `i` a name, a text or a date (interned), `n` a number (perhaps with a
//! point; empty is none). Each thread takes its share of every file and interns into a table of its own; the
//! other threads' dictionaries are then merged into the first one's and their columns renumbered. At the end
//! all threads hold columns of ids that mean the same.
use std::fs::File;
use std::os::unix::fs::FileExt;

const BATCH: usize = 128;

#[derive(Clone, Copy)]
struct Slot {
    key: u64, // the bytes themselves up to 8, else their hash
    id: u32,  // 0: free
    len: u32,
}

struct Interner {
    slots: Vec<Slot>,
    mask: usize,
    names: Vec<(u32, u64)>, // length and key of each id; bytes of long names in `long`
    long: Vec<Box<[u8]>>,
}

fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^ (x >> 29)
}

fn key_of(text: &[u8]) -> u64 {
    if text.len() <= 8 {
        let mut b = [0u8; 8];
        b[..text.len()].copy_from_slice(text);
        u64::from_le_bytes(b)
    } else {
        let mut h = text.len() as u64;
        for part in text.chunks(8) {
            let mut b = [0u8; 8];
            b[..part.len()].copy_from_slice(part);
            h = mix(h ^ u64::from_le_bytes(b)).rotate_left(23);
        }
        h
    }
}

impl Interner {
    fn new() -> Self {
        let n = 1 << 12;
        Interner {
            slots: vec![Slot { key: 0, id: 0, len: 0 }; n],
            mask: n - 1,
            names: vec![(0, 0)],
            long: vec![Box::default()],
        }
    }

    #[inline(always)]
    fn prefetch(&self, key: u64) {
        #[cfg(target_arch = "x86_64")]
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch::<_MM_HINT_T0>(self.slots.as_ptr().add(mix(key) as usize & self.mask) as *const i8);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = key;
    }

    #[inline(always)]
    fn intern(&mut self, key: u64, text: &[u8]) -> u32 {
        let len = text.len() as u32;
        let mut i = mix(key) as usize & self.mask;
        loop {
            let s = self.slots[i];
            if s.id == 0 {
                return self.insert(i, key, text);
            }
            if s.key == key && s.len == len && (len <= 8 || &*self.long[s.id as usize] == text) {
                return s.id;
            }
            i = (i + 1) & self.mask;
        }
    }

    #[cold]
    fn insert(&mut self, at: usize, key: u64, text: &[u8]) -> u32 {
        let id = self.names.len() as u32;
        self.names.push((text.len() as u32, key));
        self.long.push(if text.len() > 8 { text.into() } else { Box::default() });
        self.slots[at] = Slot { key, id, len: text.len() as u32 };
        if self.names.len() * 2 > self.slots.len() {
            let n = self.slots.len() * 4;
            let old = std::mem::replace(&mut self.slots, vec![Slot { key: 0, id: 0, len: 0 }; n]);
            self.mask = n - 1;
            for s in old.into_iter().filter(|s| s.id != 0) {
                let mut i = mix(s.key) as usize & self.mask;
                while self.slots[i].id != 0 {
                    i = (i + 1) & self.mask;
                }
                self.slots[i] = s;
            }
        }
        id
    }
}

struct Part {
    dict: Interner,
    columns: Vec<Vec<Vec<u32>>>,
    numbers: Vec<i64>,
}

/// Lines that start in this thread's share of the file.
fn share(folder: &str, name: &str, part: u64, parts: u64) -> (Vec<u8>, usize, usize) {
    let file = File::open(format!("{folder}/{name}.csv")).expect(name);
    let size = file.metadata().unwrap().len();
    let (start, end) = (size * part / parts, size * (part + 1) / parts);
    let from = start.saturating_sub(1);
    let to = (end + 4096).min(size);
    let mut bytes = vec![0u8; (to - from) as usize];
    file.read_exact_at(&mut bytes, from).unwrap();
    let skip = bytes.iter().position(|&b| b == b'\n').map_or(bytes.len(), |p| p + 1); // header or torn line
    (bytes, skip, (end - from) as usize)
}

/// A number as its digits; the point only moves the scale, which one column shares.
#[inline(always)]
fn number(text: &[u8]) -> i64 {
    let (mut n, mut minus) = (0i64, false);
    for &byte in text {
        match byte {
            b'-' => minus = true,
            b'.' => {}
            digit => n = n * 10 + i64::from(digit - b'0'),
        }
    }
    if minus { -n } else { n }
}

fn load(folder: &str, files: &[(String, Vec<bool>)], part: u64, parts: u64) -> Part {
    let mut out = Part { dict: Interner::new(), columns: Vec::new(), numbers: Vec::new() };
    let mut spans: Vec<(usize, usize, u64)> = Vec::with_capacity(BATCH * 16);
    for (name, named) in files {
        let ids = named.iter().filter(|&&id| id).count();
        let (bytes, mut pos, end) = share(folder, name, part, parts);
        let guess = end.saturating_sub(pos) / (9 * named.len()) + 1;
        let mut columns: Vec<Vec<u32>> = (0..ids).map(|_| Vec::with_capacity(guess)).collect();
        while pos < end {
            spans.clear();
            let mut lines = 0;
            while pos < end && lines < BATCH {
                for (c, &id) in named.iter().enumerate() {
                    let stop = if c + 1 == named.len() { b'\n' } else { b',' };
                    let len = bytes[pos..].iter().position(|&b| b == stop).expect("a torn line");
                    if id {
                        let key = key_of(&bytes[pos..pos + len]);
                        out.dict.prefetch(key);
                        spans.push((pos, len, key));
                    } else {
                        out.numbers.push(number(&bytes[pos..pos + len]));
                    }
                    pos += len + 1;
                }
                lines += 1;
            }
            for line in spans.chunks_exact(ids) {
                for (column, &(at, len, key)) in columns.iter_mut().zip(line) {
                    column.push(out.dict.intern(key, &bytes[at..at + len]));
                }
            }
        }
        out.columns.push(columns);
    }
    out
}

fn main() {
    let mut args = std::env::args().skip(1);
    let folder = args.next().expect("limit FOLDER THREADS NAME:SORTS ...");
    let threads: u64 = args.next().map_or(2, |t| t.parse().expect("a number of threads"));
    let files: Vec<(String, Vec<bool>)> = args
        .map(|file| {
            let (name, sorts) = file.split_once(':').expect("NAME:SORTS");
            (name.to_owned(), sorts.bytes().map(|sort| sort == b'i').collect())
        })
        .collect();
    let mut parts: Vec<Part> = std::thread::scope(|s| {
        let hands: Vec<_> = (0..threads)
            .map(|p| {
                let (folder, files) = (&folder, &files);
                s.spawn(move || load(folder, files, p, threads))
            })
            .collect();
        hands.into_iter().map(|h| h.join().unwrap()).collect()
    });
    let (first, rest) = parts.split_first_mut().unwrap();
    for part in rest.iter_mut() {
        let mut new_id = vec![0u32; part.dict.names.len()];
        for (i, &(len, key)) in part.dict.names.iter().enumerate().skip(1) {
            if let Some(&(_, ahead)) = part.dict.names.get(i + 16) {
                first.dict.prefetch(ahead);
            }
            let short = key.to_le_bytes();
            let text = if len <= 8 { &short[..len as usize] } else { &*part.dict.long[i] };
            new_id[i] = first.dict.intern(key, text);
        }
        std::thread::scope(|s| {
            for share in part.columns.chunks_mut(files.len().div_ceil(threads as usize)) {
                let new_id = &new_id;
                s.spawn(move || {
                    for id in share.iter_mut().flatten().flatten() {
                        *id = new_id[*id as usize];
                    }
                });
            }
        });
    }
    let ids = first.dict.names.len() - 1;
    let rows: usize = parts.iter().flat_map(|p| &p.columns).map(|c| c[0].len()).sum();
    let numbers: i64 = parts.iter().flat_map(|p| &p.numbers).sum();
    println!("rows {rows}\nids {ids}\nnumbers {numbers}");
}

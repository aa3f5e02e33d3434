//! The file around the content: a head, the content, the streams in blocks, and a sum of each block.
//! Streams are read by their blocks on all cores, each checked against its sum on the way.

use std::borrow::Cow;
use std::io::{self, Write};

use xxhash_rust::xxh3::xxh3_64;

use super::FORMAT;
use super::bytes::{Reader, Writer};
use crate::base::parallel::{each_of, each_part_mut};
use crate::source::ReadAt;

const MAGIC: u64 = u64::from_le_bytes(*b"PXFACTS\n");

/// Bytes that are summed together; a whole number of words.
const BLOCK: usize = 256 << 10;

const WORD: usize = 4;

/// What a stream holds.
const BYTES: u8 = 0;
const WORDS: u8 = 1;
const SPARE: u8 = 2;

/// The head: magic, format, number of streams, key, lengths of content and streams, the sum of the content and that
/// of the head itself.
const HEAD: usize = 8 + 4 + 4 + 16 + 8 + 8 + 8 + 8;

/// Long runs of data.
#[derive(Default)]
pub(super) struct Streams<'f>(Vec<Stream<'f>>);

enum Stream<'f> {
    Words(Cow<'f, [u32]>),
    /// Words that some do without.
    Spare(Cow<'f, [u32]>),
    Bytes(Cow<'f, [u8]>),
}

impl<'f> Streams<'f> {
    pub fn words(&mut self, words: impl Into<Cow<'f, [u32]>>) {
        self.0.push(Stream::Words(words.into()));
    }

    /// Words that some do without.
    pub fn spare(&mut self, words: impl Into<Cow<'f, [u32]>>) {
        self.0.push(Stream::Spare(words.into()));
    }

    pub fn bytes(&mut self, bytes: impl Into<Cow<'f, [u8]>>) {
        self.0.push(Stream::Bytes(bytes.into()));
    }
}

impl Stream<'_> {
    fn size(&self) -> usize {
        match self {
            Self::Words(words) | Self::Spare(words) => words.len() * WORD,
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Bytes(_) => BYTES,
            Self::Words(_) => WORDS,
            Self::Spare(_) => SPARE,
        }
    }
}

/// Streams read back, in the order in which they were written.
pub(super) struct Loaded(std::vec::IntoIter<LoadedStream>);

enum LoadedStream {
    Words(Vec<u32>, u32),
    Bytes(Vec<u8>),
    /// Words that were done without.
    Unread,
}

/// Words that some do without.
pub(super) enum Spare {
    /// They were read; with the greatest of them, 0 where there is none.
    Read(Vec<u32>, u32),
    /// They were done without.
    Unread,
}

impl Loaded {
    /// The next stream, which holds words, and the greatest of them; 0 where there is none.
    pub fn words(&mut self) -> Option<(Vec<u32>, u32)> {
        match self.0.next()? {
            LoadedStream::Words(words, most) => Some((words, most)),
            LoadedStream::Bytes(_) | LoadedStream::Unread => None,
        }
    }

    /// The same of words that are done without where nobody wants them.
    pub fn spare(&mut self) -> Option<Spare> {
        match self.0.next()? {
            LoadedStream::Words(words, most) => Some(Spare::Read(words, most)),
            LoadedStream::Unread => Some(Spare::Unread),
            LoadedStream::Bytes(_) => None,
        }
    }

    /// The next stream, which holds bytes.
    pub fn bytes(&mut self) -> Option<Vec<u8>> {
        match self.0.next()? {
            LoadedStream::Bytes(bytes) => Some(bytes),
            LoadedStream::Words(..) | LoadedStream::Unread => None,
        }
    }

    /// Whether there is none left.
    pub fn is_done(&self) -> bool {
        self.0.len() == 0
    }
}

/// The content with the lengths of the streams before it.
fn inner(content: &[u8], streams: &Streams<'_>) -> Vec<u8> {
    let mut out = Writer::default();
    for stream in &streams.0 {
        out.byte(stream.kind());
        out.u64(stream.size() as u64);
    }
    out.0.extend_from_slice(content);
    out.0
}

pub(super) fn size(content: &[u8], streams: &Streams<'_>) -> u64 {
    let lengths = streams.0.iter().map(Stream::size);
    let blocks: usize = lengths.clone().map(|len| len.div_ceil(BLOCK)).sum();
    let inner = streams.0.len() * 9 + content.len();
    (HEAD + inner + lengths.sum::<usize>() + (blocks + 1) * 8) as u64
}

pub(super) fn write(key: u128, content: &[u8], streams: &Streams<'_>, out: &mut dyn Write) -> io::Result<()> {
    let inner = inner(content, streams);
    let mut head = Writer::default();
    head.u64(MAGIC);
    head.u32(FORMAT);
    head.u32(streams.0.len() as u32);
    head.0.extend_from_slice(&key.to_le_bytes());
    head.u64(inner.len() as u64);
    head.u64(streams.0.iter().map(Stream::size).sum::<usize>() as u64);
    head.u64(xxh3_64(&inner));
    head.u64(xxh3_64(&head.0));
    out.write_all(&head.0)?;
    out.write_all(&inner)?;
    let mut sums = Writer::default();
    let mut block = Vec::with_capacity(BLOCK);
    for stream in &streams.0 {
        match stream {
            Stream::Words(words) | Stream::Spare(words) => {
                for words in words.chunks(BLOCK / WORD) {
                    block.clear();
                    block.extend(words.iter().flat_map(|word| word.to_le_bytes()));
                    sums.u64(xxh3_64(&block));
                    out.write_all(&block)?;
                }
            }
            Stream::Bytes(bytes) => {
                for bytes in bytes.chunks(BLOCK) {
                    sums.u64(xxh3_64(bytes));
                    out.write_all(bytes)?;
                }
            }
        }
    }
    sums.u64(xxh3_64(&sums.0));
    out.write_all(&sums.0)
}

/// The content and the streams, with those that some do without where these are wanted; `None` where something is damaged
/// or of another key.
pub(super) fn read(key: u128, file: &dyn ReadAt, with_spare: bool) -> Option<(Vec<u8>, Loaded)> {
    let mut head = [0; HEAD];
    file.read_at(0, &mut head).ok()?;
    let mut reader = Reader(&head);
    if reader.u64()? != MAGIC || reader.u32()? != FORMAT {
        return None;
    }
    let count = reader.u32()? as usize;
    let own = reader.u128()? == key;
    let (inner_len, streams_len) = (reader.u64()?, reader.u64()?);
    let inner_sum = reader.u64()?;
    if !own || reader.u64()? != xxh3_64(&head[..HEAD - 8]) {
        return None;
    }
    let size = file.size();
    if inner_len > size || streams_len > size || count as u64 > size {
        return None;
    }
    let mut inner = vec![0; usize::try_from(inner_len).ok()?];
    file.read_at(HEAD as u64, &mut inner).ok()?;
    if xxh3_64(&inner) != inner_sum {
        return None;
    }
    let mut reader = Reader(&inner);
    let mut places = Vec::new();
    let (mut at, mut block) = (HEAD as u64 + inner_len, 0);
    for _ in 0..count {
        let kind = reader.byte()?;
        let len = usize::try_from(reader.u64()?).ok().filter(|len| *len as u64 <= streams_len)?;
        let place = Place { kind, at, len, block };
        (at, block) = (at.checked_add(len as u64)?, block + len.div_ceil(BLOCK));
        places.push(place);
    }
    let sums_at = HEAD as u64 + inner_len + streams_len;
    if at != sums_at || sums_at + (block as u64 + 1) * 8 != size {
        return None;
    }
    let mut sums = vec![0; (block + 1) * 8];
    file.read_at(sums_at, &mut sums).ok()?;
    let sums: Vec<u64> = sums.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
    let (last, sums) = sums.split_last()?;
    let written: Vec<u8> = sums.iter().flat_map(|sum| sum.to_le_bytes()).collect();
    if xxh3_64(&written) != *last {
        return None;
    }
    let streams = each_of(places, |place| {
        let sums = &sums[place.block..place.block + place.len.div_ceil(BLOCK)];
        match place.kind {
            BYTES => bytes(file, &place, sums),
            SPARE if !with_spare => Some(LoadedStream::Unread),
            WORDS | SPARE => words(file, &place, sums),
            _ => None,
        }
    });
    let streams: Option<Vec<LoadedStream>> = streams.into_iter().collect();
    Some((reader.0.to_vec(), Loaded(streams?.into_iter())))
}

/// Where a stream lies.
struct Place {
    kind: u8,
    at: u64,
    len: usize,
    /// The number of its first block.
    block: usize,
}

fn words(file: &dyn ReadAt, place: &Place, sums: &[u64]) -> Option<LoadedStream> {
    if !place.len.is_multiple_of(WORD) {
        return None;
    }
    let mut out = vec![0_u32; place.len / WORD];
    let greatest = each_part_mut(&mut out, BLOCK / WORD, |number, own| {
        let buffer: &mut [u8] = bytemuck::cast_slice_mut(own);
        file.read_at(place.at + (number * BLOCK) as u64, buffer).ok()?;
        if xxh3_64(buffer) != sums[number] {
            return None;
        }
        let mut most = 0;
        for word in own {
            *word = u32::from_le(*word);
            most = most.max(*word);
        }
        Some(most)
    });
    let most = greatest.into_iter().try_fold(0, |most, own| Some(own?.max(most)))?;
    Some(LoadedStream::Words(out, most))
}

fn bytes(file: &dyn ReadAt, place: &Place, sums: &[u64]) -> Option<LoadedStream> {
    let mut out = vec![0_u8; place.len];
    let sound = each_part_mut(&mut out, BLOCK, |number, own| {
        file.read_at(place.at + (number * BLOCK) as u64, own).is_ok() && xxh3_64(own) == sums[number]
    });
    sound.into_iter().all(|sound| sound).then_some(LoadedStream::Bytes(out))
}

//! Packed files.

use std::io::Read;

/// The most bytes a packed file may hold, so that a small one cannot fill the memory.
const MOST_BYTES: u64 = 16 << 30;

/// What a file holds, by the ending of its name: `.gz`, `.zst`, or as it is.
pub fn unpack(bytes: Vec<u8>, name: &str) -> Result<Vec<u8>, String> {
    if name.ends_with(".gz") {
        // All members, one after the other, as `gzip` itself takes them.
        return all(flate2::read::MultiGzDecoder::new(bytes.as_slice()));
    }
    if name.ends_with(".zst") {
        let decoder = ruzstd::decoding::StreamingDecoder::new(bytes.as_slice());
        return all(decoder.map_err(|error| error.to_string())?);
    }
    Ok(bytes)
}

fn all(reader: impl Read) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let read = reader.take(MOST_BYTES + 1).read_to_end(&mut out).map_err(|error| error.to_string())?;
    if read as u64 > MOST_BYTES { Err("it holds more than 16 GiB".to_owned()) } else { Ok(out) }
}

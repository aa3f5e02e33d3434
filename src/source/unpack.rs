//! Packed files.

use std::io::Read;

use crate::base::StopSign;

/// The most bytes a packed file may hold, so that a small one cannot fill the memory.
const MOST_BYTES: u64 = 16 << 30;

/// What a file holds, by the ending of its name: `.gz`, `.zst`, or as it is.
/// Ends early where the sign asks for it.
pub fn unpack(bytes: Vec<u8>, name: &str, sign: &StopSign) -> Result<Vec<u8>, String> {
    if name.ends_with(".gz") {
        // All members, one after the other, as `gzip` itself takes them.
        return all(flate2::read::MultiGzDecoder::new(bytes.as_slice()), sign);
    }
    if name.ends_with(".zst") {
        let decoder = ruzstd::decoding::StreamingDecoder::new(bytes.as_slice());
        return all(decoder.map_err(|error| error.to_string())?, sign);
    }
    Ok(bytes)
}

/// How many bytes are unpacked between two looks at the sign.
const STEP: u64 = 4 << 20;

fn all(mut reader: impl Read, sign: &StopSign) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    loop {
        let read = reader.by_ref().take(STEP).read_to_end(&mut out).map_err(|error| error.to_string())?;
        if read == 0 {
            return Ok(out);
        }
        if out.len() as u64 > MOST_BYTES {
            return Err("it holds more than 16 GiB".to_owned());
        }
        if sign.asked().is_some() {
            return Err("the work was to end".to_owned());
        }
    }
}

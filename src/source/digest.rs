//! Digests of bytes, block by block on all cores.

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

use super::ReadAt;

const BLOCK: usize = 256 << 10;

/// XXH3 of the XXH3s of all blocks and of the size, each of 128 bits: tells contents apart that differ by
/// chance, not ones that were made to be taken for each other.
pub fn digest(bytes: &dyn ReadAt) -> Result<u128, String> {
    let size = bytes.size();
    let block = |buffer: &mut Vec<u8>, number: u64| {
        let at = number * BLOCK as u64;
        buffer.resize((size - at).min(BLOCK as u64) as usize, 0);
        bytes.read_at(at, buffer)?;
        Ok::<_, String>(xxh3_128(buffer))
    };
    let blocks = size.div_ceil(BLOCK as u64);
    let sums: Result<Vec<u128>, String> = (0..blocks).into_par_iter().map_init(Vec::new, block).collect();
    bytes.unchanged()?;
    let sums = sums?.into_iter().chain([u128::from(size)]);
    Ok(xxh3_128(&sums.flat_map(u128::to_le_bytes).collect::<Vec<u8>>()))
}

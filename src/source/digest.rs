//! Digests of bytes, block by block on all cores.

use xxhash_rust::xxh3::xxh3_128;

use super::ReadAt;
use crate::base::parallel::each;

const BLOCK: usize = 256 << 10;

/// XXH3 of the XXH3s of all blocks and of the size, each of 128 bits: tells contents apart that differ by
/// chance, not ones that were made to be taken for each other.
pub fn digest(bytes: &dyn ReadAt) -> Result<u128, String> {
    let size = bytes.size();
    let block = |number: usize| {
        let at = (number * BLOCK) as u64;
        let mut buffer = vec![0; (size - at).min(BLOCK as u64) as usize];
        bytes.read_at(at, &mut buffer)?;
        Ok::<_, String>(xxh3_128(&buffer))
    };
    let blocks = size.div_ceil(BLOCK as u64) as usize;
    let sums: Result<Vec<u128>, String> = each(blocks, block).into_iter().collect();
    bytes.unchanged()?;
    let sums = sums?.into_iter().chain([u128::from(size)]);
    Ok(xxh3_128(&sums.flat_map(u128::to_le_bytes).collect::<Vec<u8>>()))
}

//! Bytes that can no longer be read once the work is to end.

use super::ReadAt;
use crate::base::StopSign;

/// Bytes behind a sign.
pub struct Stopped {
    bytes: Box<dyn ReadAt>,
    sign: StopSign,
}

impl Stopped {
    /// These bytes, until the sign asks for the end.
    pub fn new(bytes: Box<dyn ReadAt>, sign: StopSign) -> Self {
        Self { bytes, sign }
    }
}

impl ReadAt for Stopped {
    fn size(&self) -> u64 {
        self.bytes.size()
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        match self.sign.asked() {
            Some(_) => Err("the work was to end".to_owned()),
            None => self.bytes.read_at(at, into),
        }
    }

    fn unchanged(&self) -> Result<(), String> {
        self.bytes.unchanged()
    }
}

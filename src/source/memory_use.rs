//! How much memory the process holds.

fn line_of_status(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}

/// The bytes of memory the process holds now, where the system says so.
pub fn memory_held() -> Option<u64> {
    line_of_status("VmRSS:")
}

/// The most bytes of memory the process held at any time, where the system says so.
pub fn memory_peak() -> Option<u64> {
    line_of_status("VmHWM:")
}

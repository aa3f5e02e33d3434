//! The `parallax` command.

#[cfg(target_os = "linux")]
mod huge_pages;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: huge_pages::HugePages = huge_pages::HugePages;

fn main() -> ExitCode {
    parallax::cli::main()
}

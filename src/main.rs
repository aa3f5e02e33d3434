//! The `parallax` command.

#[cfg(target_os = "linux")]
mod allocation;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: allocation::HugePages = allocation::HugePages;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    allocation::settle();
    parallax::cli::main()
}

//! How the process asks the system for memory. Several threads take and give back small blocks all the
//! time, which mimalloc does without a lock. Large blocks are backed by large pages: dictionaries and
//! columns of millions of entries are looked up all over, and with pages of 4 KiB most look-ups also wait
//! for the page table. (mimalloc would ask for large pages itself, but everywhere, so that a small call
//! takes 80 MiB.)
#![expect(unsafe_code, reason = "an allocator cannot be written without; see each block")]

use std::alloc::{GlobalAlloc, Layout};

use mimalloc::MiMalloc;

/// The allocator, which tells the system that large blocks are worth large pages.
pub struct HugePages;

/// Smaller blocks stay as they are: rounding up would cost more than it saves.
const LARGE: usize = 4 << 20;

const PAGE: usize = 4096;

/// The option by which memory let go is handed back after so many milliseconds, never where negative: by
/// its number, which the bindings do not name.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// To be called first: memory that is let go is kept for the next step instead of being handed back and
/// asked for anew. A twentieth of the time of an evaluation of millions of facts.
pub fn settle() {
    // SAFETY: the option is one of the allocator's, and takes any number.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, -1) };
}

/// Asks for large pages; a system that has none says no, which changes nothing.
fn advise(block: *mut u8, size: usize) {
    if size < LARGE || block.is_null() {
        return;
    }
    let start = block.addr().next_multiple_of(PAGE);
    let end = (block.addr() + size) / PAGE * PAGE;
    if start < end {
        let first = block.wrapping_add(start - block.addr());
        // SAFETY: the pages from `first` on lie within the block, which was just allocated; the advice
        // changes how they are backed, not what they hold.
        unsafe { libc::madvise(first.cast(), end - start, libc::MADV_HUGEPAGE) };
    }
}

// SAFETY: every call goes to mimalloc as it came, and its block is handed back unchanged.
unsafe impl GlobalAlloc for HugePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those `MiMalloc` asks for.
        let block = unsafe { MiMalloc.alloc(layout) };
        advise(block, layout.size());
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above; the block came from `MiMalloc`.
        unsafe { MiMalloc.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let block = unsafe { MiMalloc.alloc_zeroed(layout) };
        advise(block, layout.size());
        block
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size < LARGE || size <= layout.size() {
            // SAFETY: as above.
            return unsafe { MiMalloc.realloc(block, layout, size) };
        }
        // What grows large is copied here, so that the advice comes before its pages are touched.
        // SAFETY: the caller promises that `size` rounded up to the alignment is no more than `isize::MAX`.
        let layout_now = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: `size` is not zero, being large.
        let grown = unsafe { self.alloc(layout_now) };
        if !grown.is_null() {
            // SAFETY: both blocks hold `layout.size()` bytes, and are different ones; the old one is the caller's to
            // give away, and is not used afterwards.
            unsafe {
                std::ptr::copy_nonoverlapping(block, grown, layout.size());
                self.dealloc(block, layout);
            }
        }
        grown
    }
}

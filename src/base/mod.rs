//! The ground everything stands on: spans, sources, typed ids and escaping of names.
//! Owns no meaning and imports no other module of the crate.

mod article;
mod bits;
mod components;
mod escape;
mod index;
mod order;
pub mod parallel;
mod radix;
mod sorting;
mod source_map;
mod span;
mod stop;

pub use article::article;
pub use bits::{BitSet, transposed};
pub use components::components;
pub use escape::printable;
pub(crate) use index::newtype_id;
pub use index::{Idx, IndexVec};
pub use order::{Order, ascend, different, drop_repeated, gathered, sorted, sorted_once};
pub use radix::sorted_by_bits;
pub use sorting::InOrder;
pub use source_map::{Position, SourceFile, SourceMap};
pub use span::{FileId, Span};
pub use stop::{StopReason, StopSign};

//! Runs compiled conditions over columns of ids. Knows no names, spans or lenses.
//! Takes `Program`s and `Table`s, hands on tuples and truth.

mod aggregate;
mod all_but;
mod approximate;
mod barren;
mod batch;
mod batch_aggregate;
mod batch_compare;
mod batch_count;
mod batch_extremes;
mod batch_fold;
mod batch_parts;
mod batch_rows;
mod batch_shared;
mod batch_sides;
mod batch_texts;
mod batch_told;
mod batch_units;
mod calculate;
mod exact;
mod extend;
mod gather;
mod grouped;
mod joins;
mod limits;
mod lower;
mod meet;
mod once;
mod operators;
mod pairs;
pub mod planted;
mod profile;
mod program;
mod ranges;
mod results;
mod run;
mod scan;
mod sorted;
mod sought;
mod stars;
mod starts;
mod table;
mod texts;
mod tuples;
mod united;
mod values;
mod within;
mod worked;

pub use aggregate::{Combinations, Members, aggregated, of_nothing};
pub use all_but::Groups;
pub use batch::{Bail, BatchProgram, Found};
pub use batch_units::compares;
pub use calculate::{Leaf, calculate, compare, holds};
pub use gather::Gather;
pub use grouped::Grouped;
pub use limits::{Clock, Limits, Reached};
pub use operators::assigned;
pub use pairs::{Pairs, Relating, Side, pairs};
pub use profile::{Profile, Taken};
pub use program::{
    AggregatePlan, AllBut, AtomPlan, Bound, Calculation, Comparison, Computed, Conjunction, Known, Place,
    Program, Step, Within,
};
pub use results::Results;
pub use run::{Failure, Flow, Frame, Halt, NOBODY, Runner};
pub use sorted::{Lists, Sorted};
pub use stars::Ray;
pub use table::{Index, Table, Valued};
pub use tuples::{Change, Keep, TupleSet};
pub use united::united;
pub use values::Values;

//! What the engine runs: conditions as steps over a frame of ids, one place per variable.

use std::sync::Arc;

use super::table::Index;
use crate::base::BitSet;
use crate::value::Value;

/// Conditions that must all hold, in the order they are tried.
#[derive(Debug, Default)]
pub struct Conjunction {
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug)]
pub enum Step {
    /// Narrow an atom's rows by places that have their value already.
    Seek {
        /// The atom, as a place in `Program::atoms`.
        atom: usize,
        /// First level.
        from: usize,
        /// Past the last level.
        to: usize,
    },
    /// Give a variable each id that all these atoms allow, taken from the one with fewest rows.
    Extend {
        /// The variable.
        var: usize,
        /// Atoms with the levels at which it stands.
        atoms: Vec<(usize, usize, usize)>,
    },
    /// Give a variable each member of a kind.
    Members {
        /// The variable.
        var: usize,
        /// The members.
        members: Arc<BitSet>,
    },
    /// The id is a member of a kind.
    Member {
        /// The id.
        term: Place,
        /// The members.
        members: Arc<BitSet>,
    },
    /// Two things are the same (or not).
    Same {
        /// One.
        left: Place,
        /// The other.
        right: Place,
        /// Whether they must be the same.
        equal: bool,
    },
    /// Two values compare so.
    Compare {
        /// One side.
        left: Calculation,
        /// How.
        op: Comparison,
        /// The other side.
        right: Calculation,
    },
    /// A variable takes a value.
    Assign {
        /// The variable.
        var: usize,
        /// The domain of the value.
        domain: usize,
        /// The value.
        value: Calculation,
    },
    /// No way to meet these.
    Not {
        /// What must not be met.
        inner: Conjunction,
        /// Whether they read anything doubtful.
        doubtful: bool,
    },
    /// Some way to meet these; what they name is not needed outside.
    Exists(Conjunction),
    /// Some way to meet one of these.
    AnyOf(Vec<Conjunction>),
    /// Go on with every way to meet one of these.
    Branch(Vec<Conjunction>),
}

/// Where an id comes from.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// A variable.
    Var(usize),
    /// Always this.
    Id(u32),
}

/// How values are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// Less.
    Less,
    /// At most.
    AtMost,
    /// Greater.
    Greater,
    /// At least.
    AtLeast,
}

/// A calculation over values.
#[derive(Clone, Debug)]
pub enum Calculation {
    /// The value of a variable of a domain.
    Var {
        /// The variable.
        var: usize,
        /// Its domain.
        domain: usize,
    },
    /// A value.
    Value(Value),
    /// `-x`
    Negate(Box<Calculation>),
    /// `x + y`
    Add(Box<Calculation>, Box<Calculation>),
    /// `x - y`
    Subtract(Box<Calculation>, Box<Calculation>),
    /// `x * y`
    Multiply(Box<Calculation>, Box<Calculation>),
    /// `x / y`
    Divide(Box<Calculation>, Box<Calculation>),
    /// `x ^ y`
    Power(Box<Calculation>, Box<Calculation>),
    /// Days from the second date to the first.
    Days(Box<Calculation>, Box<Calculation>),
    /// A date moved by days (0), months (1) or years (2), forward or back.
    Shift {
        /// The date.
        date: Box<Calculation>,
        /// How many units.
        amount: Box<Calculation>,
        /// 0 days, 1 months, 2 years.
        unit: u8,
        /// Whether it moves back.
        back: bool,
    },
}

/// An atom: rows of an index, narrowed level by level.
#[derive(Debug)]
pub struct AtomPlan {
    /// The rows.
    pub index: Arc<Index>,
    /// What stands at each level.
    pub levels: Vec<Place>,
    /// Where its ranges stand in the frame: one per level and one before.
    pub ranges: usize,
}

/// A compiled body.
#[derive(Debug)]
pub struct Program {
    /// The conditions.
    pub body: Conjunction,
    /// All atoms, those of inner conjunctions included.
    pub atoms: Vec<AtomPlan>,
    /// The number of variables.
    pub vars: usize,
    /// The number of ranges.
    pub ranges: usize,
}
